"""Makes a ledger from sales agreements, which date each sale and return (docs/shopify.md).

An order without complete agreements gets its ledger from `refunds`.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from ecommerce_assets.shops.shopify.canonical import (
    Json,
    id_of,
    items,
    moment,
    money,
    nested_id,
    order_of_id,
    text,
)
from ecommerce_assets.shops.shopify.lines import product_id_of
from ecommerce_assets.shops.shopify.records import GIFT_CARD, OTHER, PRODUCT, Ledger, Line

_KINDS = {"PRODUCT": PRODUCT, "GIFT_CARD": GIFT_CARD}
_NAMES = {"TIP": "tip", "DUTY": "duty", "FEE": "fee", "ADDITIONAL_FEE": "fee"}
_NONE = Decimal(0)


def agreements_are_complete(order: Json) -> bool:
    """Whether the order's agreements cover all of its lines."""
    sold = {
        _line_id(sale)
        for agreement in items(order, "agreements")
        for sale in items(agreement, "sales")
        if _action(sale) == "ORDER"
    }
    # Airbyte omits the line of every sale other than a product's.
    named = {id_of(line) for line in items(order, "line_items") if not _may_be_unnamed(line)}
    return bool(sold) and named <= sold


def ledger_of_agreements(order: Json) -> Ledger:
    """Make lines, returns and adjustments from the sales in the order's agreements.

    A line that is sold in several agreements becomes a line for each, with its own moment.
    """
    agreements = sorted(
        items(order, "agreements"), key=lambda one: (_happened(one), order_of_id(one))
    )
    ledger = Ledger()
    documents = {id_of(line): line for line in items(order, "line_items")}
    for place, agreement in enumerate(agreements):
        at = _happened(agreement)
        reason = text(agreement, "note") or (text(agreement, "reason") or "").lower() or None
        sales = sorted(items(agreement, "sales"), key=order_of_id)
        for sale in sorted(sales, key=lambda sale: _action(sale) != "ORDER"):
            _book(ledger, sale, at, reason, documents, is_first=place == 0)
    return ledger


def is_edited(order: Json) -> bool:
    """Whether a later agreement adds units, changes a price, or removes ordered units.

    The document does not say whether its original totals include such changes.
    """
    agreements = list(items(order, "agreements"))
    first = min(agreements, key=lambda one: (_happened(one), order_of_id(one)), default=None)
    return any(
        (text(one, "reason") or "").upper() == "ORDER_EDIT"
        or any(_action(sale) != "RETURN" and _net(sale) for sale in items(one, "sales"))
        for one in agreements
        if one is not first
    )


def _book(
    ledger: Ledger,
    sale: Json,
    at: dt.datetime,
    reason: str | None,
    documents: dict[str | None, Json],
    *,
    is_first: bool,
) -> None:
    sale_id = id_of(sale) or ""
    line_type, action = _line_type(sale), _action(sale)
    net = _net(sale)
    quantity = abs(int(Decimal(str(sale.get("quantity") or 0))))
    if action == "RETURN" and line_type != "ADJUSTMENT":
        net = -abs(net)
    if line_type == "SHIPPING":
        if action == "ORDER" and is_first:
            ledger.shipping += net
        else:
            ledger.adjust(sale_id, at, -net, "shipping", reason)
    elif line_type == "ADJUSTMENT" or action not in ("ORDER", "RETURN"):
        ledger.adjust(sale_id, at, -net, reason=reason)
    elif action == "ORDER":
        _sell(ledger, sale, at, net, quantity or int(line_type not in _KINDS), documents)
    else:
        lines = _lines_of(ledger, sale)
        if lines and quantity:
            ledger.take_back(sale_id, lines, quantity, at, -net, reason)
        elif lines and lines[0].kind == OTHER:
            ledger.take_back(sale_id, lines, 1, at, -net, reason)
        else:
            ledger.adjust(sale_id, at, -net, reason=reason)


def _sell(
    ledger: Ledger,
    sale: Json,
    at: dt.datetime,
    net: Decimal,
    quantity: int,
    documents: dict[str | None, Json],
) -> None:
    sale_id = id_of(sale) or ""
    if quantity == 0:
        ledger.adjust(sale_id, at, -net)
        return
    kind = _KINDS.get(_line_type(sale), OTHER)
    line_id = _line_id(sale) or _unnamed(ledger, kind, documents) or sale_id
    document = documents.get(line_id)
    sold_before = any(line.line_id == line_id for line in ledger.lines)
    discount = abs(money(sale, "total_discount_amount_before_taxes") or _NONE)
    product_id = _NAMES.get(_line_type(sale), "other")
    if kind != OTHER:
        product_id = product_id_of(document) if document else kind
    ledger.lines.append(
        Line(
            item_id=f"{line_id}-{sale_id}" if sold_before else line_id,
            line_id=line_id,
            product_id=product_id,
            kind=kind,
            quantity=quantity,
            gross=net + discount,
            discount=discount,
            sold_at=at,
        )
    )


def _lines_of(ledger: Ledger, sale: Json) -> Sequence[Line]:
    """The lines that a negative sale refers to: by id, else those of its kind with units left."""
    line_id = _line_id(sale)
    if line_id is not None:
        return [line for line in ledger.lines if line.line_id == line_id]
    kind = _KINDS.get(_line_type(sale), OTHER)
    name = _NAMES.get(_line_type(sale), "other")
    alike = [
        line
        for line in ledger.lines
        if line.kind == kind and (kind != OTHER or line.product_id == name)
    ]
    return [line for line in alike if line.left] or alike


def _unnamed(ledger: Ledger, kind: str, documents: dict[str | None, Json]) -> str | None:
    """Find the line of a sale without a line id: a gift card that has no sale yet."""
    if kind != GIFT_CARD:
        return None
    sold = {line.line_id for line in ledger.lines}
    for line_id, document in documents.items():
        is_gift_card = document.get("gift_card") or document.get("is_gift_card")
        if line_id and is_gift_card and line_id not in sold:
            return line_id
    return None


def _may_be_unnamed(line: Json) -> bool:
    has_product = nested_id(line, "variant_id", "variant") or nested_id(
        line, "product_id", "product"
    )
    return bool(line.get("gift_card") or line.get("is_gift_card") or line.get("tip")) or not (
        has_product
    )


def _line_id(sale: Json) -> str | None:
    nested = (("line_item_id", "line_item"), ("duty_id", "duty"), ("fee_id", "fee"))
    also = ("additional_fee_id", "additional_fee")
    return next(filter(None, (nested_id(sale, *keys) for keys in (*nested, also))), None)


def _happened(agreement: Json) -> dt.datetime:
    return moment(agreement, "happened_at") or dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _action(sale: Json) -> str:
    return (text(sale, "action_type") or "UNKNOWN").upper()


def _line_type(sale: Json) -> str:
    return (text(sale, "line_type") or "UNKNOWN").upper()


def _net(sale: Json) -> Decimal:
    """The amount of a sale without tax."""
    return (money(sale, "total_amount") or _NONE) - (money(sale, "total_tax_amount") or _NONE)
