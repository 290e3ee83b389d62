"""Rules give empty frames with their table's columns for empty input, as an emptied day has."""

import pandas as pd
import pytest

from ecommerce_assets.rules.breakdown import daily_sales
from ecommerce_assets.rules.cohorts import cohort_values
from ecommerce_assets.rules.customers import build_customers
from ecommerce_assets.rules.inventory import stock_levels
from ecommerce_assets.rules.orders import build_cluster
from ecommerce_assets.rules.products import changed_spans, price_history
from ecommerce_assets.rules.revenue import daily_revenue
from ecommerce_assets.warehouse import frames
from ecommerce_assets.warehouse.session import connect
from ecommerce_assets.warehouse.tables import (
    ANALYTICS,
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    STAGING,
    Table,
)

Empty = dict[str, pd.DataFrame]


@pytest.fixture
def empty(database_url: str) -> Empty:
    """Every table of a new warehouse, as the loader reads it."""
    with connect(database_url) as connection:
        return {
            table.name: frames.read(connection, f"select * from {table.name}", table.columns)
            for table in (*ANALYTICS, *STAGING.values())
        }


def assert_no_rows(table: Table, frame: pd.DataFrame) -> None:
    assert frame.empty
    assert set(table.columns) <= set(frame.columns)


def test_orders(empty: Empty) -> None:
    cluster = build_cluster(
        pd.Series(["O1"], dtype="str"),
        empty["staging.orders"],
        empty["staging.order_items"],
        empty["staging.returns"],
        empty["staging.adjustments"],
        empty["analytics.dim_product"],
        timezone="Europe/London",
        return_days=30,
    )

    assert_no_rows(FCT_ORDERS, cluster.orders)
    assert_no_rows(FCT_ORDER_ITEMS, cluster.order_items)
    assert_no_rows(FCT_RETURNS, cluster.returns)
    assert_no_rows(FCT_ADJUSTMENTS, cluster.adjustments)
    assert cluster.broken.empty


def test_products(empty: Empty) -> None:
    assert_no_rows(DIM_PRODUCT, price_history(empty["staging.products"]))
    assert changed_spans(empty[DIM_PRODUCT.name], empty[DIM_PRODUCT.name]).empty


def test_customers(empty: Empty) -> None:
    rows = build_customers(empty["staging.customers"], empty[FCT_ORDERS.name])
    assert_no_rows(DIM_CUSTOMER, rows)


def test_stock_levels(empty: Empty) -> None:
    levels = stock_levels(empty["staging.inventory"], empty[DIM_PRODUCT.name], timezone="UTC")
    assert_no_rows(FCT_INVENTORY_DAILY, levels)


def test_cohorts(empty: Empty) -> None:
    parts = (DIM_CUSTOMER, FCT_ORDERS, FCT_ORDER_ITEMS, FCT_RETURNS, FCT_ADJUSTMENTS)
    no_cohort = {
        "cohort_date": pd.Series(dtype="datetime64[s]"),
        "customers": pd.Series(dtype="int64"),
    }
    rows = cohort_values(*(empty[part.name].assign(**no_cohort) for part in parts))
    assert_no_rows(FCT_COHORT_LTV, rows)


def test_a_date_without_sales_has_none_of_any_product(empty: Empty) -> None:
    facts = (FCT_ORDERS, FCT_ORDER_ITEMS, FCT_RETURNS, FCT_ADJUSTMENTS)
    rows = daily_sales(
        pd.Series(pd.to_datetime(["2024-03-05"]).as_unit("s")),
        *(empty[table.name] for table in facts),
        empty[DIM_CUSTOMER.name].set_index("customer_id")["first_order_date"],
        empty[DIM_PRODUCT.name].set_index("product_id")["category"],
    )
    assert rows.empty


def test_a_date_without_orders_has_a_row_of_zeros(empty: Empty) -> None:
    rows = daily_revenue(
        pd.Series(pd.to_datetime(["2024-03-05"]).as_unit("s")),
        empty[FCT_ORDERS.name],
        empty[FCT_ORDER_ITEMS.name],
        empty[FCT_RETURNS.name],
        empty[FCT_ADJUSTMENTS.name],
        empty[DIM_CUSTOMER.name].set_index("customer_id")["first_order_date"],
    )

    assert set(FCT_REVENUE_DAILY.columns) <= set(rows.columns)
    row = rows.iloc[0]
    sums = ("orders", "net_revenue", "gross_margin", "other_sales", "shipping", "new_customers")
    assert [row[name] for name in sums] == [0] * len(sums)
    assert row["aov"] is None
    assert row["return_rate"] is None
