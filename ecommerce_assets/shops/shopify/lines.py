"""Reads the lines of an order document: products, gift cards, tips, duties, fees, shipping.

Amounts are without tax. `agreements` and `refunds` date the lines and find the returns.
"""

from decimal import ROUND_HALF_UP, Decimal

from ecommerce_assets.shops.money import Cents, share_out, to_cents
from ecommerce_assets.shops.shopify.canonical import (
    Json,
    id_of,
    items,
    money,
    nested_id,
    order_of_id,
    text,
    total,
)
from ecommerce_assets.shops.shopify.records import GIFT_CARD, OTHER, PRODUCT, Ledger, Line

_CENT = Decimal("0.01")
_NONE = Decimal(0)

TAX = ("price_set", "price")
_UNIT_PRICE = ("price_set", "original_unit_price_set", "original_unit_price", "price")
ALLOCATED = ("amount_set", "allocated_amount_set", "amount")
_LINE_DISCOUNT = ("total_discount_set", "total_discount")


def kind_of(line: Json) -> str:
    """Give a line's kind: product, gift card or other."""
    if line.get("gift_card") or line.get("is_gift_card"):
        return GIFT_CARD
    has_product = product_number(line) is not None
    is_tip = bool(line.get("tip")) or text(line, "fulfillment_service") == "gratuity"
    return OTHER if is_tip or (text(line, "title") == "Tip" and not has_product) else PRODUCT


def product_number(line: Json) -> str | None:
    """The id of a line's variant, else of its product; null for a custom line."""
    variant = nested_id(line, "variant_id", "variant")
    product = nested_id(line, "product_id", "product")
    return variant or (f"product:{product}" if product else None)


def product_id_of(line: Json) -> str:
    """The product id of a line: its variant's, or a substitute for a deleted one."""
    sku, name = text(line, "sku"), text(line, "title", "name")
    return (
        product_number(line)
        or (f"sku:{sku}" if sku else None)
        or f"custom:{(name or 'unnamed')[:200]}"
    )


def taxes_included(order: Json) -> bool:
    """Whether the order's prices include tax."""
    return order.get("taxes_included") in (True, "true", "True")


def document_lines(order: Json) -> list[Line]:
    """Make a line, without a moment, of every line, tip, duty and fee of the document."""
    included = taxes_included(order)
    documents = sorted(items(order, "line_items"), key=order_of_id)
    prices = [(money(line, *_UNIT_PRICE) or _NONE) * _quantity(line) for line in documents]
    discounts = _discounts(order, documents, prices)
    taxes = _taxes(order, documents, prices, discounts) if included else [_NONE] * len(documents)
    lines = []
    for document, price, discount, tax in zip(documents, prices, discounts, taxes, strict=True):
        line_id = id_of(document) or ""
        gross = _without_tax(document, price, discount, tax) if included else price
        net = price - discount - tax
        kind = kind_of(document)
        lines.append(
            Line(
                item_id=line_id,
                line_id=line_id,
                product_id="tip" if kind == OTHER else product_id_of(document),
                kind=kind,
                quantity=_quantity(document),
                gross=gross,
                discount=gross - net,
            )
        )
    others = [*_tip(order, lines), *_duties(order, documents), *_fees(order)]
    return [*lines, *(line for line in others if line.gross > 0)]


def _quantity(line: Json) -> int:
    return int(Decimal(str(line.get("quantity") or 0)))


def _discounts(order: Json, lines: list[Json], prices: list[Decimal]) -> list[Decimal]:
    """The discount of each line, with its part of the order's discounts.

    Shopify allocates all discounts to lines. If a document lacks the allocations, its subtotal
    shows the missing amount, which is divided among the lines in proportion, in cents.
    """
    allocated = [
        total(items(line, "discount_allocations"), *ALLOCATED)
        if "discount_allocations" in line
        else money(line, *_LINE_DISCOUNT) or _NONE
        for line in lines
    ]
    subtotal = money(order, "subtotal_price_set", "subtotal_price")
    if subtotal is None or any("discount_allocations" in line for line in lines):
        return allocated
    left = [
        _NONE if kind_of(line) == OTHER else price - discount
        for line, price, discount in zip(lines, prices, allocated, strict=True)
    ]
    missing = to_cents(sum(left, _NONE) - subtotal)
    if missing <= 0 or not left:
        return allocated
    parts = share_out(missing, [to_cents(amount) for amount in left])
    return [discount + _amount(part) for discount, part in zip(allocated, parts, strict=True)]


def _taxes(
    order: Json, lines: list[Json], prices: list[Decimal], discounts: list[Decimal]
) -> list[Decimal]:
    """The tax of each line; without tax lines, the order's tax is divided in proportion."""
    if any("tax_lines" in line for line in lines):
        return [total(items(line, "tax_lines"), *TAX) for line in lines]
    whole = money(order, "total_tax_set", "total_tax") or _NONE
    left = [
        _NONE
        if line.get("taxable") in (False, "false") or kind_of(line) != PRODUCT
        else price - cut
        for line, price, cut in zip(lines, prices, discounts, strict=True)
    ]
    weights = [to_cents(amount) for amount in left]
    parts = share_out(to_cents(whole), [*weights, to_cents(charged_for_shipping(order))])
    return [_amount(part) for part in parts[: len(lines)]]


def _without_tax(line: Json, price: Decimal, discount: Decimal, tax: Decimal) -> Decimal:
    """Remove tax from a line's gross, at the rate of the tax on its discounted price."""
    paid = price - discount
    if paid > 0:
        return (price * (paid - tax) / paid).quantize(_CENT, ROUND_HALF_UP)
    rate = sum((Decimal(str(tax.get("rate") or 0)) for tax in items(line, "tax_lines")), _NONE)
    return (price / (1 + rate)).quantize(_CENT, ROUND_HALF_UP)


def _tip(order: Json, lines: list[Line]) -> list[Line]:
    tip = money(order, "total_tip_received_set", "total_tip_received") or _NONE
    if tip <= 0 or any(line.kind == OTHER for line in lines):
        return []
    return [_other(f"{id_of(order)}-tip", "tip", tip)]


def _duties(order: Json, lines: list[Json]) -> list[Line]:
    duties = [
        _other(
            id_of(duty) or f"{id_of(line)}-duty-{place}",
            "duty",
            money(duty, "price_set", "price", "shop_money") or _NONE,
        )
        for line in lines
        for place, duty in enumerate(items(line, "duties"), start=1)
    ]
    whole = money(order, "original_total_duties_set", "current_total_duties_set")
    if not duties and whole:
        duties = [_other(f"{id_of(order)}-duties", "duty", whole)]
    return duties


def _fees(order: Json) -> list[Line]:
    fees = [
        _other(
            id_of(fee) or f"{id_of(order)}-fee-{place}",
            "fee",
            money(fee, "price_set", "price") or _NONE,
        )
        for place, fee in enumerate(items(order, "additional_fees"), start=1)
    ]
    whole = money(order, "original_total_additional_fees_set")
    if not fees and whole:
        fees = [_other(f"{id_of(order)}-fees", "fee", whole)]
    return fees


def _other(item_id: str, what: str, amount: Decimal) -> Line:
    return Line(item_id, item_id, what, OTHER, 1, amount, _NONE)


def shipping_of(order: Json) -> Decimal:
    """The shipping charged, after discounts and without tax."""
    charged = charged_for_shipping(order)
    return charged - shipping_tax_of(order) if taxes_included(order) else charged


def shipping_tax_of(order: Json) -> Decimal:
    """The tax on shipping: from its tax lines, else the order's tax less that of the lines."""
    shipping = list(_shipping_lines(order))
    if any("tax_lines" in line for line in shipping):
        return sum((total(items(line, "tax_lines"), *TAX) for line in shipping), _NONE)
    whole = money(order, "total_tax_set", "total_tax") or _NONE
    documents = sorted(items(order, "line_items"), key=order_of_id)
    prices = [(money(line, *_UNIT_PRICE) or _NONE) * _quantity(line) for line in documents]
    on_lines = _taxes(order, documents, prices, _discounts(order, documents, prices))
    return max(whole - sum(on_lines, _NONE), _NONE) if charged_for_shipping(order) else _NONE


def _shipping_lines(order: Json) -> list[Json]:
    return [line for line in items(order, "shipping_lines") if not line.get("is_removed")]


def charged_for_shipping(order: Json) -> Decimal:
    """The shipping charged, after discounts, with tax if prices include it."""
    if not isinstance(order.get("shipping_lines"), list):
        return money(order, "total_shipping_price_set", "total_shipping_price") or _NONE
    charged = _NONE
    for line in _shipping_lines(order):
        price = money(line, "price_set", "original_price_set", "price") or _NONE
        if "discount_allocations" in line:
            charged += price - total(items(line, "discount_allocations"), *ALLOCATED)
        else:
            discounted = money(line, "discounted_price_set", "discounted_price")
            charged += price if discounted is None else discounted
    return charged


def _amount(part: Cents) -> Decimal:
    return Decimal(part).scaleb(-2)


def ledger_of_lines(order: Json) -> Ledger:
    """The ledger of the order as sold: its lines and shipping, without returns."""
    return Ledger(lines=document_lines(order), shipping=shipping_of(order))
