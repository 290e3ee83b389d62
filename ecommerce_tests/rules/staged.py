"""Turns records into the frames that rules take, and into facts, without a database."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ecommerce_assets.feeds.contract import FEEDS, Store
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.split import LandedRecords, split
from ecommerce_assets.rules.cohorts import cohort_values
from ecommerce_assets.rules.customers import build_customers
from ecommerce_assets.rules.orders import Cluster, build_cluster
from ecommerce_assets.rules.products import price_history
from ecommerce_assets.rules.revenue import daily_revenue

Records = Sequence[Mapping[str, Any]]

LANDED_ON = "2024-06-30"
"""The batch day of the records: after everything that happens in them."""


def stage(feed: str, batches: Mapping[str, Records]) -> pd.DataFrame:
    """Give what is staged of some batch days, by day."""
    landed = []
    for day, records in batches.items():
        file = io.StringIO()
        writer = csv.DictWriter(file, list(FEEDS[feed].columns))
        writer.writeheader()
        writer.writerows(records)
        name = f"{day}.csv"
        read = read_records(name, file.getvalue().encode(), FEEDS[feed])
        landed.append(LandedRecords(pd.Timestamp(day), name, read))
    return split(FEEDS[feed], Store("UTC", "EUR"), Hasher(None), landed).staged


def stage_all(feed: str, records: Records) -> pd.DataFrame:
    """Give the staged records of one batch day, on which none broke a row rule."""
    dated = [{"ingested_at": LANDED_ON, **record} for record in records]
    staged = stage(feed, {LANDED_ON: dated})
    assert len(staged) == len(records)
    return staged


def facts(*, timezone: str = "UTC", return_days: int = 30, **feeds: Records) -> Cluster:
    """Make the facts of all records, each feed's by its name."""
    unknown = set(feeds) - set(FEEDS)
    assert not unknown, unknown
    staged = {feed: stage_all(feed, feeds.get(feed, ())) for feed in FEEDS}
    parts = ("orders", "order_items", "returns", "adjustments")
    return build_cluster(
        pd.concat([staged[feed]["order_id"] for feed in parts]).drop_duplicates(),
        *(staged[feed] for feed in parts),
        price_history(staged["products"]),
        timezone=timezone,
        return_days=return_days,
    )


def revenue(cluster: Cluster, dates: Iterable[str]) -> pd.DataFrame:
    """Make the figures of some dates from facts; amounts in cents, indexed by date."""
    is_recognised = cluster.orders["is_recognised"]
    known = stage_all("customers", ())
    customers = build_customers(known, cluster.orders.dropna(subset="customer_id"))
    rows = daily_revenue(
        pd.Series(pd.to_datetime(list(dates))).astype("datetime64[s]"),
        _on(dates, "order_date", cluster.orders[is_recognised]),
        _on(dates, "sale_date", cluster.order_items[cluster.order_items["is_recognised"]]),
        _on(dates, "return_date", cluster.returns),
        _on(dates, "adjustment_date", cluster.adjustments),
        customers.set_index("customer_id")["first_order_date"],
    )
    return rows.set_index(rows["date"].dt.strftime("%Y-%m-%d"))


def cohorts(customers: pd.DataFrame, cluster: Cluster) -> pd.DataFrame:
    """Make the cohorts of some rows of `dim_customer`, which are all of their cohorts."""
    cohort = customers[["customer_id", "first_order_date"]].dropna()
    cohort = cohort.rename(columns={"first_order_date": "cohort_date"})
    orders = cluster.orders[cluster.orders["is_recognised"]].merge(cohort, on="customer_id")
    later = orders[orders["order_date"] > orders["cohort_date"]]
    first = later.groupby(["cohort_date", "customer_id"])["order_date"].min().reset_index()
    of_orders = orders.set_index("order_id")["cohort_date"]
    return cohort_values(
        _count(cohort, ["cohort_date"]),
        _count(first, ["cohort_date", "order_date"]),
        *(
            part.join(of_orders, on="order_id", how="inner")
            for part in (cluster.order_items, cluster.returns, cluster.adjustments)
        ),
    )


def _count(customers: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return customers.groupby(by).size().rename("customers").reset_index()


def _on(dates: Iterable[str], column: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows[column].isin(pd.to_datetime(list(dates)))]


def values(frame: pd.DataFrame, *columns: str) -> list[Any]:
    """Give a column's values, or the tuples of several, null as None; days as texts."""
    shown = [[_plain(value) for value in frame[column].tolist()] for column in columns]
    return shown[0] if len(columns) == 1 else list(zip(*shown, strict=True))


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return str(value.date()) if isinstance(value, pd.Timestamp) else value


def broken(cluster: Cluster) -> set[tuple[str, str]]:
    """Give the business keys and the relation rules that they break."""
    return set(cluster.broken[["business_key", "rule"]].itertuples(index=False, name=None))
