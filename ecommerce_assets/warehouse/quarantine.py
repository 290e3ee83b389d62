"""Counts and exports quarantined records.

Row rules are in `feeds`, relation rules in `rules`.
"""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TextIO

import psycopg

from ecommerce_assets.spreadsheets import inert


@dataclass(frozen=True)
class QuarantineFilter:
    """Selects records by feed, by broken rule, and by batch day from `first` to `last`."""

    feed: str | None = None
    rule: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True)
class RuleCount:
    """The number of records of a feed that break a rule, on batch days from `first` to `last`.

    A record counts once for each rule that it breaks. `amount` is the sum of the amounts in the
    records that can be read: the gross of order lines, the amounts of returns and adjustments. It
    is null for other feeds.
    """

    first: dt.date
    last: dt.date
    days: int
    feed: str
    stage: str
    rule: str
    records: int
    amount: Decimal | None


@dataclass(frozen=True)
class QuarantineTotal:
    """The number of quarantined records, each counted once, and the sum of their amounts."""

    records: int
    amount: Decimal | None


EXPORTED = (
    *("feed", "batch_date", "source_file", "line_number", "business_key"),
    *("stage", "rules", "reasons", "record"),
)
"""The columns of an export; `reasons` and `record` are JSON, e-mail addresses hashed."""

_SELECTED = """
    (%(feed)s::text is null or feed = %(feed)s)
    and (%(first)s::date is null or batch_date >= %(first)s)
    and (%(last)s::date is null or batch_date <= %(last)s)
    and (%(rule)s::text is null or reasons @> jsonb_build_array(
        jsonb_build_object('rule', %(rule)s::text)))
"""


def _number(column: str) -> str:
    """Read a number from a record's text; null if it is not a number."""
    return f"""
        case when record ->> '{column}' ~ '^-?[0-9]{{1,15}}([.][0-9]{{1,6}})?$'
        then (record ->> '{column}')::numeric end
    """


_AMOUNT = f"""
    case feed
        when 'order_items' then round({_number("quantity")} * {_number("unit_price")}, 2)
        when 'returns' then {_number("refund_amount")}
        when 'adjustments' then {_number("amount")}
    end
"""


def count_by_rule(
    connection: psycopg.Connection, selected: QuarantineFilter, *, by_day: bool = False
) -> Sequence[RuleCount]:
    """Count quarantined records by feed and rule, and by batch day if asked for.

    The most frequent rule comes first; by day, the latest day.
    """
    cursor = connection.execute(
        f"""
        select min(batch_date), max(batch_date), count(distinct batch_date), feed, stage, rule,
               count(*), sum({_AMOUNT})
        from quarantine.records, lateral (
            select distinct reason ->> 'rule' as rule from jsonb_array_elements(reasons) reason
        ) rules
        where {_SELECTED} and (%(rule)s::text is null or rule = %(rule)s)
        group by feed, stage, rule, case when %(by_day)s then batch_date end
        order by case when %(by_day)s then max(batch_date) end desc,
                 case when not %(by_day)s then count(*) end desc, feed, stage, rule
        """,  # noqa: S608
        {**_parameters(selected), "by_day": by_day},
    )
    return [RuleCount(*row) for row in cursor]


def count_records(connection: psycopg.Connection, selected: QuarantineFilter) -> QuarantineTotal:
    """Count quarantined records, each once."""
    row = connection.execute(
        f"select count(*), sum({_AMOUNT}) from quarantine.records where {_SELECTED}",  # noqa: S608
        _parameters(selected),
    ).fetchone()
    return QuarantineTotal(*row) if row else QuarantineTotal(0, None)


def relations_by_rule(connection: psycopg.Connection) -> dict[str, int]:
    """Count the staged records that break relation rules, by rule."""
    cursor = connection.execute(
        """
        select rule, count(*) from quarantine.records, lateral (
            select distinct reason ->> 'rule' as rule from jsonb_array_elements(reasons) reason
        ) rules
        where stage = 'relation' group by rule order by rule
        """
    )
    return dict(cursor.fetchall())


def export(connection: psycopg.Connection, selected: QuarantineFilter, file: TextIO) -> int:
    """Write quarantined records as CSV with the columns `EXPORTED`; give their number.

    No cell is a formula to a spreadsheet.
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
            where {_SELECTED}
            order by batch_date, feed, source_file, line_number
            """,  # noqa: S608
            _parameters(selected),
        )
        for row in cursor:
            writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
            written += 1
    return written


def _parameters(selected: QuarantineFilter) -> dict[str, object]:
    return {field.name: getattr(selected, field.name) for field in fields(selected)}
