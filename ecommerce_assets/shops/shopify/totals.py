"""Reads the totals in an order document, for the reconciliation."""

import json
from collections.abc import Iterator
from decimal import Decimal

from ecommerce_assets.shops.money import to_cents
from ecommerce_assets.shops.reconciliation import Measure, OwnTotal
from ecommerce_assets.shops.shopify.agreements import is_edited
from ecommerce_assets.shops.shopify.canonical import Json, id_of, items, money, text, total
from ecommerce_assets.shops.shopify.lines import (
    ALLOCATED,
    TAX,
    charged_for_shipping,
    taxes_included,
)
from ecommerce_assets.shops.shopify.refunds import is_shipping

_NONE = Decimal(0)
_TOTAL_TAX = ("total_tax_set", "total_tax")


def own_totals(order: Json, *, status: str, by_agreements: bool, hint: str) -> list[OwnTotal]:
    """Give the order's own totals by measure.

    For an order that was never paid or was cancelled before payment, only the ordered amounts are
    compared, since none of it is recognised.
    """
    hints = "; ".join(filter(None, [hint, _contradiction(order)]))
    return [
        OwnTotal(id_of(order) or "", measure, to_cents(amount), source, hints)
        for measure, source, amount in _stated(order, status, by_agreements)
    ]


def _contradiction(order: Json) -> str:
    """Describe a document whose parts do not add up to its total; no records can match both."""
    parts = {
        "subtotal": money(order, "subtotal_price_set", "subtotal_price"),
        "total": money(order, "total_price_set", "total_price"),
        "shipping": charged_for_shipping(order),
        "tax": _NONE if taxes_included(order) else money(order, *_TOTAL_TAX) or _NONE,
        "duties": money(order, "original_total_duties_set") or _NONE,
        "fees": money(order, "original_total_additional_fees_set") or _NONE,
        "tip": money(order, "total_tip_received_set", "total_tip_received") or _NONE,
    }
    whole, subtotal = parts.pop("total"), parts.pop("subtotal")
    if whole is None or subtotal is None:
        return ""
    made = subtotal + sum((part or _NONE for part in parts.values()), _NONE)
    if made == whole:
        return ""
    return f"its own parts come to {made}: a tip, a fee or an edit that it does not list"


def _stated(
    order: Json, status: str, by_agreements: bool
) -> Iterator[tuple[Measure, str, Decimal]]:
    tax = money(order, *_TOTAL_TAX)
    before = money(order, "total_price_set", "total_price")
    edited = by_agreements and is_edited(order)
    if before is not None and not edited:
        yield Measure.TOTAL, "total_price", before
    if tax is not None:
        yield Measure.TAX, "total_tax", tax
    if not edited:
        shipping = _shipping(order)
        if shipping is not None:
            yield Measure.SHIPPING, "total_shipping_price", shipping
    if status in ("created", "cancelled"):
        return
    now = money(order, "current_total_price_set", "current_total_price")
    tax_now = money(order, "current_total_tax_set", "current_total_tax")
    if now is not None and tax_now is not None:
        yield Measure.KEPT, "current_total_price", now - tax_now
    paid = _paid(order)
    outstanding = money(order, "total_outstanding_set", "total_outstanding")
    if paid is None:
        return
    if outstanding is not None and tax_now is not None:
        yield Measure.KEPT, "payments and total_outstanding", paid + outstanding - tax_now
    elif now is None and tax is not None and _is_settled(order):
        yield Measure.KEPT, "payments", paid - (tax - _tax_back(order))


def _is_settled(order: Json) -> bool:
    """Whether the paid amount equals the order's total."""
    status = (text(order, "financial_status", "display_financial_status") or "").lower()
    return status in ("paid", "partially_refunded", "refunded")


def _tax_back(order: Json) -> Decimal:
    """The tax in the order's refunds."""
    back = _NONE
    for refund in items(order, "refunds"):
        adjustments = list(items(refund, "order_adjustments"))
        back += total(items(refund, "refund_line_items"), *_TOTAL_TAX)
        back -= total(adjustments, "tax_amount_set", "tax_amount")
        if not any(is_shipping(one) for one in adjustments):
            back += total(items(refund, "refund_shipping_lines"), "tax_amount_set", "tax_amount")
    return back


def _shipping(order: Json) -> Decimal | None:
    """The shipping charged, if the document separates it from discounts and its tax is known."""
    lines = list(items(order, "shipping_lines"))
    whole = money(order, "total_shipping_price_set")
    if whole is None or not lines or any(line.get("is_removed") for line in lines):
        return None
    if any(total(items(line, "discount_allocations"), *ALLOCATED) for line in lines):
        return None
    if not taxes_included(order):
        return whole
    if not all("tax_lines" in line for line in lines):
        return None
    return whole - sum((total(items(line, "tax_lines"), *TAX) for line in lines), _NONE)


def _paid(order: Json) -> Decimal | None:
    """The paid amount less refunds, if the document has the transactions."""
    transactions = {
        id_of(one) or json.dumps(one, sort_keys=True): one
        for document in (order, *items(order, "refunds"))
        for one in items(document, "transactions")
        if (text(one, "status") or "").lower() == "success"
    }
    signs = {"sale": 1, "capture": 1, "refund": -1, "change": -1}
    kinds = {key: (text(one, "kind") or "").lower() for key, one in transactions.items()}
    if not {"sale", "capture"} & set(kinds.values()):
        return None
    if not all(_is_shop_money(one, order) for one in transactions.values()):
        return None
    amounts = (
        signs.get(kinds[key], 0) * (money(one, "amount_set", "amount") or _NONE)
        for key, one in transactions.items()
    )
    return sum(amounts, _NONE)


def _is_shop_money(transaction: Json, order: Json) -> bool:
    """Whether a transaction's amount is in the shop's currency; older ones may not be."""
    currency = text(transaction, "currency")
    return (
        "amount_set" in transaction
        or currency is None
        or currency == text(order, "currency", "currency_code")
    )
