"""Makes records of a Medusa order: its lines, returns and credit lines (docs/medusa.md).

Medusa does not round amounts. This module rounds an order's parts so that they add up to its
rounded total.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ecommerce_assets.rules.orders import RECOGNISED
from ecommerce_assets.shops.amounts import amount, cents, decimal, fit, unit_price
from ecommerce_assets.shops.medusa.values import country, latest, moment, text
from ecommerce_assets.shops.money import Cents
from ecommerce_assets.shops.reconciliation import Measure, OwnTotal
from ecommerce_assets.shops.refund_records import (
    ReturnWindow,
    adjustment_record,
    return_record,
)
from ecommerce_assets.shops.spool import Json, Record

_CENT = Decimal("0.01")
_PLACING = dt.timedelta(seconds=2)
"""The most time between an order and its first items; adding one later takes several requests."""


@dataclass(frozen=True)
class OrderRecords:
    """An order's records by feed, and the totals in its document."""

    records: dict[str, list[Record]]
    own: list[OwnTotal]


@dataclass(frozen=True)
class _Line:
    """A line; `gross` and `net` are exact amounts without tax for all ordered units."""

    item: Json
    quantity: Decimal
    gross: Decimal
    net: Decimal


@dataclass(frozen=True)
class _Returned:
    """Returned units of a line, with their part of the line's net in cents."""

    id: str
    item_id: str
    quantity: Decimal
    at: dt.datetime
    net: Cents
    reason: str | None


def order_records(order: Json, window: ReturnWindow) -> OrderRecords | None:
    """Make the records of an order document; None for a draft."""
    if order.get("is_draft_order") or order["status"] == "draft":
        return None
    id_ = str(order["id"])
    ordered_at = latest(moment(order, "created_at"))
    read_at = _changed_at(order)
    lines = [_line(item) for item in order.get("items") or ()]
    status = _status(order, lines)
    returned = list(_returned(order, lines)) if status in RECOGNISED else []
    # A credit line below a cent is the rounding difference of a refund in whole cents.
    credits_ = [
        line
        for line in order.get("credit_lines") or ()
        if status in RECOGNISED and abs(decimal(line["amount"])) >= _CENT
    ]

    tax = cents(order.get("tax_total"))
    kept = cents(order.get("total")) - tax
    shipping = cents(sum(_shipping(method) for method in order.get("shipping_methods") or ()))
    given_back = sum(part.net for part in returned) + sum(_credit(line) for line in credits_)
    nets = fit([line.net for line in lines], kept - shipping + given_back)
    delivered_at = _delivered_at(order) if status == "delivered" else None
    record: Record = {
        "order_id": id_,
        "customer_id": text(order.get("customer_id")),
        "status": status,
        "ordered_at": ordered_at.isoformat(),
        **_steps(order, status, delivered_at),
        "currency": str(order["currency_code"]).upper(),
        "order_discount": "0.00",
        "shipping_amount": amount(shipping),
        "tax_amount": amount(tax),
        "channel": text((order.get("sales_channel") or {}).get("name")),
        "country": country(order.get("shipping_address")),
        "discount_code": _codes(order),
        "ingested_at": read_at.isoformat(),
    }
    records: dict[str, list[Record]] = {
        "orders": [record],
        "order_items": [
            _item_record(id_, line, net, ordered_at, read_at)
            for line, net in zip(lines, nets, strict=True)
        ],
        "returns": [],
        "adjustments": [
            adjustment_record(
                str(line["id"]),
                id_,
                kind="refund",
                adjusted_at=latest(moment(line, "created_at")),
                net=_credit(line),
                reason=_note(order, line),
                read_at=read_at,
            )
            for line in credits_
        ],
    }
    for part in returned:
        _book(part, id_, window, delivered_at or ordered_at, read_at, records)
    own = [
        OwnTotal(id_, Measure.SHIPPING, shipping, "shipping_methods"),
        OwnTotal(id_, Measure.TAX, tax, "tax_total"),
        OwnTotal(id_, Measure.KEPT, kept, "total less tax_total"),
    ]
    return OrderRecords(records, own)


def _line(item: Json) -> _Line:
    quantity = decimal((item.get("detail") or {}).get("quantity", item.get("quantity")))
    gross = decimal(item.get("unit_price")) * quantity
    discounts = [
        (decimal(part.get("subtotal", part.get("amount"))))
        for part in item.get("adjustments") or ()
    ]
    if item.get("is_tax_inclusive"):
        rates = sum((decimal(tax.get("rate")) for tax in item.get("tax_lines") or ()), Decimal(0))
        gross /= 1 + rates / 100
    return _Line(item, quantity, gross, gross - sum(discounts, Decimal(0)))


def _shipping(method: Json) -> Decimal:
    return decimal(method.get("subtotal")) - decimal(method.get("discount_subtotal"))


def _credit(line: Json) -> Cents:
    return cents(line.get("subtotal", line["amount"]))


def _returned(order: Json, lines: Iterable[_Line]) -> Iterable[_Returned]:
    """The returned units by return; damaged and dismissed ones count as returned."""
    by_id = {str(line.item["id"]): line for line in lines}
    for back in sorted(order.get("returns") or (), key=lambda back: str(back["id"])):
        at = moment(back, "received_at")
        if at is None:
            continue
        for part in sorted(back.get("items") or (), key=lambda part: str(part["id"])):
            quantity = decimal(part.get("received_quantity")) + decimal(
                part.get("damaged_quantity")
            )
            line = by_id.get(str(part["item_id"]))
            if line is None or not quantity:
                continue
            net = cents(line.net * quantity / line.quantity)
            reason = text((part.get("reason") or {}).get("label")) or text(part.get("note"))
            yield _Returned(str(part["id"]), str(part["item_id"]), quantity, at, net, reason)


def _book(
    part: _Returned,
    order_id: str,
    window: ReturnWindow,
    since: dt.datetime,
    read_at: dt.datetime,
    records: dict[str, list[Record]],
) -> None:
    # The rules refund no return after the window, but Medusa subtracts it from the total.
    refund = part.net if window.holds(since, part.at) else 0
    records["returns"].append(
        return_record(
            part.id,
            order_id,
            part.item_id,
            quantity=int(part.quantity),
            returned_at=part.at,
            refund=refund,
            reason=part.reason,
            read_at=read_at,
        )
    )
    if part.net != refund:
        records["adjustments"].append(
            adjustment_record(
                f"{part.id}-money",
                order_id,
                kind="refund",
                adjusted_at=part.at,
                net=part.net - refund,
                reason=part.reason,
                read_at=read_at,
            )
        )


def _item_record(
    order_id: str, line: _Line, net: Cents, ordered_at: dt.datetime, read_at: dt.datetime
) -> Record:
    item = line.item
    gross = max(cents(line.gross), net) if line.gross != line.net else net
    made_at = latest(moment(item, "created_at"), ordered_at)
    added_at = made_at if made_at - ordered_at > _PLACING else None
    variant = text(item.get("variant_id"))
    return {
        "order_item_id": str(item["id"]),
        "order_id": order_id,
        "product_id": variant or f"custom:{text(item.get('title')) or 'item'}",
        "kind": "gift_card" if item.get("is_giftcard") else "product",
        "quantity": f"{line.quantity.normalize():f}",
        "unit_price": unit_price(gross, line.quantity),
        "gross_amount": amount(gross),
        "discount_amount": amount(gross - net),
        "sold_at": added_at.isoformat() if added_at else None,
        "ingested_at": read_at.isoformat(),
    }


def _payments(order: Json) -> list[Json]:
    return [
        payment
        for collection in order.get("payment_collections") or ()
        for payment in collection.get("payments") or ()
    ]


def _status(order: Json, lines: Iterable[_Line]) -> str:
    if order["status"] == "canceled":
        return "cancelled"
    details = [line.item.get("detail") or {} for line in lines]
    ordered = sum(decimal(detail.get("quantity")) for detail in details)
    back = sum(decimal(detail.get("return_received_quantity")) for detail in details)
    if ordered and back >= ordered:
        return "returned"
    fulfilment = order.get("fulfillment_status")
    if fulfilment == "delivered":
        return "delivered"
    if fulfilment in ("fulfilled", "shipped"):
        return "fulfilled"
    return "paid" if any(_is_captured(payment) for payment in _payments(order)) else "created"


def _is_captured(payment: Json) -> bool:
    return bool(payment.get("captured_at") or payment.get("captures"))


def _steps(order: Json, status: str, delivered_at: dt.datetime | None) -> Record:
    """The times when the order was paid (captured payments authorised) and sent out."""
    paid = [moment(payment, "created_at") for payment in _payments(order) if _is_captured(payment)]
    sent = [
        moment(parcel, "shipped_at") or moment(parcel, "packed_at")
        for parcel in order.get("fulfillments") or ()
        if not parcel.get("canceled_at")
    ]
    is_sent = status in ("fulfilled", "delivered", "returned") and any(sent)
    return {
        "paid_at": min(filter(None, paid)).isoformat() if any(paid) else None,
        "fulfilled_at": latest(*sent).isoformat() if is_sent else None,
        "delivered_at": delivered_at.isoformat() if delivered_at else None,
    }


def _delivered_at(order: Json) -> dt.datetime | None:
    arrived = [moment(parcel, "delivered_at") for parcel in order.get("fulfillments") or ()]
    return latest(*arrived) if any(arrived) else None


def _changed_at(order: Json) -> dt.datetime:
    """The last change of the order or of its payments, which do not change the order itself."""
    parts = [
        *_payments(order),
        *(order.get("returns") or ()),
        *(order.get("fulfillments") or ()),
        *(order.get("credit_lines") or ()),
    ]
    return latest(moment(order, "updated_at"), *(moment(part, "updated_at") for part in parts))


def _codes(order: Json) -> str | None:
    codes = {
        str(part["code"])
        for item in order.get("items") or ()
        for part in item.get("adjustments") or ()
        if part.get("code")
    }
    return ",".join(sorted(codes)) or None


def _note(order: Json, credit: Json) -> str | None:
    """The note of the only refund with a credit line's amount."""
    notes = [
        text(refund.get("note"))
        for payment in _payments(order)
        for refund in payment.get("refunds") or ()
        if decimal(refund.get("amount")) == decimal(credit["amount"])
    ]
    return notes[0] if len(notes) == 1 else None
