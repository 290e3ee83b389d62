"""Turns Shopify's CSV exports into documents like those of its API (docs/shopify.md, CSV exports).

Data that the exports lack, such as the date and lines of a refund, stays missing.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.shops.amounts import decimal
from ecommerce_assets.shops.documents import Document, DocumentError, open_bytes, position_in
from ecommerce_assets.shops.money import to_cents
from ecommerce_assets.shops.shopify.canonical import Json

Row = dict[str, str]

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d) ?(?:UTC|([+-]\d\d):?(\d\d))")
_LONGEST_FIELD = 1 << 27
_EXTRA = " (not editable)"


def is_export(path: Path) -> bool:
    """Whether a file's name is that of a CSV file."""
    return path.name.lower().removesuffix(".gz").endswith(".csv")


def read_export(path: Path, hasher: Hasher) -> Iterator[Document]:
    """Read an export of orders, products, customers or stock, as REST documents in an envelope.

    Exports of orders have no customer ids, so the hash of the e-mail address serves as id.

    Raises:
        DocumentError: the file cannot be read, or its header is of no known export.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with open_bytes(path) as file:
            reader = csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline=""), restval="")
            header = [(name or "").strip() for name in reader.fieldnames or ()]
            reader.fieldnames = [name.removesuffix(_EXTRA) for name in header]
            rows = ({key: value.strip() for key, value in row.items() if key} for row in reader)
            stream, documents = _documents(path, set(reader.fieldnames), rows, hasher)
            for number, document in enumerate(documents, start=1):
                value = document if stream == "airbyte" else {"stream": stream, "data": document}
                yield Document(value, path, number, position_in(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DocumentError(f"{path} is no CSV in UTF-8 ({error}); export it again.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DocumentError(f"{path} is a broken gzip ({error}); export it again.") from None


def _documents(
    path: Path, header: set[str], rows: Iterator[Row], hasher: Hasher
) -> tuple[str, Iterator[Json]]:
    if "_airbyte_data" in header:
        return "airbyte", cast(Iterator[Json], rows)
    if {"Name", "Financial Status", "Lineitem quantity"} <= header:
        return "orders", _orders(rows, hasher)
    if {"SKU", "Location"} <= header and header & {"On hand", "On hand (current)", "Available"}:
        return "inventory_levels", _levels(rows)
    if header & {"Handle", "URL handle"} and header & {"Variant Price", "Price"}:
        return "product_variants", _variants(rows)
    if {"Email", "First Name"} <= header:
        return "customers", _customers(rows, hasher)
    raise DocumentError(
        f"{path} has the header of no Shopify export of orders, products, customers or inventory; "
        "name another file."
    )


def _orders(rows: Iterator[Row], hasher: Hasher) -> Iterator[Json]:
    """Give orders; an order's first row has its fields, and each row below adds a line."""
    order: list[Row] = []
    for row in rows:
        if order and row["Name"] != order[0]["Name"]:
            yield _order(order, hasher)
            order = []
        order.append(row)
    if order:
        yield _order(order, hasher)


def _order(rows: list[Row], hasher: Hasher) -> Json:
    head = rows[0]
    order_id = head.get("Id") or head["Name"]
    amounts = {
        key: decimal(head.get(column))
        for key, column in (
            ("subtotal", "Subtotal"),
            ("shipping", "Shipping"),
            ("tax", "Taxes"),
            ("total", "Total"),
            ("duties", "Duties"),
            ("refunded", "Refunded Amount"),
        )
    }
    order: Json = {
        "id": order_id,
        "created_at": _moment(head.get("Created at")),
        "paid_at": _moment(head.get("Paid at")),
        "fulfilled_at": _moment(head.get("Fulfilled at")),
        "cancelled_at": _moment(head.get("Cancelled at")),
        "financial_status": head["Financial Status"].lower().replace(" ", "_"),
        "fulfillment_status": head.get("Fulfillment Status"),
        "currency": head.get("Currency"),
        "subtotal_price": amounts["subtotal"],
        "total_shipping_price": amounts["shipping"],
        "total_tax": amounts["tax"],
        "total_price": amounts["total"],
        "original_total_duties_set": amounts["duties"] or None,
        "taxes_included": _includes_tax(amounts),
        "discount_codes": [code.strip() for code in (head.get("Discount Code") or "").split(",")],
        "source_name": head.get("Source"),
        "shipping_address": {"country_code": head.get("Shipping Country")},
        "billing_address": {"country_code": head.get("Billing Country")},
        "line_items": [
            _line(order_id, place, row)
            for place, row in enumerate(rows, start=1)
            if row.get("Lineitem quantity")
        ],
    }
    if email := head.get("Email"):
        order["customer"] = {"id": hasher(email)}
    return {**order, **_after_refund(amounts)}


def _includes_tax(amounts: dict[str, Decimal]) -> bool:
    """Whether prices include tax, which follows from the order's sums."""
    without_tax = amounts["subtotal"] + amounts["shipping"] + amounts["duties"]
    return amounts["tax"] > 0 and amounts["total"] < without_tax + amounts["tax"]


def _after_refund(amounts: dict[str, Decimal]) -> Json:
    """The order's current totals; a partial refund contains its share of the tax."""
    refunded, total, tax = amounts["refunded"], amounts["total"], amounts["tax"]
    if refunded <= 0 or total <= 0:
        return {}
    tax_back = Decimal(to_cents(tax * refunded / total)).scaleb(-2)
    now: Json = {
        "current_total_price": total - refunded,
        "current_total_tax": tax - tax_back,
    }
    if refunded >= total:
        now["current_shipping_price_set"] = Decimal(0)
    return now


def _line(order_id: str, place: int, row: Row) -> Json:
    return {
        "id": f"{order_id}-{place:04d}",
        "title": row.get("Lineitem name"),
        "sku": row.get("Lineitem sku"),
        "quantity": row["Lineitem quantity"],
        "price": row.get("Lineitem price"),
        "taxable": (row.get("Lineitem taxable") or "true").lower(),
        "total_discount": row.get("Lineitem discount"),
    }


def _variants(rows: Iterator[Row]) -> Iterator[Json]:
    """Give variants; a product's first row has its fields, and a row without price is a picture."""
    handle, title, kind = "", "", ""
    for row in rows:
        own = row.get("Handle") or row.get("URL handle") or ""
        if own != handle or row.get("Title"):
            handle, title = own, row.get("Title") or title
            kind = (
                row.get("Type") or row.get("Product Category") or row.get("Product category") or ""
            )
        price = row.get("Variant Price") or row.get("Price")
        if price:
            variant = _option(row)
            name = f"{title} - {variant}" if variant else title
            sku = row.get("Variant SKU") or row.get("SKU")
            yield {
                "id": f"sku:{sku}" if sku else f"custom:{name[:200]}",
                "inventory_item_id": _stock_key(own, row, sku),
                "title": variant,
                "price": price,
                "product": {"title": title, "product_type": kind},
                "inventory_item": {
                    "id": _stock_key(own, row, sku),
                    "cost": row.get("Cost per item"),
                },
            }


def _option(row: Row) -> str:
    values = [
        row.get(f"Option{place} Value") or row.get(f"Option{place} value") or ""
        for place in (1, 2, 3)
    ]
    shown = " / ".join(value for value in values if value)
    return "" if shown == "Default Title" else shown


def _stock_key(handle: str, row: Row, sku: str | None) -> str:
    return sku or json.dumps([handle, _option(row)])


def _levels(rows: Iterator[Row]) -> Iterator[Json]:
    for row in rows:
        handle = row.get("Handle") or row.get("URL handle") or ""
        on_hand = row.get("On hand (current)") or row.get("On hand")
        available = row.get("Available")
        yield {
            "inventory_item_id": _stock_key(handle, row, row.get("SKU")),
            "location_id": row["Location"],
            "on_hand": _whole(on_hand),
            "available": _whole(available),
        }


def _whole(value: str | None) -> int | None:
    """A quantity; null if the location does not stock the variant ("not stocked")."""
    return int(value) if value and value.lstrip("-").isdecimal() else None


def _customers(rows: Iterator[Row], hasher: Hasher) -> Iterator[Json]:
    for row in rows:
        email = row.get("Email")
        number = row.get("Customer ID", "").strip("'")
        country = row.get("Default Address Country Code") or row.get("Country Code")
        yield {
            "id": hasher(email) if email else number or None,
            "email": email,
            "default_address": {"country_code": country},
        }


def _moment(written: str | None) -> str | None:
    """Rewrite an export's moment, `2024-03-05 10:00:00 +0100`, as ISO 8601."""
    match = _MOMENT.fullmatch(written or "")
    if not match:
        return written or None
    day, time, hours, minutes = match.groups()
    return f"{day}T{time}{hours}:{minutes}" if hours else f"{day}T{time}Z"
