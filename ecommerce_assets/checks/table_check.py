"""The type of a table's check, and how checks are judged. What is checked stands by subject."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
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
class Condition:
    """What is wrong with a row, in SQL.

    `rows` is what stands after `from`; a row counts for its `s.batch_date`. Conditions on the same
    `rows` are counted by one query, since reading and joining big tables is what costs.
    """

    rows: str
    broken: str
    examined: str = "true"
    """Which of the rows are examined; a broken row is one of these."""
    allowed_share: Callable[[Settings], float] | None = None
    """The share of broken rows with which the check still passes; without it none may be."""


@dataclass(frozen=True)
class TableCheck:
    """A check of a table, within a `scope`: a condition, or a function that judges by itself.

    The function gives `passed` for each day, with the figures that decide it.
    """

    table: Table
    name: str
    is_error: bool
    description: str
    rule: Condition | Judge


def judge(
    connection: psycopg.Connection,
    checks: Sequence[TableCheck],
    days: Sequence[dt.date],
    settings: Settings,
) -> Iterator[tuple[TableCheck, pd.DataFrame]]:
    """Judge checks within a `scope`; give each with `passed` by day and the figures for it."""
    conditions = [check.rule for check in checks if isinstance(check.rule, Condition)]
    counts: dict[Condition, pd.DataFrame] = {}
    for check in checks:
        if not isinstance(check.rule, Condition):
            yield check, check.rule(connection, days, settings)
            continue
        if check.rule not in counts:
            together = [other for other in conditions if other.rows == check.rule.rows]
            counts |= _count(connection, together, days, settings)
        yield check, _verdict(check.rule, counts[check.rule], settings)


def _verdict(condition: Condition, counts: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    examined, broken = counts["examined"], counts["broken"]
    if condition.allowed_share is None:
        return counts.assign(passed=broken == 0)
    allowed = condition.allowed_share(settings)
    return counts.assign(
        share=(broken / examined.where(examined > 0)).fillna(0.0),
        threshold=allowed,
        passed=~is_above(broken, examined, allowed),
    )


def _count(
    connection: psycopg.Connection,
    conditions: Sequence[Condition],
    days: Sequence[dt.date],
    settings: Settings,
) -> dict[Condition, pd.DataFrame]:
    """Count by day the examined and broken rows of conditions on the same rows."""
    counts = {}
    for number, condition in enumerate(conditions):
        counts[f"examined_{number}"] = condition.examined
        counts[f"broken_{number}"] = f"({condition.examined}) and ({condition.broken})"
    frame = read(
        connection,
        f"""
        select s.batch_date,
               {", ".join(f"count(*) filter (where {rows}) as {n}" for n, rows in counts.items())}
        from {conditions[0].rows}
        group by s.batch_date
        """,  # noqa: S608
        {"batch_date": Kind.DAY, **dict.fromkeys(counts, Kind.COUNT)},
        {
            "last": days[-1] if days else None,
            "change": settings.warn_list_price_change,
            "statuses": list(STATUSES),
        },
    )
    frame = frame.set_index("batch_date").reindex(index_of(days), fill_value=0)
    return {
        condition: pd.DataFrame(
            {"examined": frame[f"examined_{number}"], "broken": frame[f"broken_{number}"]}
        )
        for number, condition in enumerate(conditions)
    }


def index_of(days: Sequence[dt.date]) -> pd.DatetimeIndex:
    """Give the index of results for these days."""
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(days, dtype="object"))).as_unit("s")
