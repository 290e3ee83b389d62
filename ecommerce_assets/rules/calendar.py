"""Converts moments to business dates in the store's time zone (docs/reference/rules.md, Dates)."""

import pandas as pd


def business_date(moments: pd.Series, timezone: str) -> pd.Series:
    """Give each moment's calendar day in the store's time zone, as datetime64[s] midnights."""
    local = moments.dt.tz_convert(timezone).dt.tz_localize(None)
    return local.dt.normalize().astype("datetime64[s]")


def day_start(days: pd.Series, timezone: str) -> pd.Series:
    """Give the first instant of each business day, in UTC.

    If a clock change skips midnight, the day starts at the change. If midnight comes twice, the
    day starts at the first.
    """
    # An array of True per value says "the first of two"; pandas wants it as long as the input.
    starts = days.astype("datetime64[us]").dt.tz_localize(
        timezone,
        nonexistent="shift_forward",
        ambiguous=pd.Series(True, index=days.index).to_numpy(),
    )
    return starts.dt.tz_convert("UTC")


def dim_date(first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Make one row a calendar day from `first` to `last`, with the columns of `dim_date`."""
    days = pd.Series(pd.date_range(first, last, freq="D", unit="s"))
    iso = days.dt.isocalendar()
    return pd.DataFrame(
        {
            "date": days,
            "year": days.dt.year.astype("int64"),
            "quarter": days.dt.quarter.astype("int64"),
            "month": days.dt.month.astype("int64"),
            "iso_year": iso["year"].astype("int64"),
            "iso_week": iso["week"].astype("int64"),
            "day_of_week": iso["day"].astype("int64"),
            "is_weekend": days.dt.day_of_week >= 5,
        }
    )
