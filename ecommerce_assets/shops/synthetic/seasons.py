"""How much a synthetic shop sells on a day, and which campaign runs. Who buys is in `customers`."""

import datetime as dt
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from ecommerce_assets.shops.synthetic.dice import Dice, Ints

_MONTHS = (85, 80, 90, 95, 100, 95, 85, 80, 100, 110, 140, 150)
_WEEKDAYS = (105, 100, 95, 95, 100, 110, 95)


@dataclass(frozen=True)
class Campaign:
    """A discount that runs: on the lines of a category (of all, where None), or on whole orders."""

    percent: int
    on_lines: bool
    category: int | None
    lift_percent: int
    """How many more orders than on other days."""


def campaign_of(day: dt.date, categories: int) -> Campaign | None:
    """The campaign of a day: a code early in the month, a category later on, a week in November."""
    if day.month == 11 and day.day >= 22:
        return Campaign(percent=25, on_lines=True, category=None, lift_percent=60)
    if 5 <= day.day <= 7:
        return Campaign(percent=10, on_lines=False, category=None, lift_percent=15)
    if 20 <= day.day <= 22:
        return Campaign(percent=20, on_lines=True, category=day.month % categories, lift_percent=25)
    return None


def orders_of_days(days: list[dt.date], orders_per_day: int, categories: int, dice: Dice) -> Ints:
    """The orders of each day: `orders_per_day` on average, exactly."""
    chance = dice.between(90, 110, len(days)).tolist()
    weights = [_weight(day, categories) * of_day for day, of_day in zip(days, chance, strict=True)]
    until = [so_far * len(days) * orders_per_day // sum(weights) for so_far in accumulate(weights)]
    return np.diff(until, prepend=0)


def _weight(day: dt.date, categories: int) -> int:
    campaign = campaign_of(day, categories)
    lift = 100 + campaign.lift_percent if campaign else 100
    return _MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] * lift
