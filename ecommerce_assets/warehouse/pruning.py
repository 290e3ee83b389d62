"""Deletes staged records that no table depends on any more (docs/decisions/pruning.md).

`assets.batches` loads pruned days.
"""

import datetime as dt
from collections.abc import Container, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_assets.warehouse.staging import held_batches, last_batch_date
from ecommerce_assets.warehouse.tables import STAGING
from ecommerce_assets.warehouse.transaction import RunTransaction


class PruningError(OperatorError):
    """Days cannot be pruned, or a pruned day cannot be loaded again."""


@dataclass(frozen=True)
class Pruned:
    """The numbers of a feed's staged records that a pruning deleted and kept."""

    deleted: int
    kept: int


def prune(url: str, before: dt.date) -> Mapping[str, Pruned]:
    """Delete the superseded staged records of batch days before a date.

    The latest of these records of each business key stays (docs/reference/rules.md, Versions), so
    that no table changes. Afterwards the days can be neither replaced nor removed, since their
    earlier versions are gone. Give the numbers by feed.

    Raises:
        PruningError: the last loaded batch date is before that date.
        LockHeldError: runs that change the warehouse did not end for too long.
    """
    transaction = RunTransaction(lambda: url, lambda _: None)
    try:
        with transaction.step() as connection:
            pruned = _prune(connection, before)
        transaction.publish()
    finally:
        transaction.close()
    return pruned


def _prune(connection: psycopg.Connection, before: dt.date) -> Mapping[str, Pruned]:
    last = last_batch_date(connection)
    if last is None or before > last:
        held = f"the last loaded batch date is {last}" if last else "nothing is loaded"
        raise PruningError(
            f"Days before {before} cannot be pruned: {held}; choose a date up to it."
        )
    pruned = {feed: _prune_feed(connection, feed, before) for feed in STAGING}
    connection.execute(
        "insert into ops.prunings (before, records) values (%s, %s)",
        [before, sum(feed.deleted for feed in pruned.values())],
    )
    bump_version(connection)
    return pruned


def _prune_feed(connection: psycopg.Connection, feed: str, before: dt.date) -> Pruned:
    counts = connection.execute(
        sql.SQL(
            """
            with versions as (
                select ctid, row_number() over (
                    partition by {key}
                    order by ingested_at desc, batch_date desc, source_file desc, line_number desc
                ) as age
                from {table} where batch_date < %(before)s
            ),
            deleted as (
                delete from {table}
                where ctid = any (array(select ctid from versions where age > 1))
                returning batch_date, source_file
            ),
            files as (
                select batch_date, source_file, count(*) as records from deleted
                group by batch_date, source_file
            ),
            counted as (
                update ops.staged_files f set pruned = f.pruned + d.records
                from files d
                where f.feed = %(feed)s
                  and (f.batch_date, f.source_file) = (d.batch_date, d.source_file)
            )
            select count(*) filter (where age > 1), count(*) filter (where age = 1) from versions
            """
        ).format(
            key=sql.SQL(", ").join(map(sql.Identifier, FEEDS[feed].key)),
            table=sql.Identifier(*STAGING[feed].name.split(".")),
        ),
        {"before": before, "feed": feed},
    ).fetchone()
    return Pruned(*(counts or (0, 0)))


def first_whole_day(connection: psycopg.Connection) -> dt.date:
    """The first batch day that no pruning has touched; days before it stay as they are."""
    row = connection.execute("select max(before) from ops.prunings").fetchone()
    return row[0] if row and row[0] else dt.date.min


def takeable_batches(connection: psycopg.Connection) -> set[tuple[str, dt.date]]:
    """The feeds and batch dates with a staged file, without pruned days."""
    first = first_whole_day(connection)
    return {(feed, day) for feed, day in held_batches(connection) if day >= first}


def require_pruned_files(
    connection: psycopg.Connection, landed: Container[tuple[str, dt.date]]
) -> None:
    """Refuse to load all days again while files of pruned days are missing.

    Raises:
        PruningError: with the number of these feed-days, and the first of them.
    """
    first = first_whole_day(connection)
    gone = sorted(
        (day, feed)
        for feed, day in held_batches(connection)
        if day < first and (feed, day) not in landed
    )
    if gone:
        day, feed = gone[0]
        raise PruningError(
            f"The files of {len(gone):,} feed-days before {first}, which were pruned, are gone from"
            f" the landing zone, the first of {feed} of {day}; put them back, or a rebuild would"
            " lose what they said."
        )
