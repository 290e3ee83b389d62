"""The interface of connectors: each fills a spool with a shop's changes in a window of time."""

import datetime as dt
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.shops.reconciliation import Reconciliation
from ecommerce_assets.shops.spool import Spool

OVERLAP = dt.timedelta(hours=1)
"""How long before its day a window starts, since shops' clocks and caches lag."""

Progress = Callable[[str, int, int], None]
"""Takes a step's name, the part of it that is done, and the whole."""


def ignore_progress(_: str, __: int, ___: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Window:
    """The time whose changes are the batch of a day."""

    day: dt.date
    start: dt.datetime
    end: dt.datetime
    is_current: bool
    """Whether the shop's current stock levels are those at the end of the day."""


def window_of(day: dt.date, *, since: dt.date | None, timezone: str, now: dt.datetime) -> Window:
    """Give the window of a batch day: the day in the store's time zone, or all days since `since`.

    Raises:
        OperatorError: the window has not begun, or ends before it starts.
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
    """The result of a fetch besides the records."""

    documents: Mapping[str, int]
    left_out: Mapping[str, int]
    reconciliation: Reconciliation
    customers: Set[str] = field(default_factory=frozenset)
    """The ids of all customers that the shop lists."""


class Source(Protocol):
    """A shop's connector.

    A batch with an order holds all its lines, returns and adjustments. Any that landed before and
    are not in the batch have been removed from the order.
    """

    name: str

    def fetch(self, spool: Spool, window: Window, progress: Progress) -> Fetched:
        """Put the changes within the window into the spool, as records of the window's day."""

    def is_deleted(self, customer_id: str) -> bool:
        """Ask the shop whether it has deleted a customer who is missing in its list."""

    def close(self) -> None:
        """Close the source's connections."""
