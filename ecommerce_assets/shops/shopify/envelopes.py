"""Unwraps Shopify's documents from the output of Airbyte, dlt, Estuary and bulk operations.

`gathering` joins the parts of an order.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ecommerce_assets.shops.documents import Document, DocumentError
from ecommerce_assets.shops.shopify.canonical import Json, canonical, type_of

WRAPPERS = frozenset(
    {
        *("data", "edges", "nodes", "bulkOperationRunQuery"),
        *("order", "orders", "customer", "customers", "product", "products", "variants"),
        *("productVariants", "inventory_items", "inventoryItems", "inventory_levels"),
        *("inventoryLevels", "refunds", "transactions", "draft_orders", "draftOrders"),
    }
)
"""The keys by which Shopify's answers lead to their lists of documents."""

_PROTOCOL = ("STATE", "LOG", "TRACE", "SPEC", "CATALOG", "CONTROL", "CONNECTION_STATUS")


@dataclass(frozen=True)
class Wrapped:
    """A document in canonical form, with the data of its envelope.

    `stream` is the extractor's name for its kind, and `type` the type in its global id, or '' if
    missing. `parent` is the global id, or dlt's row id, of its parent, and `own` is its own; both
    are null if it is not part of a tree.
    """

    body: Json
    stream: str
    type: str
    extracted_at: dt.datetime | None
    is_deleted: bool
    own: str | None = None
    parent: str | None = None


def unwrap(document: Document) -> Iterator[Wrapped]:
    """Give the Shopify documents in a JSON value; an extractor's log or state message has none.

    Raises:
        DocumentError: the value is not an object, or its envelope is broken.
    """
    value, stream = document.value, ""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
        stream, value = (
            str(value[0]).rpartition("/")[2],
            value[1],
        )  # flowctl: [collection, document]
    if not isinstance(value, dict):
        raise DocumentError(f"{document.place}, is no object; export Shopify's documents as JSON.")
    if value.get("type") in _PROTOCOL:
        return
    extracted_at: Any = None
    if isinstance(value.get("record"), dict) and value.get("type") == "RECORD":
        value = value["record"]
    if isinstance(value.get("data"), dict) and "stream" in value:
        stream, extracted_at = str(value["stream"]), value.get("emitted_at")
        value = value["data"]
    elif "_airbyte_data" in value:
        stream = stream or str(value.get("_airbyte_stream") or "")
        extracted_at = value.get("_airbyte_extracted_at") or value.get("_airbyte_emitted_at")
        value = _parsed(document, value["_airbyte_data"])
    if isinstance(value.get("node"), dict) and "id" not in value:
        value = value["node"]
    extracted_at = (
        extracted_at
        or value.get("_airbyte_extracted_at")
        or value.get("_airbyte_emitted_at")
        or value.get("_dlt_load_id")
    )
    deleted = (value.get("_meta") or {}).get("op") == "d" or bool(value.get("_ab_cdc_deleted_at"))
    body = _unflattened(value) if "_dlt_id" in value else value
    _, said, item = str(value.get("id")).partition("?inventory_item_id=")
    if said:
        body = {"inventory_item_id": item, **body}
    yield Wrapped(
        body=canonical({key: item for key, item in body.items() if not _is_envelope(key)}),
        stream=stream or _table(document, value),
        type=type_of(value.get("id"))
        or type_of(value.get("admin_graphql_api_id"))
        or str(value.get("__typename") or ""),
        extracted_at=_moment(document, extracted_at),
        is_deleted=deleted,
        own=value.get("_dlt_id") or (value["id"] if type_of(value.get("id")) else None),
        parent=value.get("_dlt_parent_id") or value.get("__parentId"),
    )


def _is_envelope(key: str) -> bool:
    return key.startswith(("_airbyte_", "_dlt_", "_ab_")) or key in ("_meta", "__parentId")


def _parsed(document: Document, data: Any) -> Json:
    try:
        parsed = json.loads(data, parse_float=Decimal) if isinstance(data, str) else data
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise DocumentError(f"{document.place}: _airbyte_data is no JSON object; export it again.")
    return parsed


def _unflattened(row: Json) -> Json:
    """Turn dlt's flat columns, such as `price_set__shop_money__amount`, into nested objects."""
    nested: Json = {}
    for column, value in row.items():
        *path, last = column.split("__") if not column.startswith("_") else (column,)
        place = nested
        for key in path:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[last] = value
    return nested


def _table(document: Document, row: Json) -> str:
    """The table of a dlt file: its folder, or the first part of its name."""
    if "_dlt_id" not in row:
        return ""
    name = document.file.name.partition(".")[0]
    folder = document.file.parent.name
    return folder if name.replace("_", "").isdecimal() else name


def _moment(document: Document, value: Any) -> dt.datetime | None:
    """Read an envelope's moment: ISO 8601, or seconds or milliseconds since 1970."""
    if value is None or value == "":
        return None
    try:
        seconds = Decimal(str(value))
    except ArithmeticError:
        try:
            at = dt.datetime.fromisoformat(str(value))
        except ValueError:
            raise DocumentError(
                f"{document.place}: its envelope's moment is {value!r}; export it again."
            ) from None
        return at.replace(tzinfo=at.tzinfo or dt.UTC).astimezone(dt.UTC)
    if seconds > 10**11:
        seconds /= 1000
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(seconds * 10**6))
