"""The type of a table's check. Most checks count the rows that a query flags as broken."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import psycopg

from ecommerce_assets.checks.thresholds import is_above
from ecommerce_assets.feeds.contract import STATUSES
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.frames import read
from ecommerce_assets.warehouse.tables import Kind, Table

Judge = Callable[[psycopg.Connection, Sequence[dt.date], Settings], pd.DataFrame]


@dataclass(frozen=True)
class TableCheck:
    """A check of a table, within a `scope`.

    `judge` gives `passed` for each day, with the figures that decide it.
    """

    table: Table
    name: str
    is_error: bool
    description: str
    judge: Judge


def none_broken(query: str) -> Judge:
    """Pass without a broken row; `query` gives `batch_date` and `is_broken` of examined rows."""

    def judge(connection: psycopg.Connection, days: Sequence[dt.date], _: Settings) -> pd.DataFrame:
        counts = _counts(connection, query, days)
        return counts.assign(passed=counts["broken"] == 0)

    return judge


def few_broken(query: str, threshold: Callable[[Settings], float]) -> Judge:
    """Pass up to a share of broken rows; `query` gives `batch_date` and `is_broken` of each row."""

    def judge(
        connection: psycopg.Connection, days: Sequence[dt.date], settings: Settings
    ) -> pd.DataFrame:
        counts = _counts(connection, query, days, settings)
        share = (counts["broken"] / counts["examined"].where(counts["examined"] > 0)).fillna(0.0)
        allowed = threshold(settings)
        passed = ~is_above(counts["broken"], counts["examined"], allowed)
        return counts.assign(share=share, threshold=allowed, passed=passed)

    return judge


def _counts(
    connection: psycopg.Connection,
    query: str,
    days: Sequence[dt.date],
    settings: Settings | None = None,
) -> pd.DataFrame:
    frame = read(
        connection,
        f"""
        select batch_date, count(*) as examined, count(*) filter (where is_broken) as broken
        from ({query}) q group by batch_date
        """,  # noqa: S608
        {"batch_date": Kind.DAY, "examined": Kind.COUNT, "broken": Kind.COUNT},
        {
            "last": days[-1] if days else None,
            "change": settings.warn_list_price_change if settings else 0,
            "statuses": list(STATUSES),
        },
    )
    return frame.set_index("batch_date").reindex(index_of(days), fill_value=0)


def index_of(days: Sequence[dt.date]) -> pd.DatetimeIndex:
    """Give the index of results for these days."""
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(days, dtype="object"))).as_unit("s")
