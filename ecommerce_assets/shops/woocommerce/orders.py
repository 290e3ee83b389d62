"""Makes records of an order and its refunds: orders, lines, returns, adjustments.

Money is net of tax, as WooCommerce's `subtotal` and `total` of a line are (docs/woocommerce.md).
"""

import datetime as dt
from collections.abc import Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ecommerce_assets.rules.orders import RECOGNISED
from ecommerce_assets.shops.amounts import amount, cents, decimal, fit, unit_price
from ecommerce_assets.shops.money import Cents, share_out
from ecommerce_assets.shops.spool import Json, Record
from ecommerce_assets.shops.woocommerce.documents import Clock, text, written

LEFT_OUT = ("trash", "draft", "auto-draft", "checkout-draft", "new")
"""Statuses of drafts and of deleted orders."""

_STATUS = {
    "pending": "created",
    "on-hold": "created",
    "failed": "created",
    "cancelled": "cancelled",
    "processing": "paid",
    "completed": "fulfilled",
    "refunded": "returned",
    "shipped": "fulfilled",
    "delivered": "delivered",
}


@dataclass
class Line:
    """A line of an order, product or fee; money in cents. `left_*` is not refunded yet."""

    id: str
    kind: str
    product_id: str
    quantity: Decimal
    gross: Cents
    discount: Cents
    order_discount: Cents = 0
    left_quantity: Decimal = Decimal(0)
    left_net: Cents = 0

    @property
    def net(self) -> Cents:
        """Gross less discounts, as the rules compute it."""
        return self.gross - self.discount - self.order_discount


@dataclass
class Order:
    """An order with the values of its records; money in cents."""

    id: str
    status: str
    ordered_at: dt.datetime
    window_starts_at: dt.datetime
    """The start of the return window: the delivery, or else the order."""
    changed_at: dt.datetime
    record: Record
    lines: list[Line]
    shipping: Cents
    tax: Cents
    total: Cents
    """The amount to pay, gift cards included."""
    notes: list[str] = field(default_factory=list)
    """Parts of the document that do not map to records, for the summary."""

    @property
    def is_recognised(self) -> bool:
        """Whether the order counts in figures."""
        return self.status in RECOGNISED

    def item_records(self) -> list[Record]:
        """The records of `order_items`."""
        return [
            {
                "order_item_id": line.id,
                "order_id": self.id,
                "product_id": line.product_id,
                "kind": line.kind,
                "quantity": f"{line.quantity:f}",
                "unit_price": unit_price(line.gross, line.quantity),
                "gross_amount": amount(line.gross),
                "discount_amount": amount(line.discount),
                "ingested_at": written(self.changed_at),
            }
            for line in self.lines
        ]


def read_order(document: Json, clock: Clock, gift_cards: Set[str] = frozenset()) -> Order | None:
    """Read an order document; None if its status excludes it, or it was never placed.

    Args:
        document: the order.
        clock: reads its moments.
        gift_cards: the ids of products that are gift cards.
    """
    shop_status = str(document["status"]).removeprefix("wc-")
    ordered_at = clock.moment(document, "date_created")
    if shop_status in LEFT_OUT or ordered_at is None:
        return None
    notes: list[str] = []
    paid_at = clock.moment(document, "date_paid")
    completed_at = clock.moment(document, "date_completed")
    status = _status(shop_status, paid_at, completed_at)
    if shop_status not in _STATUS:
        notes.append(f"the status {shop_status} of a plugin, read as {status}")

    paid_at, completed_at = _in_order(ordered_at, paid_at, completed_at, notes)

    fees = [fee for fee in document.get("fee_lines") or () if cents(fee.get("total"))]
    negative_fees = -sum(min(cents(fee.get("total")), 0) for fee in fees)
    shipping, tax = cents(document.get("shipping_total")), cents(document.get("total_tax"))
    total = cents(document.get("total")) + _paid_by_gift_card(document)
    fee_total = sum(cents(fee.get("total")) for fee in fees)
    lines = [
        *_product_lines(document, total - tax - shipping - fee_total, gift_cards, notes),
        *(_fee_line(fee) for fee in fees if cents(fee.get("total")) > 0),
    ]
    # A negative fee is a discount; the part above the lines' net reduces the shipping.
    order_discount = min(negative_fees, sum(line.net for line in lines))
    shipping -= min(negative_fees - order_discount, shipping)
    _allocate(order_discount, lines)
    for line in lines:
        line.left_quantity, line.left_net = line.quantity, line.net
    changed_at = max(clock.changed(document) or ordered_at, ordered_at)
    coupons = [str(text(coupon.get("code"))) for coupon in document.get("coupon_lines") or ()]
    customer = str(document.get("customer_id") or 0)
    record: Record = {
        "order_id": str(document["id"]),
        "customer_id": None if customer == "0" else customer,
        "status": status,
        "ordered_at": written(ordered_at),
        "paid_at": written(paid_at),
        "fulfilled_at": written(completed_at) if status in ("fulfilled", "returned") else None,
        "delivered_at": written(completed_at) if status == "delivered" else None,
        "currency": text(document.get("currency")),
        "order_discount": amount(order_discount),
        "shipping_amount": amount(shipping),
        "tax_amount": amount(tax),
        "channel": text(document.get("created_via")),
        "country": _country(document),
        "discount_code": ",".join(coupons) or None,
        "ingested_at": written(changed_at),
    }
    return Order(
        str(document["id"]),
        status,
        ordered_at,
        (completed_at if status == "delivered" else None) or ordered_at,
        changed_at,
        record,
        lines,
        shipping,
        tax,
        total,
        notes,
    )


def _status(status: str, paid_at: dt.datetime | None, completed_at: dt.datetime | None) -> str:
    known = _STATUS.get(status)
    if known in (None, "created") and status not in ("pending", "failed"):
        # On hold, or a plugin's status: the dates decide.
        return "fulfilled" if completed_at else "paid" if paid_at else "created"
    return known or "created"


def _in_order(
    ordered_at: dt.datetime,
    paid_at: dt.datetime | None,
    completed_at: dt.datetime | None,
    notes: list[str],
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Drop dates in the wrong order, for which the feed would quarantine the order."""
    completes = completed_at if completed_at and completed_at >= ordered_at else None
    pays = paid_at and ordered_at <= paid_at and (completes is None or paid_at <= completes)
    kept = (paid_at if pays else None, completes)
    if kept != (paid_at, completed_at):
        notes.append("a date of payment or completion that stands the wrong way round")
    return kept


def _product_lines(
    document: Json, net_total: Cents, gift_cards: Set[str], notes: list[str]
) -> list[Line]:
    items = document.get("line_items") or []
    totals = fit([_exact_total(item) for item in items], net_total)
    lines = []
    for item, total in zip(items, totals, strict=True):
        subtotal = cents(item.get("subtotal", item.get("total")))
        if decimal(item.get("subtotal", item.get("total"))) == decimal(item.get("total")):
            subtotal = total
        if total != cents(item.get("total")):
            notes.append("lines rounded to the order's net total")
        gross = max(subtotal, total)
        quantity = _whole_as_int(item.get("quantity"))
        if quantity != quantity.to_integral_value():
            notes.append("a fractional quantity, whose line ends in quarantine")
        product = _product_id(item)
        kind = "gift_card" if product in gift_cards else "product"
        lines.append(Line(str(item["id"]), kind, product, quantity, gross, gross - total))
    return lines


def _exact_total(item: Json) -> Decimal:
    """The line's total before rounding, from its `price`, which is not rounded."""
    total = decimal(item.get("total"))
    price = item.get("price")
    if price is None or not isinstance(price, int | Decimal | str):
        return total
    exact = decimal(price) * decimal(item.get("quantity"))
    return exact if cents(exact) == cents(total) else total


def _fee_line(fee: Json) -> Line:
    name = text(fee.get("name")) or "fee"
    return Line(str(fee["id"]), "other", f"fee:{name}", Decimal(1), cents(fee["total"]), 0)


def _product_id(item: Json) -> str:
    """The id of the variation or product; if it was deleted, the line's name."""
    sold = item.get("variation_id") or item.get("product_id")
    return str(sold) if sold else f"deleted:{text(item.get('name')) or 'product'}"


def _whole_as_int(value: Any) -> Decimal:
    quantity = decimal(value)
    return Decimal(int(quantity)) if quantity == int(quantity) else quantity


def _paid_by_gift_card(document: Json) -> int:
    """The amount paid by gift cards, which WooCommerce Gift Cards subtracts from `total`."""
    return sum(cents(card.get("amount")) for card in document.get("gift_cards") or ())


def _country(document: Json) -> str | None:
    for address in ("shipping", "billing"):
        country = text((document.get(address) or {}).get("country"))
        if country:
            return country
    return None


def _allocate(order_discount: Cents, lines: list[Line]) -> None:
    """Divide the order's discount among its lines as the rules do (docs/reference/rules.md)."""
    if not order_discount:
        return
    by_id = sorted(lines, key=lambda line: line.id)
    shares = share_out(order_discount, [line.net for line in by_id])
    for line, share in zip(by_id, shares, strict=True):
        line.order_discount = share
