"""Unwraps WooCommerce documents, and reads their kind, their moments and common fields."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from ecommerce_assets.shops.documents import DocumentError
from ecommerce_assets.shops.spool import Json


class Kind(StrEnum):
    """The kinds of documents that make feeds, and the two that make none."""

    ORDER = "order"
    REFUND = "refund"
    PRODUCT = "product"
    VARIATION = "variation"
    CUSTOMER = "customer"
    SUBSCRIPTION = "subscription"
    OTHER = "other"


LISTS = frozenset({"data", "orders", "refunds", "products", "variations", "customers"})
"""The keys of envelopes with a list of documents."""
_ENVELOPES = ("_airbyte_data", "record", "body", *sorted(LISTS), "order", "product", "customer")
_MESSAGES = ("SCHEMA", "STATE", "ACTIVATE_VERSION", "LOG", "SPEC", "TRACE", "CONNECTION_STATUS")


def unwrapped(document: Json) -> Iterator[Json]:
    """Give the documents in an extractor's envelope, or a bare document unchanged.

    An extractor's messages without a document (SCHEMA, STATE, …) give nothing.
    """
    if document.get("type") in _MESSAGES:
        return
    if "id" in document and "_airbyte_data" not in document:
        yield document
        return
    inside = next((document[name] for name in _ENVELOPES if document.get(name) is not None), None)
    if isinstance(inside, str):
        try:
            inside = json.loads(inside)
        except ValueError:
            inside = None
    if isinstance(inside, dict):
        yield from unwrapped(inside)
    elif isinstance(inside, list):
        for part in inside:
            if isinstance(part, dict):
                yield from unwrapped(part)
    elif not any(document.get(name) == [] for name in _ENVELOPES):
        yield document


def kind_of(document: Json) -> Kind:
    """Recognise a document's kind by the fields that only this kind has."""
    if document.get("id") is None:
        return Kind.OTHER
    if "line_items" in document or "refunded_by" in document:
        if "billing_period" in document:
            return Kind.SUBSCRIPTION
        return Kind.ORDER if "status" in document and "amount" not in document else Kind.REFUND
    if "regular_price" in document:
        is_variation = document.get("type") == "variation" or "catalog_visibility" not in document
        return Kind.VARIATION if is_variation else Kind.PRODUCT
    if "is_paying_customer" in document or ("username" in document and "email" in document):
        return Kind.CUSTOMER
    return Kind.OTHER


@dataclass(frozen=True)
class Clock:
    """Reads the moments of documents; without an offset or `_gmt` they are in the shop's zone."""

    timezone: str

    def moment(self, document: Json, name: str) -> dt.datetime | None:
        """Read `<name>_gmt`, or `name` if that is missing.

        Raises:
            DocumentError: the value is not a moment.
        """
        for field, zone in ((f"{name}_gmt", dt.UTC), (name, ZoneInfo(self.timezone))):
            text = document.get(field)
            if not text:
                continue
            try:
                moment = dt.datetime.fromisoformat(str(text))
            except ValueError:
                raise DocumentError(
                    f"The document {document.get('id')} has {field}={text!r}, which is no moment;"
                    " export it again."
                ) from None
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)
        return None

    def changed(self, document: Json) -> dt.datetime | None:
        """The moment of the document's last change, or else of its creation."""
        return self.moment(document, "date_modified") or self.moment(document, "date_created")

    def day(self, moment: dt.datetime) -> dt.date:
        """The business date of a moment."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()


def parent_of(document: Json) -> str:
    """The id of the order or product that a refund or variation belongs to; '' if unknown."""
    for name in ("order_id", "product_id", "parent_id"):
        if document.get(name):
            return str(document[name])
    links = document.get("_links") or {}
    for link in (*(links.get("up") or ()), *(links.get("self") or ())):
        found = re.search(r"/(?:orders|products)/(\d+)", str(link.get("href", "")))
        if found:
            return found[1]
    return ""


def meta(document: Json, key: str) -> Any:
    """The value of a `meta_data` entry; None without one."""
    for entry in document.get("meta_data") or ():
        if isinstance(entry, dict) and entry.get("key") == key:
            return entry.get("value")
    return None


def text(value: Any) -> str | None:
    """A text on one line; an empty one is null."""
    if value is None:
        return None
    clean = " ".join(str(value).split())
    return clean.encode("utf-8", "replace").decode() or None


def written(moment: dt.datetime | None) -> str | None:
    """Write a moment for a landing file."""
    return moment.astimezone(dt.UTC).isoformat() if moment else None
