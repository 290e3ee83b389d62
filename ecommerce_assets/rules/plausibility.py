"""The usual volume of a feed's days, and the units that wait to be sent."""

import numpy as np
import pandas as pd

WEEKS = 8
"""The number of earlier days of the same weekday that a day is compared with."""

FEWEST_WEEKS = 4
"""With fewer such days there is no usual volume."""

FEWEST_RECENT_DAYS = 4
"""With records on fewer of the last 7 days a feed has no recent volume."""

OPEN_DAYS = 60
"""An order not sent within this many days waits for something other than goods."""


def usual_volume(landed: pd.Series, days: pd.DatetimeIndex) -> pd.Series:
    """Give, by day, the median of the records that landed on the same weekday of earlier weeks.

    `landed` counts records by day; days without records may be missing. Only days from its first
    one count. Null if there are too few earlier days.
    """
    if landed.empty or days.empty:
        return pd.Series(np.nan, index=days, dtype="float64")
    every_day = pd.date_range(landed.index.min(), days.max(), freq="D", unit="s")
    counts = landed.reindex(every_day, fill_value=0).astype("float64")
    past = pd.concat([counts.shift(7 * week) for week in range(1, WEEKS + 1)], axis=1)
    usual = past.median(axis=1).where(past.count(axis=1) >= FEWEST_WEEKS)
    return usual.reindex(days)


def recent_volume(landed: pd.Series, days: pd.DatetimeIndex) -> pd.Series:
    """Give, by day, the median of the records that landed on each of the 7 days before it.

    `landed` counts records by day. Days without records are left out; null if records landed on
    fewer than `FEWEST_RECENT_DAYS` of the 7 days.
    """
    if landed.empty or days.empty:
        return pd.Series(np.nan, index=days, dtype="float64")
    every_day = pd.date_range(landed.index.min(), days.max(), freq="D", unit="s")
    counts = landed[landed > 0].reindex(every_day).astype("float64")
    recent = counts.shift(1).rolling(7, min_periods=FEWEST_RECENT_DAYS).median()
    return recent.reindex(days)


def open_units(orders: pd.DataFrame, days: pd.DatetimeIndex) -> pd.Series:
    """Count the ordered units that were not sent by the end of each day.

    `orders` has `order_date`, `fulfilled_date` (null: not sent) and `units` of orders that were not
    cancelled, from `OPEN_DAYS` before the first day.
    """
    ordered = orders["order_date"]
    latest = ordered + pd.Timedelta(days=OPEN_DAYS)
    gone = orders["fulfilled_date"].fillna(latest)
    gone = gone.where(gone < latest, latest)
    gone = gone.where(gone > ordered, ordered)
    moves = pd.concat(
        [
            pd.Series(orders["units"].to_numpy(), index=ordered),
            pd.Series(-orders["units"].to_numpy(), index=gone),
        ]
    )
    by_day = moves.groupby(level=0).sum().cumsum()
    positions = by_day.index.searchsorted(days, side="right") - 1
    values = np.append(by_day.to_numpy(dtype="int64"), 0)  # at -1: nothing was ordered by then
    return pd.Series(values[positions], index=days, dtype="int64")
