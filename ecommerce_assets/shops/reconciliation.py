"""Compares the totals in a shop's order documents with the totals that our rules compute.

Each importer makes the records of an order, and reads the totals in its document. This module reads
and writes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pandas as pd
import pyarrow as pa

from ecommerce_assets.feeds.contract import FEEDS, Store
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.feeds.records import Records
from ecommerce_assets.feeds.split import LandedRecords, Split, split
from ecommerce_assets.rules.orders import Cluster, build_cluster
from ecommerce_assets.shops.money import Cents

COMPARED_FEEDS = ("orders", "order_items", "returns", "adjustments")


class Measure(StrEnum):
    """An amount of an order that is compared: over lines of every kind, in the shop's currency."""

    SOLD = "sold"
    """The net of its lines before refunds, without discounts, shipping and tax."""
    SHIPPING = "shipping"
    """The shipping charged, before refunds, without tax."""
    TAX = "tax"
    TOTAL = "total"
    """`sold` + `shipping` + `tax`."""
    REFUNDED = "refunded"
    """Returns and adjustments of both kinds, without tax."""
    KEPT = "kept"
    """`sold` + `shipping` − `refunded`."""


@dataclass(frozen=True)
class OwnTotal:
    """A measure's amount in an order's document, and the field it was read from.

    `hint` is the likely cause of a difference, if the importer knows one.
    """

    order_id: str
    measure: Measure
    amount: Cents
    source: str
    hint: str = ""


@dataclass(frozen=True)
class Difference:
    """An order for which our rules compute another amount than its document states."""

    order_id: str
    measure: Measure
    source: str
    own: Cents
    ours: Cents
    cause: str

    def __str__(self) -> str:
        own, ours = (f"{amount / 100:,.2f}" for amount in (self.own, self.ours))
        return (
            f"order {self.order_id}: {self.measure} is {own} by {self.source} and {ours} by our "
            f"rules ({self.cause})"
        )


@dataclass(frozen=True)
class Reconciliation:
    """The number of orders compared and of orders without own totals, and the differences."""

    orders: int = 0
    without_totals: int = 0
    differences: Sequence[Difference] = field(default_factory=tuple)

    @property
    def agreeing(self) -> int:
        """The number of orders whose stated measures all equal ours to the cent."""
        return self.orders - len({difference.order_id for difference in self.differences})

    def __add__(self, other: "Reconciliation") -> "Reconciliation":
        return Reconciliation(
            self.orders + other.orders,
            self.without_totals + other.without_totals,
            (*self.differences, *other.differences),
        )


def reconcile(
    records: Mapping[str, pd.DataFrame],
    own: Sequence[OwnTotal],
    *,
    store: Store,
    return_days: int,
    batch_date: pd.Timestamp,
) -> Reconciliation:
    """Compare some orders with their documents' own totals, to the cent.

    Args:
        records: for each of `COMPARED_FEEDS` all records of the orders as texts, in the columns
            that land; missing columns of the feed are null.
        own: the totals in the documents, with any number of measures an order.
        store: the settings by which a record is judged.
        return_days: the store's return window; our rules refund no later return.
        batch_date: the batch date for judging the records, not before any date in them.

    Returns:
        The differences in order of (`order_id`, `measure`).
    """
    splits = {
        feed: _split(feed, records.get(feed, pd.DataFrame()), store, batch_date)
        for feed in COMPARED_FEEDS
    }
    staged = {feed: part.staged for feed, part in splits.items()}
    order_ids = records["orders"]["order_id"].drop_duplicates()
    cluster = build_cluster(
        order_ids,
        staged["orders"],
        staged["order_items"],
        staged["returns"],
        staged["adjustments"],
        _no_product_versions(),
        timezone=store.timezone,
        return_days=return_days,
    )
    ours = _measures(cluster)
    causes = _causes(splits, records, cluster)
    differences = []
    for total in sorted(own, key=lambda total: (total.order_id, total.measure, total.source)):
        made = ours[total.measure].get(total.order_id, 0)
        if made != total.amount:
            cause = "; ".join([*causes.get(total.order_id, ()), *filter(None, [total.hint])])
            if not cause:
                cause = "rounding" if abs(made - total.amount) <= 2 else "not known"
            differences.append(
                Difference(
                    total.order_id, total.measure, total.source, total.amount, int(made), cause
                )
            )
    return Reconciliation(
        orders=len(order_ids),
        without_totals=len(set(order_ids) - {total.order_id for total in own}),
        differences=tuple(differences),
    )


def _split(feed: str, texts: pd.DataFrame, store: Store, batch_date: pd.Timestamp) -> Split:
    frame = texts.reindex(columns=list(FEEDS[feed].columns)).astype("str").replace("", None)
    table = pa.table({name: pa.array(column, pa.string()) for name, column in frame.items()})
    records = Records(table, np.arange(1, len(frame) + 1))
    landed = LandedRecords(batch_date, feed, records)
    return split(FEEDS[feed], store, Hasher(None), [landed])


def _no_product_versions() -> pd.DataFrame:
    """An empty frame, since an order's totals contain no product costs."""
    return pd.DataFrame(
        {
            "product_key": pd.Series(dtype="int64"),
            "product_id": pd.Series(dtype="str"),
            "valid_from": pd.Series(dtype="datetime64[us, UTC]"),
            "valid_to": pd.Series(dtype="datetime64[us, UTC]"),
            "price": pd.Series(dtype="int64"),
            "cost": pd.Series(dtype="Int64"),
        }
    )


def _measures(cluster: Cluster) -> dict[Measure, "pd.Series[int]"]:
    orders = cluster.orders.set_index("order_id")

    def total(frame: pd.DataFrame, column: str) -> "pd.Series[int]":
        return frame.groupby("order_id")[column].sum().reindex(orders.index, fill_value=0)

    sold = total(cluster.order_items, "net_amount")
    shipping, tax = orders["shipping_amount"], orders["tax_amount"]
    refunded = total(cluster.returns, "refund_amount") + total(cluster.adjustments, "amount")
    return {
        Measure.SOLD: sold,
        Measure.SHIPPING: shipping,
        Measure.TAX: tax,
        Measure.TOTAL: sold + shipping + tax,
        Measure.REFUNDED: refunded,
        Measure.KEPT: sold + shipping - refunded,
    }


def _causes(
    splits: Mapping[str, Split], records: Mapping[str, pd.DataFrame], cluster: Cluster
) -> dict[str, list[str]]:
    """Give, for each order, the records that our rules quarantine, with the rule."""
    causes: dict[str, set[str]] = {}
    for feed, part in splits.items():
        if part.quarantined.empty:
            continue
        places = part.quarantined["line_number"].to_numpy() - 1
        order_ids = records[feed]["order_id"].iloc[places]
        for order_id, reasons in zip(order_ids, part.quarantined["reasons"], strict=True):
            rules = sorted({str(reason["rule"]) for reason in json.loads(reasons)})
            causes.setdefault(order_id, set()).add(
                f"a record of {feed} breaks {' and '.join(rules)}"
            )
    broken = cluster.broken[["order_id", "feed", "rule"]].drop_duplicates()
    for order_id, feed, rule in broken.to_numpy().tolist():
        causes.setdefault(order_id, set()).add(f"a record of {feed} breaks {rule}")
    return {order_id: sorted(found) for order_id, found in causes.items()}
