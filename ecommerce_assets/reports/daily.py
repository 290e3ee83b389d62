"""Exact sums of daily figures over a period and over seven days, shared by the reports."""

from collections.abc import Iterable

import pandas as pd

from ecommerce_assets.reports.context import Context

WINDOW_DAYS = 7


def total(column: Iterable[int]) -> int:
    """Sum whole numbers as Python integers, since a year of the largest amounts exceeds 64 bits."""
    return sum(int(value) for value in column)


def of_days(revenue: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Give the rows of `revenue` on these days, in their order."""
    indexed = revenue.set_index("date")
    return indexed.loc[days[days.isin(indexed.index)]]


def year_before(revenue: pd.DataFrame, context: Context) -> pd.DataFrame | None:
    """Give the rows of the same days a year before; None unless all of them are in `revenue`."""
    days = context.days_a_year_before.dropna()
    rows = of_days(revenue, days)
    return rows if len(rows) == len(days) else None


def weekly_sums(revenue: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Sum columns over each day and the six before it.

    One value a day from the first to the last day of `revenue`, as Python integers; null if one of
    the seven days has no row.
    """
    dates = revenue["date"]
    days = pd.date_range(dates.min(), dates.max(), unit="s") if len(revenue) else dates[:0]
    by_day = revenue.set_index("date")[list(columns)].astype(object).reindex(days)
    return pd.DataFrame(
        {column: _window_sums(by_day[column]) for column in columns}, index=days, dtype=object
    )


def _window_sums(column: pd.Series) -> list[int | None]:
    values = [None if pd.isna(value) else int(value) for value in column]
    return [
        _window_sum(values[max(0, end - WINDOW_DAYS) : end]) for end in range(1, len(values) + 1)
    ]


def _window_sum(window: list[int | None]) -> int | None:
    present = [value for value in window if value is not None]
    return sum(present) if len(present) == WINDOW_DAYS else None


def plotted(values: pd.Series, days: pd.DatetimeIndex, divisor: int = 1) -> pd.Series:
    """Give the values of these days as floats for drawing; null becomes NaN."""
    return (values.reindex(days).astype("float64") / divisor).reset_index(drop=True)
