"""Shopify documents for tests, in the published shapes: only what a test is about."""

from typing import Any

Json = dict[str, Any]

ORDERED, REFUNDED, CHANGED = (
    "2026-03-02T10:00:00-05:00",
    "2026-03-09T16:30:00-05:00",
    "2026-03-10T09:00:00-05:00",
)


def bag(amount: str, presentment: str | None = None) -> Json:
    """A money set of REST."""
    return {
        "shop_money": {"amount": amount, "currency_code": "EUR"},
        "presentment_money": {"amount": presentment or amount, "currency_code": "USD"},
    }


def line(id_: int, price: str, quantity: int = 1, **fields: Any) -> Json:
    discount, tax = fields.pop("discount", None), fields.pop("tax", None)
    return {
        "id": id_,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{id_}",
        "variant_id": 500 + id_,
        "product_id": 300 + id_,
        "title": "Mug",
        "name": "Mug - Blue",
        "sku": "MUG-B",
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "price_set": bag(price),
        "gift_card": False,
        "taxable": True,
        "total_discount": "0.00",
        "discount_allocations": (
            [{"amount": discount, "amount_set": bag(discount), "discount_application_index": 0}]
            if discount
            else []
        ),
        "tax_lines": (
            [{"title": "VAT", "rate": 0.19, "price": tax, "price_set": bag(tax)}] if tax else []
        ),
        "duties": [],
        **fields,
    }


def shipping(price: str, tax: str | None = None, **fields: Any) -> Json:
    return {
        "id": 900,
        "title": "Standard",
        "price": price,
        "price_set": bag(price),
        "discounted_price": price,
        "discounted_price_set": bag(price),
        "discount_allocations": [],
        "tax_lines": [{"title": "VAT", "rate": 0.19, "price_set": bag(tax)}] if tax else [],
        "is_removed": False,
        **fields,
    }


def order(id_: int, total: str, *lines: Json, now: str | None = None, **fields: Any) -> Json:
    """A REST order; `now` is its current total, in which no tax is left unless it is said."""
    tax = fields.get("total_tax", "0.00")
    return {
        "id": id_,
        "admin_graphql_api_id": f"gid://shopify/Order/{id_}",
        "name": f"#{id_}",
        "created_at": ORDERED,
        "processed_at": ORDERED,
        "updated_at": CHANGED,
        "cancelled_at": None,
        "test": False,
        "currency": "EUR",
        "presentment_currency": "USD",
        "financial_status": "paid",
        "fulfillment_status": None,
        "source_name": "web",
        "taxes_included": False,
        "total_price": total,
        "total_price_set": bag(total),
        "total_tax": tax,
        "current_total_price": now or total,
        "current_total_price_set": bag(now or total),
        "current_total_tax": tax if now is None else "0.00",
        "customer": {"id": 77, "email": "ada@example.com", "created_at": "2025-01-01T00:00:00Z"},
        "shipping_address": {"country_code": "DE"},
        "discount_codes": [],
        "line_items": list(lines),
        "shipping_lines": [],
        "fulfillments": [],
        "refunds": [],
        **fields,
    }


def refund(id_: int, *lines: Json, **fields: Any) -> Json:
    return {
        "id": id_,
        "created_at": REFUNDED,
        "processed_at": REFUNDED,
        "note": None,
        "refund_line_items": list(lines),
        "order_adjustments": [],
        "transactions": [],
        "duties": [],
        **fields,
    }


def refund_line(id_: int, line_id: int, quantity: int, subtotal: str, tax: str = "0.00") -> Json:
    return {
        "id": id_,
        "line_item_id": line_id,
        "quantity": quantity,
        "restock_type": "return",
        "subtotal": subtotal,
        "subtotal_set": bag(subtotal),
        "total_tax": tax,
        "total_tax_set": bag(tax),
    }


def adjustment(id_: int, amount: str, kind: str = "refund_discrepancy", tax: str = "0.00") -> Json:
    return {
        "id": id_,
        "amount": amount,
        "amount_set": bag(amount),
        "tax_amount": tax,
        "tax_amount_set": bag(tax),
        "kind": kind,
        "reason": "Refund discrepancy" if kind == "refund_discrepancy" else "Shipping refund",
    }


def transaction(id_: int, kind: str, amount: str, at: str = ORDERED, **fields: Any) -> Json:
    return {
        "id": id_,
        "kind": kind,
        "status": "success",
        "amount": amount,
        "amount_set": bag(amount),
        "processed_at": at,
        **fields,
    }


def money(amount: str) -> Json:
    """A money bag of GraphQL."""
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def sale(
    id_: int,
    action: str,
    line_type: str,
    total: str,
    quantity: int | None = None,
    **fields: Any,
) -> Json:
    """A GraphQL sale; `line`, `tax` and `discount` (before taxes) say the rest."""
    number = fields.pop("line", None)
    tax, discount = fields.pop("tax", "0.0"), fields.pop("discount", "0.0")
    return {
        "id": gid("Sale", id_),
        "actionType": action,
        "lineType": line_type,
        "quantity": quantity,
        "totalAmount": money(total),
        "totalTaxAmount": money(tax),
        "totalDiscountAmountBeforeTaxes": money(discount),
        "totalDiscountAmountAfterTaxes": money(discount),
        **({"lineItem": {"id": gid("LineItem", number)}} if number else {}),
        **fields,
    }


def agreement(id_: int, reason: str, at: str, *sales: Json) -> Json:
    return {
        "id": gid("SalesAgreement", id_),
        "reason": reason,
        "happenedAt": at,
        "sales": {"edges": [{"node": one} for one in sales]},
    }


def graphql_line(id_: int, price: str, quantity: int = 1, **fields: Any) -> Json:
    return {
        "id": gid("LineItem", id_),
        "title": "Mug",
        "quantity": quantity,
        "currentQuantity": quantity,
        "isGiftCard": False,
        "originalUnitPriceSet": money(price),
        "discountAllocations": [],
        "taxLines": [],
        "variant": {"id": gid("ProductVariant", 500 + id_)},
        "product": {"id": gid("Product", 300 + id_)},
        **fields,
    }


def graphql_order(
    id_: int, total: str, *lines: Json, now: str | None = None, **fields: Any
) -> Json:
    agreements = fields.pop("agreements", None)
    return {
        "id": gid("Order", id_),
        "createdAt": "2026-03-02T15:00:00Z",
        "processedAt": "2026-03-02T15:00:00Z",
        "updatedAt": "2026-03-10T14:00:00Z",
        "cancelledAt": None,
        "test": False,
        "currencyCode": "EUR",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "sourceName": "web",
        "taxesIncluded": False,
        "totalPriceSet": money(total),
        "totalTaxSet": money("0.0"),
        "currentTotalPriceSet": money(now or total),
        "currentTotalTaxSet": money("0.0"),
        "totalShippingPriceSet": money("0.0"),
        "customer": {"id": gid("Customer", 77)},
        "shippingAddress": {"countryCodeV2": "DE"},
        "lineItems": {"edges": [{"node": one} for one in lines]},
        **({"agreements": {"nodes": agreements}} if agreements is not None else {}),
        **fields,
    }
