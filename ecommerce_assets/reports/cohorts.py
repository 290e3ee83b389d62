"""Cohorts of days grouped to months, as retention and lifetime value show them. Draws nothing."""

import datetime as dt

import pandas as pd

from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.money import ratio, sums

MONTHS = 13
"""A year of months, and the same month a year before."""


def earliest_month(end: dt.date, latest_cohort: dt.date | None) -> dt.date:
    """Give the first day of the earliest month that is shown of a period up to `end`.

    `latest_cohort` is the latest cohort date up to `end`, if there is one.
    """
    return _window(end, latest_cohort)[0].start_time.date()


def _window(end: dt.date, latest_cohort: dt.date | None) -> tuple[pd.Period, pd.Period]:
    """Give the first and last of the `MONTHS` months up to `end`.

    Where all cohorts are older, they are those up to the latest cohort: a shop that has no new
    customers any more still shows how those it had came back.
    """
    last = pd.Period(end, freq="M")
    if latest_cohort is not None and pd.Period(latest_cohort, freq="M") <= last - MONTHS:
        last = pd.Period(latest_cohort, freq="M")
    return last - (MONTHS - 1), last


def months_shown(cohort_dates: pd.Series, context: Context) -> pd.DatetimeIndex:
    """Give the first days of the months that are shown, from the first with a cohort on.

    `cohort_dates` are those up to the period's end; where there is none, its month alone is shown.
    """
    if cohort_dates.empty:
        first = last = pd.Period(context.end, freq="M")
    else:
        first, last = _window(context.end, cohort_dates.max())
        first = max(first, cohort_dates.min().to_period("M"))
    return pd.period_range(first, last, freq="M").to_timestamp().as_unit("s")


def by_month(cohorts: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Group the rows of `fct_cohort_ltv` to cohort months (docs/reference/api.md, `/ltv`).

    One row a `cohort` (the first day of its month) and `horizon_days`, for the months of
    `months_shown`, cohort dates after the period's end left out. Sums are over the cohort's days;
    `retention_rate` in ten-thousandths and `ltv` in hundredths are divided afterwards. A month is
    `is_complete` when its last day, or the period's end if that is earlier, is.
    """
    seen = cohorts[cohorts["cohort_date"] <= pd.Timestamp(context.end)]
    months = months_shown(seen["cohort_date"], context)
    month = first_of_month(seen["cohort_date"])
    shown = seen.assign(cohort=month)[month >= months[0]]
    grouped = sums(
        shown, ["cohort", "horizon_days"], ["customers", "retained_customers", "net_revenue"]
    ).reset_index()
    last_day = grouped["cohort"] + pd.offsets.MonthEnd(1)
    last_day = last_day.where(last_day <= pd.Timestamp(context.end), pd.Timestamp(context.end))
    complete_on = last_day + pd.to_timedelta(grouped["horizon_days"], unit="D")
    return grouped.assign(
        retention_rate=ratio(grouped["retained_customers"], grouped["customers"], decimals=4),
        ltv=ratio(grouped["net_revenue"], grouped["customers"]),
        is_complete=complete_on <= context.loaded_to,
    )


def first_of_month(days: pd.Series) -> pd.Series:
    """Give the first day of each day's month."""
    months: pd.Series = days.dt.to_period("M").dt.to_timestamp().astype("datetime64[s]")
    return months


def latest_complete(months: pd.DataFrame, horizon_days: int) -> pd.Series | None:
    """Give the row of `by_month` of the latest complete month for a horizon, if there is one."""
    rows = months[(months["horizon_days"] == horizon_days) & months["is_complete"]]
    return None if rows.empty else rows.sort_values("cohort").iloc[-1]
