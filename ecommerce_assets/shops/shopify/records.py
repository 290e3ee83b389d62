"""The lines, returns and adjustments of an order document, and their records in the feeds."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ecommerce_assets.shops.money import amount_text, price_text, share_out, to_cents
from ecommerce_assets.shops.reconciliation import OwnTotal
from ecommerce_assets.shops.refund_records import ReturnWindow
from ecommerce_assets.shops.shopify.canonical import written
from ecommerce_assets.shops.spool import Record

PRODUCT, GIFT_CARD, OTHER = "product", "gift_card", "other"


@dataclass
class Line:
    """A line, or the part of it that was sold at one moment; amounts without tax.

    `left` is the quantity that has not been returned.
    """

    item_id: str
    line_id: str
    product_id: str
    kind: str
    quantity: int
    gross: Decimal
    discount: Decimal
    sold_at: dt.datetime | None = None
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.quantity

    @property
    def net(self) -> Decimal:
        """The amount it sold for."""
        return self.gross - self.discount


@dataclass
class Return:
    """Returned units of a line, and their refund without tax."""

    return_id: str
    item_id: str
    quantity: int
    at: dt.datetime
    amount: Decimal
    reason: str | None = None


@dataclass
class Adjustment:
    """A refund without goods, or a new charge if negative; without tax."""

    adjustment_id: str
    at: dt.datetime
    amount: Decimal
    kind: str = "refund"
    reason: str | None = None


@dataclass
class Ledger:
    """The amounts of an order: lines, returns, adjustments, and the original shipping.

    `notes` counts inferred and undated amounts by kind.
    """

    lines: list[Line] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    shipping: Decimal = Decimal(0)
    notes: Counter[str] = field(default_factory=Counter)

    def take_back(
        self,
        return_id: str,
        lines: Sequence[Line],
        quantity: int,
        at: dt.datetime,
        amount: Decimal,
        reason: str | None = None,
    ) -> None:
        """Return units of a line, from its parts in the order of their sale.

        The amount is divided by quantity. Units beyond those left go to the last part, where the
        rules quarantine them.
        """
        taken: list[tuple[Line, int]] = []
        missing = quantity
        for line in lines:
            units = min(line.left, missing)
            if units > 0:
                taken.append((line, units))
                line.left -= units
                missing -= units
        if missing and taken:
            taken[-1] = (taken[-1][0], taken[-1][1] + missing)
        elif missing:
            taken = [(lines[-1], missing)]
        amounts = share_out(to_cents(amount), [units for _, units in taken])
        for place, ((line, units), part) in enumerate(zip(taken, amounts, strict=True), start=1):
            self.returns.append(
                Return(
                    return_id if place == 1 else f"{return_id}-{place}",
                    line.item_id,
                    units,
                    at,
                    Decimal(part).scaleb(-2) if len(taken) > 1 else amount,
                    reason,
                )
            )

    def book_late_refunds_as_adjustments(
        self, window: ReturnWindow, window_starts_at: dt.datetime
    ) -> None:
        """Move the refunds of returns after the window to adjustments of kind `refund`.

        The rules refund no return after the window, but the shop did.
        """
        for back in self.returns:
            if not window.holds(window_starts_at, back.at):
                self.adjust(f"{back.return_id}-money", back.at, back.amount, reason=back.reason)
                back.amount = Decimal(0)

    def adjust(
        self,
        adjustment_id: str,
        at: dt.datetime,
        amount: Decimal,
        kind: str = "refund",
        reason: str | None = None,
    ) -> None:
        """Add an adjustment, unless its amount is 0."""
        if amount:
            self.adjustments.append(Adjustment(adjustment_id, at, amount, kind, reason))


@dataclass(frozen=True)
class OrderRecords:
    """An order's records by feed, its document's own totals, and its notes."""

    records: dict[str, list[Record]]
    totals: list[OwnTotal]
    notes: Counter[str]
    ingested_at: dt.datetime


def item_record(line: Line, order_id: str, ingested_at: str | None) -> Record:
    """Write a line as a record of `order_items`."""
    price = line.gross / line.quantity if line.quantity else line.gross
    return {
        "order_item_id": line.item_id,
        "order_id": order_id,
        "product_id": line.product_id,
        "kind": line.kind,
        "quantity": str(line.quantity),
        "unit_price": price_text(price),
        "gross_amount": amount_text(line.gross),
        "discount_amount": amount_text(line.discount),
        "sold_at": written(line.sold_at),
        "ingested_at": ingested_at,
    }


def return_record(back: Return, order_id: str, ingested_at: str | None) -> Record:
    """Write a return as a record of `returns`."""
    return {
        "return_id": back.return_id,
        "order_item_id": back.item_id,
        "order_id": order_id,
        "quantity": str(back.quantity),
        "returned_at": written(back.at),
        "refund_amount": amount_text(back.amount),
        "reason": back.reason,
        "ingested_at": ingested_at,
    }


def adjustment_record(adjustment: Adjustment, order_id: str, ingested_at: str | None) -> Record:
    """Write an adjustment as a record of `adjustments`."""
    return {
        "adjustment_id": adjustment.adjustment_id,
        "order_id": order_id,
        "adjusted_at": written(adjustment.at),
        "amount": amount_text(adjustment.amount),
        "kind": adjustment.kind,
        "reason": adjustment.reason,
        "ingested_at": ingested_at,
    }
