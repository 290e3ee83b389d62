"""Makes records of products, variations, their stock, and customers."""

import datetime as dt
import html

from ecommerce_assets.shops.amounts import decimal
from ecommerce_assets.shops.money import price_text
from ecommerce_assets.shops.spool import Json, Record
from ecommerce_assets.shops.woocommerce.documents import Clock, meta, text, written

_GIFT_CARD_TYPES = ("gift-card", "gift_card", "pw-gift-card")


def is_gift_card(product: Json) -> bool:
    """Whether a product is a gift card of one of the usual extensions."""
    return product.get("type") in _GIFT_CARD_TYPES or meta(product, "_gift_card") == "yes"


def product_record(product: Json, parent: Json | None, clock: Clock) -> Record | None:
    """Make the record of a product or variation; None without a price, since it is not sold.

    A variation has its own price, and its parent's name and category.
    """
    price, at = product.get("price"), clock.changed(product)
    if price in (None, "") or at is None:
        return None
    return {
        "product_id": str(product["id"]),
        "updated_at": written(at),
        "name": _name(product, parent),
        "category": _category(product) or (_category(parent) if parent else None),
        "price": price_text(decimal(price)),
        "cost": _cost(product),
        "ingested_at": written(at),
    }


def stock_record(product: Json, day: dt.date, read_at: dt.datetime) -> Record | None:
    """Make a product's stock level of a day; None if the shop does not manage its stock.

    WooCommerce subtracts ordered units from the stock at once, so nothing is allocated.
    """
    if product.get("manage_stock") is not True or product.get("stock_quantity") is None:
        return None
    quantity = decimal(product["stock_quantity"])
    low = product.get("low_stock_amount")
    return {
        "snapshot_date": day.isoformat(),
        "product_id": str(product["id"]),
        "warehouse_id": "main",
        "on_hand": str(int(quantity)) if quantity == int(quantity) else f"{quantity:f}",
        "allocated": "0",
        "reorder_point": str(int(decimal(low))),
        "ingested_at": written(read_at),
    }


def customer_record(customer: Json, clock: Clock) -> Record | None:
    """Make the record of a customer; None without a date of creation."""
    created_at = clock.moment(customer, "date_created")
    if created_at is None:
        return None
    billing, shipping = customer.get("billing") or {}, customer.get("shipping") or {}
    return {
        "customer_id": str(customer["id"]),
        "email": text(customer.get("email")) or text(billing.get("email")),
        "country": text(billing.get("country")) or text(shipping.get("country")),
        "created_at": written(created_at),
        "ingested_at": written(max(clock.changed(customer) or created_at, created_at)),
    }


def _name(product: Json, parent: Json | None) -> str:
    options = [str(a.get("option")) for a in product.get("attributes") or () if a.get("option")]
    own = text(product.get("name"))
    if parent is None:
        name = own or ", ".join(options) or text(product.get("sku")) or str(product["id"])
    else:
        name = " - ".join(filter(None, [text(parent.get("name")), ", ".join(options) or own]))
    return html.unescape(name)


def _category(product: Json) -> str | None:
    categories = product.get("categories") or ()
    name = text(categories[0].get("name")) if categories else None
    return html.unescape(name) if name else None


def _cost(product: Json) -> str | None:
    cost = (product.get("cost_of_goods_sold") or {}).get("total_value")
    return None if cost in (None, "") else price_text(decimal(cost))
