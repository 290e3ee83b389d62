"""Makes records of Medusa's variants, their stock levels, and customers."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

from ecommerce_assets.shops.amounts import decimal
from ecommerce_assets.shops.medusa.values import country, latest, moment, text
from ecommerce_assets.shops.money import price_text
from ecommerce_assets.shops.spool import Json, Record

_ONLY_VARIANT = ("Default", "Default variant", "Default Title")


def variant_record(variant: Json, product: Json, currency: str) -> Record | None:
    """Make the product record of a variant; None without a price in the store's currency."""
    prices = [
        price
        for price in variant.get("prices") or ()
        if str(price.get("currency_code")).upper() == currency
        and not price.get("rules")
        and price.get("min_quantity") in (None, 1)
    ]
    if not prices:
        return None
    price = min(prices, key=lambda price: str(price["id"]))
    changed_at = latest(*(moment(part, "updated_at") for part in (product, variant, price)))
    title = text(variant.get("title"))
    name = text(product.get("title")) or str(product["id"])
    return {
        "product_id": str(variant["id"]),
        "updated_at": changed_at.isoformat(),
        "name": name if title in (None, *_ONLY_VARIANT) else f"{name} - {title}",
        "category": _category(product),
        "price": price_text(decimal(price["amount"])),
        "cost": None,
        "ingested_at": changed_at.isoformat(),
    }


def stock_records(
    variant: Json, levels: Mapping[str, list[Json]], day: dt.date, read_at: dt.datetime
) -> Iterator[Record]:
    """Make a variant's stock levels by location, in whole variants.

    A variant of several inventory items (a kit) has no stock level of its own.
    """
    items: list[Json] = variant.get("inventory_items") or []
    if not variant.get("manage_inventory") or len(items) != 1:
        return
    needed = decimal(items[0].get("required_quantity")) or Decimal(1)
    for level in levels.get(str(items[0]["inventory_item_id"]), ()):
        yield {
            "snapshot_date": day.isoformat(),
            "product_id": str(variant["id"]),
            "warehouse_id": str(level["location_id"]),
            "on_hand": str(int(decimal(level.get("stocked_quantity")) // needed)),
            "allocated": str(int(decimal(level.get("reserved_quantity")) // needed)),
            "reorder_point": "0",
            "ingested_at": read_at.isoformat(),
        }


def customer_record(customer: Json) -> Record:
    """Make the record of a customer, with or without an account."""
    addresses = sorted(
        customer.get("addresses") or (),
        key=lambda address: (not address.get("is_default_shipping"), str(address.get("id"))),
    )
    return {
        "customer_id": str(customer["id"]),
        "email": text(customer.get("email")),
        "country": country(addresses[0]) if addresses else None,
        "created_at": latest(moment(customer, "created_at")).isoformat(),
        "ingested_at": latest(moment(customer, "updated_at")).isoformat(),
    }


def _category(product: Json) -> str | None:
    categories = sorted(product.get("categories") or (), key=lambda part: str(part.get("id")))
    if categories:
        return text(categories[0].get("name"))
    return text((product.get("type") or {}).get("value")) or text(
        (product.get("collection") or {}).get("title")
    )
