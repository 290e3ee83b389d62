"""What a connector is: something that fills a spool with what a shop changed in a window."""

import datetime as dt
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.shops.reconciliation import Reconciliation
from ecommerce_assets.shops.spool import Spool

OVERLAP = dt.timedelta(hours=1)
"""How far a window reaches back before its day: shops' clocks and caches lag."""

Progress = Callable[[str, int, int], None]
"""Told of a step how much of how much of it is done."""


@dataclass(frozen=True)
class Window:
    """The time whose changes are the batch of a day."""

    day: dt.date
    start: dt.datetime
    end: dt.datetime
    is_current: bool
    """Whether the shop's present stock levels are still those at the end of the day."""


def window_of(day: dt.date, *, since: dt.date | None, timezone: str, now: dt.datetime) -> Window:
    """Give the window of a batch day: that day by the store's clock, or all days from `since` on.

    Raises:
        OperatorError: the window has not begun, or would end before it starts.
    """
    zone = ZoneInfo(timezone)
    first = since or day
    today = now.astimezone(zone).date()
    if first > day or day > today:
        raise OperatorError(f"There is nothing to fetch from {first} to {day}; today is {today}.")
    start = dt.datetime.combine(first, dt.time(), zone).astimezone(dt.UTC)
    end = dt.datetime.combine(day + dt.timedelta(1), dt.time(), zone).astimezone(dt.UTC)
    return Window(day, start - OVERLAP, min(end, now), today - day <= dt.timedelta(1))


@dataclass(frozen=True)
class Fetched:
    """What a fetch found beside the records."""

    documents: Mapping[str, int]
    left_out: Mapping[str, int]
    reconciliation: Reconciliation
    customers: Set[str] = field(default_factory=frozenset)
    """All customers whom the shop lists, changed or not."""


class Source(Protocol):
    """A shop's connector.

    The batch of an order holds all its lines, returns and adjustments: what was landed of it
    before and is not in it any more has been taken off the order.
    """

    name: str

    def fetch(self, spool: Spool, window: Window, tell: Progress) -> Fetched:
        """Land what changed in the window in the spool, for the window's day."""

    def is_gone(self, customer_id: str) -> bool:
        """Ask the shop for a customer whom it does not list: lists may lie."""

    def close(self) -> None:
        """Close what the source holds open."""
