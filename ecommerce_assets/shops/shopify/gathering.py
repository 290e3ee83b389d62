"""Joins the parts of orders and products, which come in any order.

Documents wait in the spool, so that memory is bounded. `orders` and `catalogue` make the records.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator

from ecommerce_assets.shops.shopify.canonical import (
    Json,
    id_of,
    items,
    moment,
    nested_id,
    order_of_id,
    type_of,
    written,
)
from ecommerce_assets.shops.shopify.envelopes import Wrapped
from ecommerce_assets.shops.spool import Spool

PARTS = ("refunds", "transactions", "agreements", "fulfillments", "returns", "exchange_v2s")
"""Lists of an order that extractors also deliver as streams of their own."""

_TOTALS = ("total_price_set", "total_price", "current_total_price_set")

_KINDS = {
    "Order": "order",
    "Product": "product",
    "ProductVariant": "variant",
    "InventoryItem": "inventory_item",
    "InventoryLevel": "inventory_level",
    "Customer": "customer",
    "DraftOrder": "draft",
    "Refund": "refunds",
    "OrderTransaction": "transactions",
    "Fulfillment": "fulfillments",
}
_STREAMS = {
    "orders": "order",
    "order_agreements": "order",
    "products": "product",
    "products_graph_ql": "product",
    "product_variants": "variant",
    "inventory_items": "inventory_item",
    "inventory_levels": "inventory_level",
    "customers": "customer",
    "draft_orders": "draft",
    "refunds": "refunds",
    "transactions": "transactions",
    "fulfillments": "fulfillments",
}
_CHILDREN = {
    "LineItem": "line_items",
    "ShippingLine": "shipping_lines",
    "CalculatedShippingLine": "shipping_lines",
    "Refund": "refunds",
    "RefundLineItem": "refund_line_items",
    "RefundShippingLine": "refund_shipping_lines",
    "OrderAdjustment": "order_adjustments",
    "OrderTransaction": "transactions",
    "Fulfillment": "fulfillments",
    "Return": "returns",
    "ExchangeLineItem": "exchange_line_items",
    "ExchangeV2": "exchange_v2s",
    "ProductVariant": "variants",
    "InventoryLevel": "inventory_levels",
}

_CHILD = "child"
_PART = "order part"
_DELETED = "deleted"


class Gathering:
    """The documents of some files.

    `counts` has the number of documents read by kind, and `left_out` those not used by reason.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.counts: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def add(self, wrapped: Wrapped, scope: str) -> None:
        """Add a document; `scope` is its file, within which children refer to their parents."""
        if wrapped.parent is not None:
            self._add_child(wrapped, scope)
            return
        kind = _kind(wrapped)
        if kind is None:
            self.left_out[
                f"documents of another kind ({wrapped.stream or wrapped.type or '?'})"
            ] += 1
        elif wrapped.is_deleted:
            self.left_out[f"deleted: {kind}"] += 1
            key = f"{kind}|{_key(kind, wrapped.body)}"
            self._spool.keep(_DELETED, key, {}, version="", parent="")
        elif kind == "draft":
            self.left_out["draft orders"] += 1
        else:
            self.counts[kind] += 1
            self._add_root(kind, wrapped, scope)

    def _add_root(self, kind: str, wrapped: Wrapped, scope: str) -> None:
        body = dict(wrapped.body)
        version = _version(wrapped)
        if wrapped.own is not None:
            body["__own"] = _name(wrapped.own, scope)
        if wrapped.extracted_at is not None:
            body["__extracted_at"] = written(wrapped.extracted_at)
        key = _key(kind, body)
        if kind in ("refunds", "transactions", "fulfillments"):
            order_id = nested_id(body, "order_id", "order") or ""
            self._keep_part(order_id, f"{kind}|{key}", {kind: [body]}, version)
        elif kind == "order" and not _is_whole(body):
            named = "+".join(part for part in PARTS if part in body)
            self._keep_part(key, named or scope, body, version)
        else:
            # Of documents with prices every version counts, of the others only the latest.
            several = kind in ("product", "variant", "inventory_item", "inventory_level")
            name = f"{key}|{version}" if several else key
            self._spool.keep(kind, name, body, version=version, parent=key)

    def _keep_part(self, order_id: str, name: str, body: Json, version: str) -> None:
        body["__version"] = version
        self._spool.keep(_PART, f"{order_id}|{name}", body, version=version, parent=order_id)

    def _add_child(self, wrapped: Wrapped, scope: str) -> None:
        body = dict(wrapped.body)
        field = _field(wrapped)
        if field is None:
            self.left_out[
                f"children of another kind ({wrapped.stream or wrapped.type or '?'})"
            ] += 1
            return
        self.counts[field] += 1
        body["__field"] = field
        parent = _name(wrapped.parent or "", scope)
        own = wrapped.own or json.dumps(body, sort_keys=True, default=str)
        body["__own"] = _name(own, scope)
        self._spool.keep(_CHILD, f"{parent}|{own}", body, version="", parent=parent)

    def whole(self, kind: str) -> Iterator[Json]:
        """Give the documents of a kind with their children, by id.

        Orders and customers come in their latest version, other documents in every version.
        Deleted orders and customers are left out. Versions of deleted products stay, since they
        were sold.
        """
        for body in self._spool.all(kind):
            is_final = kind in ("order", "customer")
            if is_final and self._spool.get(_DELETED, f"{kind}|{id_of(body)}") is not None:
                continue
            self._attach(body)
            if kind == "order":
                self._merge_parts(body)
            yield body

    def knows(self, kind: str, key: str) -> bool:
        """Whether a document of this id exists, or existed before it was deleted."""
        names = ((kind, key), (_DELETED, f"{kind}|{key}"))
        return any(self._spool.get(*name) is not None for name in names)

    def orphans(self) -> int:
        """Count the parts of orders whose order is in no file."""
        return sum(1 for _ in self._spool.without_parent(_PART, "order"))

    def _attach(self, body: Json) -> None:
        own = body.pop("__own", None)
        if own is None:
            return
        for child in self._spool.of_parent(_CHILD, own):
            self._attach(child)
            field = child.pop("__field")
            if not isinstance(body.get(field), list):
                body[field] = []
            body[field].append(child)

    def _merge_parts(self, order: Json) -> None:
        parts = self._spool.of_parent(_PART, id_of(order) or "")
        for part in parts:
            self._attach(part)
            for item in (item for field in PARTS for item in items(part, field)):
                self._attach(item)
        parts.sort(key=lambda part: (part["__version"], json.dumps(part, sort_keys=True)))
        for field in PARTS:
            lists = [part[field] for part in (*parts, order) if isinstance(part.get(field), list)]
            if lists:
                order[field] = _merged(lists)


def _merged(lists: Iterable[list[Json]]) -> list[Json]:
    """Merge lists by id, in order of the id; a later item replaces an earlier one of its id."""
    by_id: dict[str, Json] = {}
    for item in (item for items_ in lists for item in items_):
        said = {name: value for name, value in item.items() if value is not None}
        key = id_of(item) or json.dumps(item, sort_keys=True)
        by_id[key] = {**by_id.get(key, {}), **said}
    return sorted(by_id.values(), key=order_of_id)


def _kind(wrapped: Wrapped) -> str | None:
    stream = wrapped.stream.lower()
    if stream in ("order_refunds", "order_transactions"):
        # Airbyte's are the refund or transaction, Estuary's the order that has them.
        stream = "orders" if stream.removeprefix("order_") in wrapped.body else stream[6:]
    return (
        _STREAMS.get(stream)
        or _KINDS.get(wrapped.type)
        or (None if stream else _guess(wrapped.body))
    )


def _key(kind: str, body: Json) -> str:
    if kind == "inventory_level":
        item = nested_id(body, "inventory_item_id", "item") or id_of(body)
        return f"{item}|{nested_id(body, 'location_id', 'location')}"
    return id_of(body) or ""


def _name(own: str, scope: str) -> str:
    """The key of a parent: global ids hold across files, dlt's row ids only within one."""
    return f"{scope}|{own}" if type_of(own) else own


def _guess(body: Json) -> str | None:
    """Recognise the kind of a bare REST document by the fields that only this kind has."""
    for kind, fields in (
        ("draft", {"invoice_url", "completed_at"}),
        ("order", {"line_items"}),
        ("order", {"financial_status", "id"}),
        ("order", {"agreements", "id"}),
        ("refunds", {"refund_line_items"}),
        ("transactions", {"gateway", "kind", "order_id"}),
        ("inventory_level", {"inventory_item_id", "location_id"}),
        ("variant", {"inventory_item_id", "price"}),
        ("product", {"variants"}),
        ("product", {"product_type", "title"}),
        ("inventory_item", {"cost", "tracked"}),
        ("fulfillments", {"tracking_number", "order_id"}),
        ("customer", {"email", "created_at"}),
    ):
        if fields <= body.keys():
            return kind
    return None


def _is_whole(order: Json) -> bool:
    """Whether a document is an order, and not only one of its lists with its id."""
    return "line_items" in order or any(field in order for field in _TOTALS)


def _field(wrapped: Wrapped) -> str | None:
    """The field of the parent that lists a child."""
    if "__" in wrapped.stream:
        # dlt: orders__refunds__refund_line_items is a list of orders__refunds.
        return wrapped.stream.rpartition("__")[2]
    if wrapped.type in _CHILDREN:
        return _CHILDREN[wrapped.type]
    if wrapped.type.endswith("Agreement"):
        return "agreements"
    if wrapped.type.endswith("Sale"):
        return "sales"
    return None


def _version(wrapped: Wrapped) -> str:
    """The key that orders a document's versions: its last change, else when it was read."""
    at = moment(wrapped.body, "updated_at", "created_at") or wrapped.extracted_at
    return stamp(at)


def stamp(at: dt.datetime | None) -> str:
    """Write a moment in UTC so that the texts sort by time; '' if it is missing."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}" if at else ""
