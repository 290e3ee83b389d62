"""Brings Shopify's documents into one form: snake_case keys, plain lists, numeric ids.

REST, GraphQL and extractors differ only in form. Other modules interpret the fields.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ecommerce_assets.shops.amounts import decimal
from ecommerce_assets.shops.documents import DocumentError

Json = dict[str, Any]

_GID = "gid://shopify/"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def canonical(value: Any) -> Any:
    """Rewrite a document: `lineItems {edges {node}}` becomes `line_items`, a list.

    A global id (`gid://shopify/LineItem/12`) becomes its number as text. Keys that start with
    underscores stay as they are.
    """
    if isinstance(value, dict):
        if isinstance(value.get("edges"), list):
            return [canonical(edge.get("node")) for edge in value["edges"] if edge]
        if isinstance(value.get("nodes"), list):
            return canonical(value["nodes"])
        return {
            key if key.startswith("__") else _snake(key): canonical(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, str) and value.startswith(_GID):
        return number_of(value)
    return value


@lru_cache(maxsize=10_000)
def _snake(key: str) -> str:
    return _HUMP.sub("_", key).lower()


def type_of(gid: Any) -> str:
    """Give the type in a global id; '' for any other value."""
    if isinstance(gid, str) and gid.startswith(_GID):
        return gid.removeprefix(_GID).partition("/")[0]
    return ""


def number_of(gid: str) -> str:
    """Give the number in a global id."""
    return gid.rpartition("/")[2].partition("?")[0]


def id_of(document: Json | None, key: str = "id") -> str | None:
    """Give an id, a number or a text, as text; null if it is missing."""
    value = (document or {}).get(key)
    return None if value is None or value == "" else str(value)


def nested_id(document: Json, flat: str, nested: str) -> str | None:
    """Give the id of another document: `variant_id` of REST, `variant {id}` of GraphQL."""
    inside = document.get(nested)
    return id_of(document, flat) or (id_of(inside) if isinstance(inside, dict) else None)


def items(document: Json, key: str) -> Iterator[Json]:
    """Give the objects of a list that may be missing."""
    for item in document.get(key) or ():
        if isinstance(item, dict):
            yield item


def money(document: Json, *keys: str) -> Decimal | None:
    """Give the first amount that is present, in the shop's currency.

    Of a money set the shop money is used, not the presentment money.
    """
    for key in keys:
        value = document.get(key)
        if isinstance(value, dict):
            value = value.get("shop_money", value)
            value = value.get("amount") if isinstance(value, dict) else value
        if value is not None and value != "":
            return decimal(value)
    return None


def total(documents: Iterable[Json], *keys: str) -> Decimal:
    """Sum the amounts of some objects."""
    return sum((money(document, *keys) or Decimal(0) for document in documents), Decimal(0))


def text(document: Json, *keys: str) -> str | None:
    """Give the first text that is present and not blank."""
    for key in keys:
        value = document.get(key)
        if value is not None and str(value).strip():
            return str(value).strip()
    return None


def moment(document: Json, *keys: str) -> dt.datetime | None:
    """Give the first moment that is present, in UTC.

    Raises:
        DocumentError: the moment is not in ISO 8601.
    """
    written = text(document, *keys)
    if written is None:
        return None
    try:
        parsed = dt.datetime.fromisoformat(written)
    except ValueError:
        raise DocumentError(
            f"{'/'.join(keys)} is {written!r}, no ISO 8601 moment; export the document again."
        ) from None
    return parsed.replace(tzinfo=parsed.tzinfo or dt.UTC).astimezone(dt.UTC)


def written(at: dt.datetime | None) -> str | None:
    """Write a moment for a feed, in UTC."""
    return None if at is None else at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def order_of_id(document: Json) -> tuple[int, str]:
    """The sort key of an id: by number if it is a number."""
    key = id_of(document) or ""
    return (int(key), key) if key.isdecimal() else (-1, key)
