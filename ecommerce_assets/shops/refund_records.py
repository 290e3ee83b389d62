"""Makes records of returns and adjustments, and holds the return window."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ecommerce_assets.shops.amounts import amount
from ecommerce_assets.shops.money import Cents
from ecommerce_assets.shops.spool import Record


@dataclass(frozen=True)
class ReturnWindow:
    """The store's return window, in the store's zone."""

    days: int
    timezone: str

    def holds(self, since: dt.datetime, returned_at: dt.datetime) -> bool:
        """Whether a return is within the window from the delivery, or else from the order."""
        zone = ZoneInfo(self.timezone)
        days = returned_at.astimezone(zone).date() - since.astimezone(zone).date()
        return days.days <= self.days


def return_record(
    return_id: str,
    order_id: str,
    order_item_id: str,
    *,
    quantity: int,
    returned_at: dt.datetime,
    refund: Cents,
    reason: str | None,
    read_at: dt.datetime,
) -> Record:
    """Make a record of `returns`."""
    return {
        "return_id": return_id,
        "order_item_id": order_item_id,
        "order_id": order_id,
        "quantity": str(quantity),
        "returned_at": returned_at.isoformat(),
        "refund_amount": amount(refund),
        "reason": reason,
        "ingested_at": read_at.isoformat(),
    }


def adjustment_record(
    adjustment_id: str,
    order_id: str,
    *,
    kind: str,
    adjusted_at: dt.datetime,
    net: Cents,
    reason: str | None,
    read_at: dt.datetime,
) -> Record:
    """Make a record of `adjustments`."""
    return {
        "adjustment_id": adjustment_id,
        "order_id": order_id,
        "adjusted_at": adjusted_at.isoformat(),
        "amount": amount(net),
        "kind": kind,
        "reason": reason,
        "ingested_at": read_at.isoformat(),
    }
