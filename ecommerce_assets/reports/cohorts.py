"""The cohort months that the reports of retention and lifetime value show."""

import datetime as dt

import pandas as pd

from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.cohorts import group_cohorts

MONTHS = 13
"""A year of months, and the same month a year before."""


def earliest_month(end: dt.date, latest_cohort: dt.date | None) -> dt.date:
    """Give the first day of the earliest month that a report of a period up to `end` shows.

    `latest_cohort` is the latest cohort date up to `end`, if there is one.
    """
    return _window(end, latest_cohort)[0].start_time.date()


def _window(end: dt.date, latest_cohort: dt.date | None) -> tuple[pd.Period, pd.Period]:
    """Give the first and last of the `MONTHS` months up to `end`.

    If all cohorts are older, the months end with the latest cohort instead, so that a shop without
    new customers still sees how its earlier ones came back.
    """
    last = pd.Period(end, freq="M")
    if latest_cohort is not None and pd.Period(latest_cohort, freq="M") <= last - MONTHS:
        last = pd.Period(latest_cohort, freq="M")
    return last - (MONTHS - 1), last


def months_shown(cohort_dates: pd.Series, context: Context) -> pd.DatetimeIndex:
    """Give the first days of the months that are shown, from the first month with a cohort.

    `cohort_dates` are those up to the period's end; without any, only the end's month is shown.
    """
    if cohort_dates.empty:
        first = last = pd.Period(context.end, freq="M")
    else:
        first, last = _window(context.end, cohort_dates.max())
        first = max(first, cohort_dates.min().to_period("M"))
    return pd.period_range(first, last, freq="M").to_timestamp().as_unit("s")


def by_month(cohorts: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Group the rows of `fct_cohort_ltv` to cohort months (docs/reference/api.md, `/ltv`).

    The rows are those of `rules.cohorts.group_cohorts` for the months of `months_shown`. Cohort
    dates after the period's end are left out.
    """
    seen = cohorts[cohorts["cohort_date"] <= pd.Timestamp(context.end)]
    shown = seen[seen["cohort_date"] >= months_shown(seen["cohort_date"], context)[0]]
    return group_cohorts(shown, "month", context.loaded_to, pd.Timestamp(context.end))


def first_of_month(days: pd.Series) -> pd.Series:
    """Give the first day of each day's month."""
    months: pd.Series = days.dt.to_period("M").dt.to_timestamp().astype("datetime64[s]")
    return months


def latest_complete(months: pd.DataFrame, horizon_days: int) -> pd.Series | None:
    """Give the `by_month` row of a horizon's latest complete month, if there is one."""
    rows = months[(months["horizon_days"] == horizon_days) & months["is_complete"]]
    return None if rows.empty else rows.sort_values("cohort").iloc[-1]
