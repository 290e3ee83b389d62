"""A rule gives the same rows for a key alone and together with other keys.

The warehouse relies on it, since it computes any set of touched keys at once.
"""

import random

import pandas as pd
import pytest

from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.rules.customers import build_customers
from ecommerce_assets.rules.inventory import SNAPSHOT_KEY, stock_levels
from ecommerce_assets.rules.orders import Cluster, build_cluster
from ecommerce_assets.rules.products import price_history
from ecommerce_assets.rules.revenue import daily_revenue
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    Table,
)
from ecommerce_tests.random_shop import DAYS, random_records
from ecommerce_tests.rules.staged import cohorts, stage

Staged = dict[str, pd.DataFrame]


@pytest.fixture(scope="module", params=range(5))
def staged(request: pytest.FixtureRequest) -> Staged:
    """Staged records of all feeds."""
    rng = random.Random(request.param)
    return {
        feed: stage(feed, {day: random_records(rng, feed, day) for day in DAYS}) for feed in FEEDS
    }


def assert_same_rows(table: Table, one_by_one: list[pd.DataFrame], together: pd.DataFrame) -> None:
    rows = [row for frame in one_by_one for row in texts(table, frame)]
    assert sorted(rows) == sorted(texts(table, together))


def texts(table: Table, frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Give the rows as comparable texts; a whole number is one, whichever type holds it."""
    rows = frame[list(table.columns)].astype(object).itertuples(index=False, name=None)
    return [tuple("" if pd.isna(value) else str(value) for value in row) for row in rows]


def cluster(staged: Staged, order_ids: pd.Series) -> Cluster:
    return build_cluster(
        order_ids,
        staged["orders"][staged["orders"]["order_id"].isin(order_ids)],
        staged["order_items"],
        staged["returns"],
        staged["adjustments"],
        price_history(staged["products"]),
        timezone="Pacific/Auckland",
        return_days=3,
    )


def all_order_ids(staged: Staged) -> pd.Series:
    feeds = ("orders", "order_items", "returns", "adjustments")
    ids = [staged[feed]["order_id"] for feed in feeds]
    return pd.concat(ids).drop_duplicates()


def each(keys: pd.Series) -> list[pd.Series]:
    return [keys.iloc[[position]] for position in range(len(keys))]


def test_an_order(staged: Staged) -> None:
    ids = all_order_ids(staged)
    together = cluster(staged, ids)
    alone = [cluster(staged, one) for one in each(ids)]

    assert_same_rows(FCT_ORDERS, [one.orders for one in alone], together.orders)
    assert_same_rows(FCT_ORDER_ITEMS, [one.order_items for one in alone], together.order_items)
    assert_same_rows(FCT_RETURNS, [one.returns for one in alone], together.returns)
    assert_same_rows(FCT_ADJUSTMENTS, [one.adjustments for one in alone], together.adjustments)
    broken = sorted(together.broken[["feed", "business_key", "rule"]].itertuples(index=False))
    assert broken == sorted(
        row
        for one in alone
        for row in one.broken[["feed", "business_key", "rule"]].itertuples(index=False)
    )


def test_a_product(staged: Staged) -> None:
    products = staged["products"]
    alone = [price_history(records) for _, records in products.groupby("product_id")]

    assert_same_rows(DIM_PRODUCT, alone, price_history(products))


def test_a_customer(staged: Staged) -> None:
    orders = cluster(staged, all_order_ids(staged)).orders.dropna(subset="customer_id")
    customers = staged["customers"]
    ids = pd.concat([customers["customer_id"], orders["customer_id"]]).drop_duplicates()
    alone = [
        build_customers(
            customers[customers["customer_id"].isin(one)], orders[orders["customer_id"].isin(one)]
        )
        for one in each(ids)
    ]

    assert_same_rows(DIM_CUSTOMER, alone, build_customers(customers, orders))


def test_a_stock_level(staged: Staged) -> None:
    inventory, versions = staged["inventory"], price_history(staged["products"])
    alone = [
        stock_levels(records, versions, timezone="Pacific/Auckland")
        for _, records in inventory.groupby(SNAPSHOT_KEY)
    ]

    together = stock_levels(inventory, versions, timezone="Pacific/Auckland")
    assert_same_rows(FCT_INVENTORY_DAILY, alone, together)


def test_a_date(staged: Staged) -> None:
    facts = cluster(staged, all_order_ids(staged))
    customers = build_customers(
        staged["customers"], facts.orders.dropna(subset="customer_id")
    ).set_index("customer_id")
    dates = pd.Series(pd.date_range("2024-02-20", "2024-03-10", unit="s"))

    def revenue(dates: pd.Series) -> pd.DataFrame:
        return daily_revenue(
            dates,
            recognised(facts.orders, "order_date", dates),
            recognised(facts.order_items, "sale_date", dates),
            facts.returns[facts.returns["return_date"].isin(dates)],
            facts.adjustments[facts.adjustments["adjustment_date"].isin(dates)],
            customers["first_order_date"],
        )

    assert_same_rows(FCT_REVENUE_DAILY, [revenue(one) for one in each(dates)], revenue(dates))


def recognised(facts: pd.DataFrame, date: str, dates: pd.Series) -> pd.DataFrame:
    return facts[facts["is_recognised"] & facts[date].isin(dates)]


def test_a_cohort(staged: Staged) -> None:
    facts = cluster(staged, all_order_ids(staged))
    orders = facts.orders[facts.orders["is_recognised"] & facts.orders["customer_id"].notna()]
    customers = build_customers(staged["customers"], orders).dropna(subset="first_order_date")
    alone = [cohorts(of_date, facts) for _, of_date in customers.groupby("first_order_date")]
    assert_same_rows(FCT_COHORT_LTV, alone, cohorts(customers, facts))
