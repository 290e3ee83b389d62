"""The quarantine as its operator works with it: counted, exported. Who gets in stands elsewhere."""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TextIO

import psycopg

from ecommerce_assets.spreadsheets import inert


@dataclass(frozen=True)
class Wanted:
    """Which records: of a feed, that break a rule, of the batch days from `first` to `last`."""

    feed: str | None = None
    rule: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True)
class RuleCount:
    """How many records of a feed's day break a rule, each record once a rule."""

    batch_date: dt.date
    feed: str
    stage: str
    rule: str
    records: int


EXPORTED = (
    *("feed", "batch_date", "source_file", "line_number", "business_key"),
    *("stage", "rules", "reasons", "record"),
)
"""The columns of an export; `reasons` and `record` are JSON, e-mail addresses hashed."""

_WANTED = """
    (%(feed)s::text is null or feed = %(feed)s)
    and (%(first)s::date is null or batch_date >= %(first)s)
    and (%(last)s::date is null or batch_date <= %(last)s)
"""


def count_by_rule(connection: psycopg.Connection, wanted: Wanted) -> Sequence[RuleCount]:
    """Count quarantined records by day, feed and rule, the latest day first."""
    cursor = connection.execute(
        f"""
        select batch_date, feed, stage, rule, count(*) from quarantine.records, lateral (
            select distinct reason ->> 'rule' as rule from jsonb_array_elements(reasons) reason
        ) rules
        where {_WANTED} and (%(rule)s::text is null or rule = %(rule)s)
        group by batch_date, feed, stage, rule order by batch_date desc, feed, stage, rule
        """,  # noqa: S608
        _parameters(wanted),
    )
    return [RuleCount(*row) for row in cursor]


def relations_by_rule(connection: psycopg.Connection) -> dict[str, int]:
    """Count the staged records that break relation rules by now, by rule."""
    cursor = connection.execute(
        """
        select rule, count(*) from quarantine.records, lateral (
            select distinct reason ->> 'rule' as rule from jsonb_array_elements(reasons) reason
        ) rules
        where stage = 'relation' group by rule order by rule
        """
    )
    return dict(cursor.fetchall())


def export(connection: psycopg.Connection, wanted: Wanted, file: TextIO) -> int:
    """Write quarantined records as CSV with the columns `EXPORTED`; gives how many.

    No cell is one that a spreadsheet takes for a formula.
    """
    writer = csv.writer(file)
    writer.writerow(EXPORTED)
    written = 0
    with connection.transaction(), connection.cursor("quarantined") as cursor:
        cursor.execute(
            f"""
            select feed, batch_date, source_file, line_number, business_key, stage, (
                select string_agg(distinct reason ->> 'rule', ' ' order by reason ->> 'rule')
                from jsonb_array_elements(reasons) reason
            ), reasons::text, record::text
            from quarantine.records
            where {_WANTED} and (%(rule)s::text is null or reasons @> jsonb_build_array(
                jsonb_build_object('rule', %(rule)s::text)))
            order by batch_date, feed, source_file, line_number
            """,  # noqa: S608
            _parameters(wanted),
        )
        for row in cursor:
            writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
            written += 1
    return written


def _parameters(wanted: Wanted) -> dict[str, object]:
    return {field.name: getattr(wanted, field.name) for field in fields(wanted)}
