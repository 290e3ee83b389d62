"""Makes the ledger of an order without sales agreements (docs/shopify.md).

Refunds have lines, shipping and differences; transactions have refunded money that the refunds
lack; exchanges date added lines. Undated amounts get the date of the order's last change.
"""

import datetime as dt
from decimal import Decimal

from ecommerce_assets.shops.money import share_out, to_cents
from ecommerce_assets.shops.shopify.canonical import (
    Json,
    id_of,
    items,
    moment,
    money,
    nested_id,
    order_of_id,
    text,
    total,
)
from ecommerce_assets.shops.shopify.lines import ledger_of_lines, taxes_included
from ecommerce_assets.shops.shopify.records import Ledger, Line

_NONE = Decimal(0)

UNDATED = "undated refunds"
UNDATED_REMOVALS = "undated removals"
UNDATED_ADDITIONS = "orders with undated additions: sold with the order"
BY_TRANSACTIONS = "refunds pieced together from transactions"

_SUBTOTAL = ("subtotal_set", "subtotal")
_TAX = ("total_tax_set", "total_tax")
_SHIPPING = ("subtotal_amount_set", "subtotal_amount")
_SHIPPING_TAX = ("tax_amount_set", "tax_amount")


def ledger_of_refunds(order: Json, last_change: dt.datetime) -> Ledger:
    """Make the order's ledger from its lines, refunds, exchanges and transactions."""
    ledger = ledger_of_lines(order)
    _date_added_lines(ledger, order)
    if isinstance(order.get("refunds"), list):
        refunds = sorted(
            items(order, "refunds"),
            key=lambda one: (_refunded_at(one, last_change), order_of_id(one)),
        )
        if any("refund_line_items" in refund for refund in refunds) or not refunds:
            for refund in refunds:
                _take_back(ledger, order, refund, _refunded_at(refund, last_change))
            _remove(ledger, order, last_change)
        else:
            _pay_back(ledger, order, refunds, last_change)
    elif refunding := [one for one in items(order, "transactions") if _is_refund(one)]:
        for transaction in refunding:
            at = moment(transaction, "processed_at", "created_at") or last_change
            amount = money(transaction, "amount_set", "amount") or _NONE
            ledger.adjust(id_of(transaction) or "", at, amount, reason="refund")
            ledger.notes[BY_TRANSACTIONS] += 1
    else:
        _undated(ledger, order, last_change)
    return ledger


def _refunded_at(refund: Json, last_change: dt.datetime) -> dt.datetime:
    return moment(refund, "processed_at", "created_at") or last_change


def _date_added_lines(ledger: Ledger, order: Json) -> None:
    """Date the lines that exchanges added."""
    added: dict[str, dt.datetime] = {}
    for exchange in (*items(order, "exchange_v2s"), *items(order, "returns")):
        at = moment(exchange, "completed_at", "processed_at", "created_at")
        additions = exchange.get("additions") or {}
        for line in (*items(exchange, "exchange_line_items"), *items(additions, "line_items")):
            named = [
                *items(line, "line_items"),
                *([line["line_item"]] if line.get("line_item") else []),
            ]
            for document in named:
                if at is not None:
                    added[id_of(document) or ""] = at
    for sold in ledger.lines:
        sold.sold_at = added.get(sold.line_id)
    first = money(order, "original_total_price_set")
    if first is not None and first < (money(order, "total_price_set") or _NONE) and not added:
        ledger.notes[UNDATED_ADDITIONS] += 1


def _take_back(ledger: Ledger, order: Json, refund: Json, at: dt.datetime) -> None:
    included = taxes_included(order)
    refund_id = id_of(refund) or ""
    reason = text(refund, "note")
    covered = _NONE
    for document in sorted(items(refund, "refund_line_items"), key=order_of_id):
        line_id = nested_id(document, "line_item_id", "line_item") or ""
        subtotal, tax = money(document, *_SUBTOTAL) or _NONE, money(document, *_TAX) or _NONE
        covered += subtotal if included else subtotal + tax
        net = subtotal - tax if included else subtotal
        quantity = int(Decimal(str(document.get("quantity") or 0)))
        back_id = id_of(document) or f"{refund_id}-{line_id}"
        lines = [line for line in ledger.lines if line.line_id == line_id]
        if quantity and lines:
            ledger.take_back(back_id, lines, quantity, at, net, reason)
        else:
            ledger.adjust(back_id, at, net, reason=reason)
    covered += _duties_back(ledger, refund, at)
    covered += _shipping_back(ledger, refund, at, included=included)
    if isinstance(refund.get("order_adjustments"), list):
        for adjustment in items(refund, "order_adjustments"):
            if not is_shipping(adjustment):
                amount = money(adjustment, "amount_set", "amount") or _NONE
                ledger.adjust(
                    id_of(adjustment) or f"{refund_id}-adjustment",
                    at,
                    -amount,
                    reason=(text(adjustment, "reason") or "").lower() or reason,
                )
    else:
        _rest(ledger, refund, at, covered)


def _duties_back(ledger: Ledger, refund: Json, at: dt.datetime) -> Decimal:
    back = _NONE
    duties = refund.get("duties")
    listed = duties.get("duties") if isinstance(duties, dict) else duties
    for place, duty in enumerate(listed or (), start=1):
        duty_id = nested_id(duty, "duty_id", "original_duty")
        amount = money(duty, "amount_set", "amount") or _NONE
        lines = [line for line in ledger.lines if line.line_id == duty_id]
        if amount:
            back_id = f"{id_of(refund)}-duty-{place}"
            if lines:
                ledger.take_back(back_id, lines, 1, at, amount)
            else:
                ledger.adjust(back_id, at, amount, reason="duty")
        back += amount
    return back


def _shipping_back(ledger: Ledger, refund: Json, at: dt.datetime, *, included: bool) -> Decimal:
    """Refund shipping: from the adjustments of older documents, else from shipping lines."""
    refund_id = id_of(refund)
    adjustments = [one for one in items(refund, "order_adjustments") if is_shipping(one)]
    back = _NONE
    for adjustment in adjustments:
        amount = -(money(adjustment, "amount_set", "amount") or _NONE)
        back += amount - (money(adjustment, *_SHIPPING_TAX) or _NONE)
        ledger.adjust(id_of(adjustment) or f"{refund_id}-shipping", at, amount, "shipping")
    if adjustments:
        return back
    for place, line in enumerate(items(refund, "refund_shipping_lines"), start=1):
        subtotal, tax = money(line, *_SHIPPING) or _NONE, money(line, *_SHIPPING_TAX) or _NONE
        back += subtotal if included else subtotal + tax
        ledger.adjust(
            id_of(line) or f"{refund_id}-shipping-{place}",
            at,
            subtotal - tax if included else subtotal,
            "shipping",
        )
    return back


def is_shipping(adjustment: Json) -> bool:
    """Whether an order adjustment is a shipping refund."""
    return (text(adjustment, "kind") or "").lower() == "shipping_refund"


def _pay_back(ledger: Ledger, order: Json, refunds: list[Json], last_change: dt.datetime) -> None:
    """Book refunds with an amount and a date but without lines, as adjustments.

    Their tax is the decrease of the order's tax, divided in proportion.
    """
    paid = [_paid_back(refund) for refund in refunds]
    before = money(order, *_TAX)
    now = money(order, "current_total_tax_set", "current_total_tax")
    lost = _NONE if before is None or now is None else before - now
    taxes = share_out(to_cents(lost), [to_cents(amount) for amount in paid])
    for refund, amount, tax in zip(refunds, paid, taxes, strict=True):
        net = amount - Decimal(tax).scaleb(-2) if amount else _NONE
        ledger.adjust(
            id_of(refund) or "", _refunded_at(refund, last_change), net, reason=text(refund, "note")
        )
        ledger.notes[BY_TRANSACTIONS] += 1


def _paid_back(refund: Json) -> Decimal:
    """The amount a refund paid: the sum of its successful transactions, else its own total."""
    if refund.get("transactions") is None:
        return money(refund, "total_refunded_set", "total_refunded") or _NONE
    paying = (one for one in items(refund, "transactions") if _is_refund(one))
    return total(paying, "amount_set", "amount")


def _rest(ledger: Ledger, refund: Json, at: dt.datetime, covered: Decimal) -> None:
    """Book the difference between the paid amount and the amount of the refund's lines.

    This applies only if the refund lacks its own adjustments and money was paid. Lines that were
    removed without a payment are an edit or an exchange.
    """
    paid = _paid_back(refund)
    if paid and paid != covered:
        ledger.adjust(f"{id_of(refund)}-rest", at, paid - covered, reason=text(refund, "note"))
        ledger.notes[BY_TRANSACTIONS] += 1


def _is_refund(transaction: Json) -> bool:
    kind, status = text(transaction, "kind"), text(transaction, "status")
    return (kind or "").lower() == "refund" and (status or "success").lower() == "success"


def _remove(ledger: Ledger, order: Json, last_change: dt.datetime) -> None:
    """Return the units that were removed from a line without a refund."""
    for document in items(order, "line_items"):
        if document.get("current_quantity") is None:
            continue
        lines = [line for line in ledger.lines if line.line_id == id_of(document)]
        gone = sum(line.left for line in lines) - int(Decimal(str(document["current_quantity"])))
        if gone > 0:
            net = _net_of(lines[0], gone)
            ledger.take_back(f"{id_of(document)}-removed", lines, gone, last_change, net, "removed")
            ledger.notes[UNDATED_REMOVALS] += 1


def _net_of(line: Line, units: int) -> Decimal:
    part = line.net if units == line.quantity else line.net * units / line.quantity
    return Decimal(to_cents(part)).scaleb(-2)


def _undated(ledger: Ledger, order: Json, last_change: dt.datetime) -> None:
    """Book the decrease of the order's totals, for which no refund gives date or lines."""
    before = money(order, "total_price_set", "total_price")
    now = money(order, "current_total_price_set", "current_total_price")
    if before is None or now is None or before == now:
        return
    tax = money(order, *_TAX) or _NONE
    tax_now = money(order, "current_total_tax_set", "current_total_tax")
    lost = before - now - (tax - (tax if tax_now is None else tax_now))
    shipping_now = money(order, "current_shipping_price_set")
    shipping = _NONE
    if shipping_now == 0:
        shipping = ledger.shipping
    elif shipping_now is not None and not taxes_included(order):
        shipping = ledger.shipping - shipping_now
    order_id = id_of(order)
    ledger.adjust(f"{order_id}-undated-shipping", last_change, shipping, "shipping", "undated")
    ledger.adjust(f"{order_id}-undated", last_change, lost - shipping, reason="undated")
    ledger.notes[UNDATED] += 1
