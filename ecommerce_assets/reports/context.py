"""The context of a report: the store, the period and the last loaded day."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Context:
    """The store and period of a report.

    `start` and `end` are the first and the last business date of the period, `as_of` is the last
    loaded batch date (None before the first load), `return_days` the days within which a return is
    refunded. `returns_landed` is whether any file of returns has landed.
    """

    store: str
    currency: str
    start: dt.date
    end: dt.date
    as_of: dt.date | None
    return_days: int
    returns_landed: bool

    @property
    def days(self) -> pd.DatetimeIndex:
        """The days of the period."""
        return pd.date_range(self.start, self.end, unit="s")

    @property
    def loaded_to(self) -> pd.Timestamp:
        """The last loaded batch date; before the first load, the day before the period."""
        return pd.Timestamp(self.as_of or self.start - dt.timedelta(days=1))

    @property
    def days_a_year_before(self) -> pd.DatetimeIndex:
        """The same day one year earlier for each day of the period; NaT for 29 February."""
        return pd.DatetimeIndex(
            [
                pd.NaT if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
                for day in self.days
            ]
        ).as_unit("s")
