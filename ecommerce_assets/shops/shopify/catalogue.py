"""Makes records of products, stock and customers from Shopify's documents (docs/shopify.md).

Each variant in Shopify becomes a product, since it has the price, the cost and the stock.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

from ecommerce_assets.shops.money import price_text
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
from ecommerce_assets.shops.shopify.gathering import Gathering, stamp
from ecommerce_assets.shops.spool import Record, Spool

_VARIANT, _PRODUCT, _COST, _LEVEL = "variant version", "product head", "item cost", "stock level"
_OWNER = "variant of an inventory item"

_ON_HAND, _AVAILABLE = "on_hand", "available"

NO_MOMENT = "products without a moment"
NO_PRICE = "products without a price"
NO_VARIANT = "stock of inventory items that no variant names"
UNTRACKED = "stock levels without a quantity"
NO_CREATION = "customers without a moment of creation"


def spread_catalogue(gathering: Gathering, spool: Spool) -> None:
    """Extract variants from products, and inventory items and levels from variants."""
    for product in gathering.whole("product"):
        changed = moment(product, "updated_at", "created_at", "__extracted_at")
        head = {
            "title": product.get("title"),
            "product_type": text(product, "product_type") or _category(product),
        }
        product_id = id_of(product) or ""
        spool.keep(_PRODUCT, product_id, head, version=written(changed) or "", parent="")
        for variant in items(product, "variants"):
            if money(variant, "price") is not None:
                _keep_variant(spool, {"product_id": product_id, **variant}, changed)
    for variant in gathering.whole("variant"):
        _keep_variant(spool, variant, moment(variant, "__extracted_at"))
    for item in gathering.whole("inventory_item"):
        _keep_cost(spool, id_of(item) or "", item, None)
        _keep_levels(spool, id_of(item) or "", item)
    for level in gathering.whole("inventory_level"):
        _keep_levels(
            spool,
            nested_id(level, "inventory_item_id", "item") or "",
            {"inventory_levels": [level]},
        )


def _keep_variant(spool: Spool, variant: Json, changed: dt.datetime | None) -> None:
    variant_id = id_of(variant) or ""
    item = variant.get("inventory_item")
    inside = item if isinstance(item, dict) else {}
    at = moment(variant, "updated_at", "created_at") or changed
    if money(inside, "unit_cost", "cost") is not None:
        # The document has price and cost of one moment: that of the later change.
        both = [one for one in (at, moment(inside, "updated_at")) if one]
        at = max(both, default=None)
        inside["updated_at"] = written(at)
    variant["__at"] = written(at)
    version = stamp(at)
    spool.keep(_VARIANT, f"{variant_id}|{version}", variant, version=version, parent=variant_id)
    item_id = nested_id(variant, "inventory_item_id", "inventory_item")
    if item_id:
        spool.keep(_OWNER, item_id, {"variant_id": variant_id}, version=version, parent="")
        _keep_levels(spool, item_id, variant)
    if inside and item_id:
        _keep_cost(spool, item_id, inside, at)
        _keep_levels(spool, item_id, inside)


def _keep_cost(spool: Spool, item_id: str, item: Json, otherwise: dt.datetime | None) -> None:
    cost = money(item, "cost", "unit_cost")
    at = moment(item, "updated_at", "created_at", "__extracted_at") or otherwise
    if cost is not None:
        known = {"cost": str(cost), "at": written(at)}
        spool.keep(_COST, f"{item_id}|{stamp(at)}", known, version=stamp(at), parent=item_id)


def _keep_levels(spool: Spool, item_id: str, holder: Json) -> None:
    for level in items(holder, "inventory_levels"):
        level = {"inventory_item_id": item_id, **level}
        if "__extracted_at" in holder:
            level.setdefault("__extracted_at", holder["__extracted_at"])
        location = nested_id(level, "location_id", "location")
        at = moment(level, "updated_at", "__extracted_at")
        key = f"{item_id}|{location}|{stamp(at)}"
        spool.keep(_LEVEL, key, level, version=stamp(at), parent="")


def product_records(
    gathering: Gathering, spool: Spool, as_of: dt.datetime | None
) -> Iterator[Record]:
    """Make a record for each moment at which a variant's price or cost changed.

    `as_of` is the moment of documents without one.
    """
    for variant_id, versions in groupby(spool.all(_VARIANT), key=lambda one: id_of(one)):
        prices = [(moment(one, "__at") or as_of, one) for one in versions]
        dated = [(at, one) for at, one in prices if at is not None]
        gathering.left_out[NO_MOMENT] += len(prices) - len(dated)
        if not dated or variant_id is None:
            continue
        dated.sort(key=lambda one: one[0])
        latest = dated[-1][1]
        item_id = nested_id(latest, "inventory_item_id", "inventory_item")
        costs = sorted(
            (
                (moment(known, "at") or dated[0][0], Decimal(known["cost"]))
                for known in (spool.of_parent(_COST, item_id) if item_id else ())
            ),
            key=lambda one: one[0],
        )
        first = dated[0][0]
        for at in sorted({at for at, _ in dated} | {at for at, _ in costs if at > first}):
            variant = _known(dated, at)
            yield _product_record(spool, variant_id, variant, _cost(costs, at), at)


def _known(versions: list[tuple[dt.datetime, Json]], at: dt.datetime) -> Json:
    return [variant for since, variant in versions if since <= at][-1]


def _cost(costs: list[tuple[dt.datetime, Decimal]], at: dt.datetime) -> Decimal | None:
    """The cost known at a moment; before the first known cost, that first one."""
    known = [cost for since, cost in costs if since <= at] or [cost for _, cost in costs[:1]]
    return known[-1] if known else None


def _product_record(
    spool: Spool, variant_id: str, variant: Json, cost: Decimal | None, at: dt.datetime
) -> Record:
    inside = variant.get("product")
    product_id = nested_id(variant, "product_id", "product")
    head = (spool.get(_PRODUCT, product_id) if product_id else None) or {}
    if not head and isinstance(inside, dict):
        head = inside
    title, option = text(head, "title"), text(variant, "title")
    if title and option and option != "Default Title":
        name: str | None = f"{title} - {option}"
    else:
        name = title or text(variant, "display_name") or option
    price = money(variant, "price")
    return {
        "product_id": variant_id,
        "updated_at": written(at),
        "name": name or variant_id,
        "category": text(head, "product_type") or _category(head),
        "price": None if price is None else price_text(price),
        "cost": None if cost is None else price_text(cost),
        "ingested_at": written(at),
    }


def _category(product: Json) -> str | None:
    category = product.get("category")
    return text(category, "full_name", "name") if isinstance(category, dict) else None


def stock_records(
    gathering: Gathering,
    spool: Spool,
    timezone: dt.tzinfo,
    day: dt.date | None,
    as_of: dt.datetime | None,
) -> Iterator[Record]:
    """Make a record of each stock level: of `day`, else of the day it was read or changed."""
    for level in spool.all(_LEVEL):
        item_id = nested_id(level, "inventory_item_id", "item") or ""
        read_at = moment(level, "__extracted_at", "updated_at")
        quantities = {text(one, "name"): one.get("quantity") for one in items(level, "quantities")}
        available = quantities.get(_AVAILABLE, level.get(_AVAILABLE))
        on_hand = quantities.get(_ON_HAND, level.get(_ON_HAND))
        on_hand = available if on_hand is None else on_hand
        read_at = read_at or as_of
        if on_hand is None or read_at is None:
            gathering.left_out[UNTRACKED] += 1
            continue
        owner = spool.get(_OWNER, item_id)
        if owner is None:
            gathering.left_out[NO_VARIANT] += 1
            continue
        held = int(on_hand)
        free = held if available is None else int(available)
        snapshot = day or read_at.astimezone(timezone).date()
        yield {
            "snapshot_date": snapshot.isoformat(),
            "product_id": owner["variant_id"],
            "warehouse_id": nested_id(level, "location_id", "location"),
            "on_hand": str(held),
            "allocated": str(max(held - free, 0)),
            "reorder_point": "0",
            "ingested_at": written(read_at),
        }


def customer_record(customer: Json, as_of: dt.datetime | None) -> Record | None:
    """Make a customer's record; None without a date of creation."""
    created_at = moment(customer, "created_at") or as_of
    if created_at is None or id_of(customer) is None:
        return None
    changed = moment(customer, "updated_at", "__extracted_at") or as_of or created_at
    address = customer.get("default_address")
    address = address if isinstance(address, dict) else {}
    inside = customer.get("default_email_address")
    email = text(customer, "email") or text(
        inside if isinstance(inside, dict) else {}, "email_address"
    )
    return {
        "customer_id": id_of(customer),
        "email": email,
        "country": text(address, "country_code", "country_code_v2", "country"),
        "created_at": written(created_at),
        "ingested_at": written(max(changed, created_at)),
    }
