"""Reads and replaces staged feed-days, and hands over the keys that this touches."""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import psycopg
from psycopg import sql

from ecommerce_assets.warehouse import touched
from ecommerce_assets.warehouse.frames import copy_in, write
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_assets.warehouse.tables import QUARANTINE, STAGING, Kind


@dataclass(frozen=True)
class StagedFile:
    """A file whose records staging and quarantine hold: a row of `ops.staged_files`."""

    feed: str
    batch_date: dt.date
    source_file: str
    sha256: str
    records: int
    staged: int
    quarantined: int
    ignored_columns: Sequence[str]


_STAGED_FILE = {
    "feed": Kind.TEXT,
    "batch_date": Kind.DAY,
    "source_file": Kind.TEXT,
    "sha256": Kind.TEXT,
    "records": Kind.COUNT,
    "staged": Kind.COUNT,
    "quarantined": Kind.COUNT,
    "ignored_columns": Kind.JSON,
}

CHECK_STEPS = ("feed_checks", "table_checks")
"""The steps that judge each changed batch day once."""


def _named_by_any_version(table: str, key: str) -> str:
    return f"""
        select distinct order_id from {table} where batch_date = any(%(days)s)
        union all
        select order_id from {table} where batch_date <> all(%(days)s) and {key} in (
            select {key} from {table} where batch_date = any(%(days)s)
        )
    """  # noqa: S608


# The keys whose facts depend on a batch's records. For items, returns and adjustments these are all
# orders that any version of a record names, since a record may have moved between orders.
_TOUCHED: Mapping[str, tuple[touched.Queue, str]] = {
    "customers": (
        touched.CUSTOMERS,
        """
        select distinct customer_id, null::date from staging.customers
        where batch_date = any(%(days)s)
        """,
    ),
    "products": (
        touched.PRODUCTS,
        "select distinct product_id from staging.products where batch_date = any(%(days)s)",
    ),
    "orders": (
        touched.ORDERS,
        "select distinct order_id from staging.orders where batch_date = any(%(days)s)",
    ),
    "order_items": (
        touched.ORDERS,
        _named_by_any_version("staging.order_items", "order_item_id"),
    ),
    "returns": (
        touched.ORDERS,
        _named_by_any_version("staging.returns", "return_id"),
    ),
    "adjustments": (
        touched.ORDERS,
        _named_by_any_version("staging.adjustments", "adjustment_id"),
    ),
    "inventory": (
        touched.INVENTORY,
        """
        select distinct snapshot_date, product_id, warehouse_id
        from staging.inventory where batch_date = any(%(days)s)
        """,
    ),
}


def hand_over_batches(connection: psycopg.Connection, feed: str, days: Collection[dt.date]) -> None:
    """Hand over the keys of all records that staging holds of a feed's batches."""
    queue, query = _TOUCHED[feed]
    touched.hand_over(connection, queue, query, {"days": list(days)})


def replace_batches(
    connection: psycopg.Connection,
    feed: str,
    days: Collection[dt.date],
    staged: pd.DataFrame,
    quarantined: pd.DataFrame,
    files: Sequence[StagedFile],
) -> None:
    """Replace the records of a feed's batches in staging and quarantine.

    `staged` and `quarantined` have their tables' columns; `files` are the batches' files. The keys
    of the deleted records are handed over; those of the new ones are left to the caller, who does
    it once for all batches that it replaces.
    """
    batches = list(days)
    hand_over_batches(connection, feed, batches)
    for statement in _DELETIONS[feed]:
        connection.execute(statement, {"feed": feed, "batches": batches})
    write(connection, STAGING[feed], staged)
    write(connection, QUARANTINE, quarantined.assign(order_id=None))
    rows = pd.DataFrame(files, columns=list(_STAGED_FILE))
    rows["ignored_columns"] = rows["ignored_columns"].map(json.dumps)
    copy_in(connection, "ops.staged_files", _STAGED_FILE, rows)
    connection.execute(
        "insert into ops.touched_batches select unnest(%s::date[]) on conflict do nothing",
        [batches],
    )
    connection.execute(
        """
        insert into ops.unchecked_batches (step, batch_date)
        select step, day from unnest(%s::text[]) step, unnest(%s::date[]) day
        on conflict do nothing
        """,
        [list(CHECK_STEPS), batches],
    )
    bump_version(connection)


# Relation quarantine is deleted too, since other records may now have its addresses. The order
# cluster gets the keys and computes it again.
_DELETIONS: Mapping[str, Sequence[sql.Composed | sql.SQL]] = {
    feed: [
        sql.SQL("delete from {} where batch_date = any(%(batches)s)").format(
            sql.Identifier(*table.name.split("."))
        ),
        sql.SQL(
            "delete from quarantine.records where feed = %(feed)s and batch_date = any(%(batches)s)"
        ),
        sql.SQL(
            "delete from ops.staged_files where feed = %(feed)s and batch_date = any(%(batches)s)"
        ),
    ]
    for feed, table in STAGING.items()
}


def staged_files(
    connection: psycopg.Connection, feed: str, first: dt.date, last: dt.date
) -> dict[dt.date, list[StagedFile]]:
    """Read the files that staging holds of a feed's batches, by batch date."""
    columns = ", ".join(_STAGED_FILE)
    files: dict[dt.date, list[StagedFile]] = {}
    for row in connection.execute(
        f"""
        select {columns} from ops.staged_files where feed = %s and batch_date between %s and %s
        """,  # noqa: S608
        [feed, first, last],
    ):
        file = StagedFile(*row)
        files.setdefault(file.batch_date, []).append(file)
    return files


def staged_digests(connection: psycopg.Connection) -> dict[tuple[str, dt.date], dict[str, str]]:
    """The SHA-256 of each file that staging holds, by feed and batch date."""
    digests: dict[tuple[str, dt.date], dict[str, str]] = {}
    for feed, day, name, digest in connection.execute(
        "select feed, batch_date, source_file, sha256 from ops.staged_files"
    ):
        digests.setdefault((feed, day), {})[name] = digest
    return digests


def unchecked_days(connection: psycopg.Connection, step: str) -> list[dt.date]:
    """The batch days that changed since a step of the checks last judged them, ascending."""
    return [
        day
        for (day,) in connection.execute(
            "select batch_date from ops.unchecked_batches where step = %s order by batch_date",
            [step],
        )
    ]


def all_checked(connection: psycopg.Connection) -> bool:
    """Whether the checks have judged every batch day since it changed."""
    row = connection.execute("select not exists (select from ops.unchecked_batches)").fetchone()
    return bool(row and row[0])


def checked(connection: psycopg.Connection, step: str, days: Collection[dt.date]) -> None:
    """Record that a step of the checks has judged batch days."""
    connection.execute(
        "delete from ops.unchecked_batches where step = %s and batch_date = any(%s)",
        [step, list(days)],
    )


def held_batches(connection: psycopg.Connection) -> set[tuple[str, dt.date]]:
    """The feeds and batch dates with a staged file."""
    return set(connection.execute("select distinct feed, batch_date from ops.staged_files"))


def held_days(connection: psycopg.Connection) -> Sequence[dt.date]:
    """The batch dates with a staged file of any feed, ascending."""
    return [
        day
        for (day,) in connection.execute(
            "select distinct batch_date from ops.staged_files order by batch_date"
        )
    ]


def last_batch_date(connection: psycopg.Connection) -> dt.date | None:
    """The last loaded batch date: the latest with a staged file of any feed."""
    row = connection.execute("select max(batch_date) from ops.staged_files").fetchone()
    return row[0] if row else None


@dataclass(frozen=True)
class Refusal:
    """A feed-day that a run did not load, and the reason."""

    feed: str
    batch_date: dt.date
    source_file: str | None
    reason: str

    @property
    def sentence(self) -> str:
        """The refusal in one sentence."""
        file = f"{self.source_file}: " if self.source_file else ""
        return f"{self.feed} of {self.batch_date} was refused: {file}{self.reason}."


def log_refusals(connection: psycopg.Connection, run_id: str, refusals: Sequence[Refusal]) -> None:
    """Write refusals to the log of refusals."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.refusals (run_id, feed, batch_date, source_file, reason)
            values (%s, %s, %s, %s, %s)
            """,
            [(run_id, r.feed, r.batch_date, r.source_file, r.reason) for r in refusals],
        )


def refusals_of(connection: psycopg.Connection, run_id: str) -> list[Refusal]:
    """Give the refusals of a run, by day and feed."""
    rows = connection.execute(
        """
        select feed, batch_date, source_file, reason from ops.refusals
        where run_id = %s order by batch_date, feed
        """,
        [run_id],
    )
    return [Refusal(*row) for row in rows]


def quarantined_by_rule(
    connection: psycopg.Connection, feed: str, first: dt.date, last: dt.date
) -> dict[dt.date, dict[str, int]]:
    """Count a feed's row-quarantined records by batch date and rule, each rule of a record once."""
    counts: dict[dt.date, dict[str, int]] = {}
    for day, rule, records in connection.execute(
        """
        select batch_date, rule, count(*) from quarantine.records, lateral (
            select distinct reason ->> 'rule' as rule from jsonb_array_elements(reasons) reason
        ) rules
        where feed = %s and batch_date between %s and %s and stage = 'row'
        group by batch_date, rule order by batch_date, rule
        """,
        [feed, first, last],
    ):
        counts.setdefault(day, {})[rule] = records
    return counts
