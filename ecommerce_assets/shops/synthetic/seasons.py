"""The number of a synthetic shop's orders on each day, and its campaigns."""

import datetime as dt
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers

_MONTHS = (85, 80, 90, 95, 100, 95, 85, 80, 100, 110, 140, 150)
_AFTER_LAST_POST = 65
"""The weight of a day from 22 December, when parcels would arrive after Christmas."""
_WEEKDAYS = (105, 100, 95, 95, 100, 110, 95)
_DAYS_TO_DOUBLE = 1500
"""The shop grows: after this many days it sells twice as much."""

CODES = (
    *("JAN10", "FEB10", "MAR10", "APR10", "MAY10", "JUN10"),
    *("JUL10", "AUG10", "SEP10", "OCT10", "NOV10", "DEC10"),
    *("BLACKFRIDAY", "HELLO5", "THANKS5"),
)
"""The discount codes: one a month for 10 % off, and those named below."""
BLACK_FRIDAY, HELLO, THANKS = range(12, 15)
NO_CODE = -1


@dataclass(frozen=True)
class Campaign:
    """A discount on the lines of a category (None: of all), or on whole orders."""

    percent: int
    on_lines: bool
    category: int | None
    code: int
    """A position in `CODES`; `NO_CODE` for a sale without a code."""
    lift_percent: int
    """The increase of orders over other days."""


def campaign_of(day: dt.date, categories: int) -> Campaign | None:
    """Give a day's campaign: a code early in the month, a category later, a week in November."""
    if day.month == 11 and day.day >= 22:
        return Campaign(
            percent=25, on_lines=True, category=None, code=BLACK_FRIDAY, lift_percent=60
        )
    if 5 <= day.day <= 7:
        return Campaign(
            percent=10, on_lines=False, category=None, code=day.month - 1, lift_percent=15
        )
    if 20 <= day.day <= 22:
        category = day.month % categories
        return Campaign(percent=20, on_lines=True, category=category, code=NO_CODE, lift_percent=25)
    return None


def orders_of_days(
    days: list[dt.date], orders_per_day: int, categories: int, random: RandomNumbers
) -> Ints:
    """Choose the number of orders of each day; their average is exactly `orders_per_day`."""
    chance = random.between(90, 110, len(days)).tolist()
    weights = [
        _weight(day, categories) * of_day * (_DAYS_TO_DOUBLE + place)
        for place, (day, of_day) in enumerate(zip(days, chance, strict=True))
    ]
    until = [so_far * len(days) * orders_per_day // sum(weights) for so_far in accumulate(weights)]
    return np.diff(until, prepend=0)


def _weight(day: dt.date, categories: int) -> int:
    campaign = campaign_of(day, categories)
    lift = 100 + campaign.lift_percent if campaign else 100
    season = _MONTHS[day.month - 1]
    if day.month == 12 and day.day >= 22:
        season = _AFTER_LAST_POST
    return season * _WEEKDAYS[day.weekday()] * lift
