"""Converts a synthetic shop's records from whole numbers to the Arrow columns of each feed."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecommerce_assets.feeds.contract import STATUSES
from ecommerce_assets.shops.landing_files import decimals
from ecommerce_assets.shops.synthetic.aftermath import (
    ADJUSTMENT_KINDS,
    ADJUSTMENT_REASONS,
    RETURN_REASONS,
)
from ecommerce_assets.shops.synthetic.catalogue import CATEGORIES
from ecommerce_assets.shops.synthetic.customers import COUNTRIES
from ecommerce_assets.shops.synthetic.lines import KINDS, LINES_PER_ORDER
from ecommerce_assets.shops.synthetic.orders import CHANNELS, NEVER
from ecommerce_assets.shops.synthetic.outbox import Records
from ecommerce_assets.shops.synthetic.random_numbers import Ints
from ecommerce_assets.shops.synthetic.seasons import CODES
from ecommerce_assets.shops.synthetic.stock import WAREHOUSES

Writer = Callable[[Ints], pa.Array]

_GIVEN = (
    "ada",
    "ben",
    "chloe",
    "dimitri",
    "eva",
    "farid",
    "greta",
    "hugo",
    "ines",
    "jonas",
    "kaja",
)
_FAMILY = ("abel", "bruno", "costa", "dahl", "evers", "fonti", "gruber", "hansen", "ito", "jansen")


def table(feed: str, records: Records, currency: str, product_names: Sequence[str]) -> pa.Table:
    """Give a feed's records as the table to write."""
    columns = {name: writer(records[source]) for name, source, writer in _COLUMNS[feed]}
    if feed == "orders":
        columns["currency"] = pa.repeat(pa.scalar(currency), len(records["order"]))
    if feed == "products":
        columns["name"] = one_of(product_names)(records["product"])
    return pa.table(columns)


def numbered(prefix: str, digits: int) -> Writer:
    """Numbers from 0 as keys: `C0000001`; null below 0."""

    def write(values: Ints) -> pa.Array:
        text = pc.cast(pa.array(values + 1, mask=values < 0), pa.string())
        return pc.binary_join_element_wise(prefix, pc.utf8_lpad(text, digits, "0"), "")

    return write


def one_of(texts: Sequence[str]) -> Writer:
    """Positions in `texts`; null below 0."""
    choices = pa.array(texts, pa.string())

    def write(values: Ints) -> pa.Array:
        return choices.take(pa.array(values, mask=values < 0))

    return write


def moments(values: Ints) -> pa.Array:
    """Seconds since 1970; null for `NEVER`."""
    return pa.array(values, pa.timestamp("s", tz="UTC"), mask=values == NEVER)


def days(values: Ints) -> pa.Array:
    """Days since 1970."""
    return pa.array(values.astype(np.int32), pa.date32())


def amounts(values: Ints) -> pa.Array:
    """Cents, written with two decimals."""
    return decimals(values, 2)


def optional_amounts(values: Ints) -> pa.Array:
    """Cents, written with two decimals; null for `NEVER`."""
    missing = values == NEVER
    written = decimals(np.where(missing, 0, values), 2)
    return pc.if_else(pa.array(missing), pa.scalar(None, written.type), written)


def item_ids(values: Ints) -> pa.Array:
    """Order numbers × `LINES_PER_ORDER` + line: `O00000001-1`."""
    line = pc.cast(pa.array(values % LINES_PER_ORDER), pa.string())
    return pc.binary_join_element_wise(order_ids(values // LINES_PER_ORDER), line, "-")


def emails(values: Ints) -> pa.Array:
    """Made-up addresses of customer numbers × 2, and × 2 + 1 after a change; null below 0."""
    number = values // 2
    given = one_of(_GIVEN)(np.where(values < 0, -1, number * 7 % len(_GIVEN)))
    family = one_of(_FAMILY)(number // 3 % len(_FAMILY))
    domain = one_of(("example.com", "example.org"))(values % 2)
    tag = pc.binary_join_element_wise(pc.cast(pa.array(number), pa.string()), domain, "@")
    return pc.binary_join_element_wise(given, family, tag, ".")


order_ids = numbered("O", 8)
product_ids = numbered("P", 4)

_COLUMNS: Mapping[str, Sequence[tuple[str, str, Writer]]] = MappingProxyType(
    {
        "customers": (
            ("customer_id", "customer", numbered("C", 7)),
            ("email", "email", emails),
            ("country", "country", one_of(COUNTRIES)),
            ("created_at", "created_at", moments),
            ("ingested_at", "ingested_at", moments),
        ),
        "products": (
            ("product_id", "product", product_ids),
            ("updated_at", "updated_at", moments),
            ("category", "category", one_of(CATEGORIES)),
            ("price", "price", amounts),
            ("cost", "cost", optional_amounts),
            ("ingested_at", "ingested_at", moments),
        ),
        "orders": (
            ("order_id", "order", order_ids),
            ("customer_id", "customer", numbered("C", 7)),
            ("status", "status", one_of(STATUSES)),
            ("ordered_at", "ordered_at", moments),
            ("paid_at", "paid_at", moments),
            ("fulfilled_at", "fulfilled_at", moments),
            ("delivered_at", "delivered_at", moments),
            ("order_discount", "discount", amounts),
            ("shipping_amount", "shipping", amounts),
            ("tax_amount", "tax", amounts),
            ("channel", "channel", one_of(CHANNELS)),
            ("country", "country", one_of(COUNTRIES)),
            ("discount_code", "code", one_of(CODES)),
            ("ingested_at", "ingested_at", moments),
        ),
        "order_items": (
            ("order_item_id", "item", item_ids),
            ("order_id", "order", order_ids),
            ("product_id", "product", product_ids),
            ("kind", "kind", one_of(KINDS)),
            ("quantity", "quantity", pa.array),
            ("unit_price", "price", amounts),
            ("gross_amount", "gross", optional_amounts),
            ("discount_amount", "discount", amounts),
            ("sold_at", "sold_at", moments),
            ("ingested_at", "ingested_at", moments),
        ),
        "returns": (
            ("return_id", "return", numbered("R", 7)),
            ("order_item_id", "item", item_ids),
            ("order_id", "order", order_ids),
            ("quantity", "quantity", pa.array),
            ("returned_at", "returned_at", moments),
            ("refund_amount", "refund", amounts),
            ("reason", "reason", one_of(RETURN_REASONS)),
            ("ingested_at", "ingested_at", moments),
        ),
        "adjustments": (
            ("adjustment_id", "adjustment", numbered("A", 7)),
            ("order_id", "order", order_ids),
            ("adjusted_at", "adjusted_at", moments),
            ("amount", "amount", amounts),
            ("kind", "kind", one_of(ADJUSTMENT_KINDS)),
            ("reason", "reason", one_of(ADJUSTMENT_REASONS)),
            ("ingested_at", "ingested_at", moments),
        ),
        "inventory": (
            ("snapshot_date", "snapshot_date", days),
            ("product_id", "product", product_ids),
            ("warehouse_id", "warehouse", one_of(WAREHOUSES)),
            ("on_hand", "on_hand", pa.array),
            ("allocated", "allocated", pa.array),
            ("reorder_point", "reorder_point", pa.array),
            ("ingested_at", "ingested_at", moments),
        ),
    }
)

FEEDS = tuple(_COLUMNS)
