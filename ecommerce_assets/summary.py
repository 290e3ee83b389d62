"""What a load prints: the records of the loaded days, and the shop's current figures."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import psycopg


@dataclass(frozen=True)
class FeedCounts:
    """How many records of a feed landed, were staged and were row-quarantined."""

    feed: str
    landed: int
    staged: int
    quarantined: int


@dataclass(frozen=True)
class Figures:
    """The sums of `fct_revenue_daily` from `start` to `end`."""

    start: dt.date
    end: dt.date
    orders: int
    gross_revenue: Decimal
    discounts: Decimal
    refunds: Decimal
    net_revenue: Decimal


def feed_counts(connection: psycopg.Connection, first: dt.date, last: dt.date) -> list[FeedCounts]:
    """Count the records that staging and quarantine hold of some batch days, by feed."""
    rows = connection.execute(
        """
        select feed, sum(records)::bigint, sum(staged)::bigint, sum(quarantined)::bigint
        from ops.staged_files where batch_date between %s and %s group by feed order by feed
        """,
        [first, last],
    )
    return [FeedCounts(*row) for row in rows]


def figures(connection: psycopg.Connection, last_days: int | None = None) -> Figures | None:
    """Sum the revenue of all dates, or of the last so many; None without any."""
    row = connection.execute(
        """
        select min(date), max(date), sum(orders)::bigint, sum(gross_revenue), sum(discounts),
               sum(refunds), sum(net_revenue)
        from analytics.fct_revenue_daily
        where %(days)s::int is null
           or date > (select max(date) from analytics.fct_revenue_daily) - %(days)s::int
        """,
        {"days": last_days},
    ).fetchone()
    return Figures(*row) if row and row[0] else None


def relation_quarantined(connection: psycopg.Connection) -> int:
    """Count the staged records that are in relation quarantine."""
    row = connection.execute(
        "select count(*) from quarantine.records where stage = 'relation'"
    ).fetchone()
    return int(row[0]) if row else 0
