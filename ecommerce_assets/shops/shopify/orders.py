"""Makes the records of four feeds from an order document (docs/shopify.md).

`agreements`, `refunds` and `lines` read its amounts; this module reads its other fields.
"""

import datetime as dt
from collections import Counter

from ecommerce_assets.shops.money import amount_text
from ecommerce_assets.shops.refund_records import ReturnWindow
from ecommerce_assets.shops.shopify.agreements import agreements_are_complete, ledger_of_agreements
from ecommerce_assets.shops.shopify.canonical import (
    Json,
    id_of,
    items,
    moment,
    money,
    nested_id,
    text,
    written,
)
from ecommerce_assets.shops.shopify.records import (
    OrderRecords,
    adjustment_record,
    item_record,
    return_record,
)
from ecommerce_assets.shops.shopify.refunds import UNDATED, UNDATED_REMOVALS, ledger_of_refunds
from ecommerce_assets.shops.shopify.totals import own_totals
from ecommerce_assets.shops.spool import Record

TEST_ORDERS = "test orders"
UNFINISHED = "orders without a moment or an id"
BY_AGREEMENTS = "orders by their sales agreements"
BY_REFUNDS = "orders by their refunds"
INCOMPLETE = "orders whose sales agreements do not account for every line"
PAID_LATER = "orders paid after they were sent: paid_at is left out"
CANCELLED_BACK = "refunds of orders cancelled before they were paid"

_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PAID = ("paid", "partially_paid", "partially_refunded", "refunded")


def left_out(order: Json) -> str | None:
    """The reason to leave out an order document; null if it is an order of the shop."""
    if order.get("test") in (True, "true"):
        return TEST_ORDERS
    if id_of(order) is None or _ordered_at(order) is None:
        return UNFINISHED
    return None


def order_records(order: Json, window: ReturnWindow) -> OrderRecords:
    """Make the records of an order for which `left_out` gave null.

    Each record's `ingested_at` is the order's last change, so that a later document replaces it.
    """
    ordered_at = _ordered_at(order) or _NEVER
    order_id = id_of(order) or ""
    last_change = max(
        ordered_at,
        moment(order, "updated_at")
        or moment(order, "__extracted_at")
        or _latest(order, ordered_at),
    )
    status = status_of(order)
    by_agreements = agreements_are_complete(order)
    ledger = ledger_of_agreements(order) if by_agreements else ledger_of_refunds(order, last_change)
    notes = ledger.notes
    notes[BY_AGREEMENTS if by_agreements else BY_REFUNDS] += 1
    if order.get("agreements") and not by_agreements:
        notes[INCOMPLETE] += 1
    if status == "cancelled" and (ledger.returns or ledger.adjustments):
        notes[CANCELLED_BACK] += len(ledger.returns) + len(ledger.adjustments)
        ledger.returns, ledger.adjustments = [], []

    ingested_at = written(last_change)
    head = _head(order, order_id, status, ordered_at, notes)
    ledger.book_late_refunds_as_adjustments(
        window, dt.datetime.fromisoformat(head["delivered_at"] or head["ordered_at"] or "")
    )
    head["shipping_amount"] = amount_text(ledger.shipping)
    head["ingested_at"] = ingested_at
    hint = ", ".join(name for name in (UNDATED, UNDATED_REMOVALS, INCOMPLETE) if notes[name])
    records: dict[str, list[Record]] = {
        "orders": [head],
        "order_items": [item_record(line, order_id, ingested_at) for line in ledger.lines],
        "returns": [return_record(back, order_id, ingested_at) for back in ledger.returns],
        "adjustments": [
            adjustment_record(adjustment, order_id, ingested_at)
            for adjustment in ledger.adjustments
        ],
    }
    totals = own_totals(order, status=status, by_agreements=by_agreements, hint=hint)
    return OrderRecords(records, totals, notes, last_change)


def status_of(order: Json) -> str:
    """Give the order's status as the feed names it.

    An order that was cancelled after payment is `returned`, and one that was cancelled before is
    `cancelled`. Without a financial status an order counts as paid.
    """
    financial = (text(order, "financial_status", "display_financial_status") or "paid").lower()
    financial = financial.replace(" ", "_")
    if financial == "voided":
        return "cancelled"
    if financial not in _PAID:
        return "cancelled" if _cancelled_at(order) else "created"
    if financial == "refunded" or _cancelled_at(order):
        return "returned"
    if _delivered_at(order) or _all_delivered(order):
        return "delivered"
    return "fulfilled" if _is_fulfilled(order) else "paid"


def _head(
    order: Json, order_id: str, status: str, ordered_at: dt.datetime, notes: Counter[str]
) -> dict[str, str | None]:
    fulfilled_at = _fulfilled_at(order)
    delivered_at = _delivered_at(order)
    fulfilled_at = fulfilled_at and max(fulfilled_at, ordered_at)
    delivered_at = delivered_at and max(delivered_at, fulfilled_at or ordered_at)
    # Checkouts are paid seconds before Shopify makes the order.
    paid_at = _paid_at(order)
    paid_at = paid_at and max(paid_at, ordered_at)
    sent_at = fulfilled_at or delivered_at
    if paid_at and sent_at and paid_at > sent_at:
        notes[PAID_LATER] += 1
        paid_at = None
    customer = order.get("customer")
    tax = money(order, "total_tax_set", "total_tax", "current_total_tax_set", "current_total_tax")
    return {
        "order_id": order_id,
        "customer_id": nested_id(order, "customer_id", "customer") if customer != {} else None,
        "status": status,
        "ordered_at": written(ordered_at),
        "paid_at": written(paid_at),
        "fulfilled_at": written(fulfilled_at),
        "delivered_at": written(delivered_at),
        "currency": text(order, "currency", "currency_code"),
        "tax_amount": None if tax is None else amount_text(tax),
        "channel": _channel(order),
        "country": _country(order),
        "discount_code": _discount_code(order),
    }


def _ordered_at(order: Json) -> dt.datetime | None:
    return moment(order, "processed_at", "created_at")


def _cancelled_at(order: Json) -> dt.datetime | None:
    return moment(order, "cancelled_at")


def _latest(order: Json, ordered_at: dt.datetime) -> dt.datetime:
    """The latest date in a document without `updated_at`."""
    known = (moment(order, key) for key in ("paid_at", "fulfilled_at", "cancelled_at", "closed_at"))
    return max((at for at in known if at), default=ordered_at)


def _paid_at(order: Json) -> dt.datetime | None:
    """The moment of the first payment, from the transactions or from a CSV export."""
    moments = [
        moment(one, "processed_at", "created_at")
        for one in items(order, "transactions")
        if (text(one, "kind") or "").lower() in ("sale", "capture")
        and (text(one, "status") or "").lower() == "success"
    ]
    return min((at for at in moments if at), default=moment(order, "paid_at"))


def _fulfillments(order: Json) -> list[Json]:
    sent = []
    for fulfillment in items(order, "fulfillments"):
        status = (text(fulfillment, "status") or "success").lower()
        if status == "success":
            sent.append(fulfillment)
    return sent


def _is_fulfilled(order: Json) -> bool:
    status = text(order, "fulfillment_status", "display_fulfillment_status") or ""
    return status.lower() == "fulfilled"


def _fulfilled_at(order: Json) -> dt.datetime | None:
    """The moment when the last unit was sent; null while some are not."""
    if not _is_fulfilled(order):
        return None
    moments = [moment(one, "created_at") for one in _fulfillments(order)]
    return max((at for at in moments if at), default=moment(order, "fulfilled_at"))


def _delivered_at(order: Json) -> dt.datetime | None:
    """The moment of the last delivery, if all fulfilments have one; REST has none."""
    moments = [moment(one, "delivered_at") for one in _fulfillments(order)]
    if not _is_fulfilled(order) or not moments or None in moments:
        return None
    return max(at for at in moments if at)


def _all_delivered(order: Json) -> bool:
    statuses = [
        (text(one, "shipment_status", "display_status") or "").lower()
        for one in _fulfillments(order)
    ]
    return _is_fulfilled(order) and bool(statuses) and set(statuses) == {"delivered"}


def _channel(order: Json) -> str | None:
    """The sales channel: `web`, `pos`, or the app or channel that took the order."""
    information = order.get("channel_information")
    definition = (information or {}).get("channel_definition") or {}
    return text(order, "source_name", "source") or text(definition, "handle", "channel_name")


def _country(order: Json) -> str | None:
    """The shipping country; for an order without shipping, the billing country."""
    for key in ("shipping_address", "billing_address"):
        address = order.get(key)
        if isinstance(address, dict):
            code = text(address, "country_code", "country_code_v2", "country")
            if code:
                return code
    return None


def _discount_code(order: Json) -> str | None:
    """The used discount codes, joined by commas."""
    codes = order.get("discount_codes")
    if not isinstance(codes, list):
        return text(order, "discount_code")
    named = [text(code, "code") if isinstance(code, dict) else str(code).strip() for code in codes]
    return ",".join(code for code in named if code) or None
