"""Reads the inputs of touched products, and replaces their rows of `dim_product`."""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.warehouse import temporary, touched
from ecommerce_assets.warehouse.frames import copy_in, read, write
from ecommerce_assets.warehouse.staging import hand_over_batches
from ecommerce_assets.warehouse.tables import DIM_PRODUCT, STAGING, Kind


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the products that batches touch."""
    hand_over_batches(connection, "products", days)


def read_records(connection: psycopg.Connection) -> pd.DataFrame:
    """Read all staged records of the products in `taken`."""
    return read(
        connection,
        "select * from staging.products join taken using (product_id)",
        STAGING["products"].columns,
    )


def read_versions(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the current rows of `dim_product` of the products in `taken`."""
    return read(
        connection,
        "select * from analytics.dim_product join taken using (product_id)",
        DIM_PRODUCT.columns,
    )


def replace(
    connection: psycopg.Connection, versions: pd.DataFrame, changed_spans: pd.DataFrame
) -> None:
    """Replace the versions of the products in `taken`.

    `changed_spans` has the spans in which a product's version or its cost changed (`product_id`,
    `starts_at`, `ends_at`). This hands over the orders with lines sold, and the stock levels, in
    those spans. For products whose category changed it hands over the dates of their sales and
    returns.
    """
    temporary.fill(
        connection,
        "categories_before",
        """
        select product_id, category from analytics.dim_product join taken using (product_id)
        where is_current
        """,
    )
    connection.execute(
        "delete from analytics.dim_product where product_id in (select product_id from taken)"
    )
    write(connection, DIM_PRODUCT, versions)
    _hand_on(connection, changed_spans)
    _hand_on_categories(connection)


def _hand_on_categories(connection: psycopg.Connection) -> None:
    temporary.fill(
        connection,
        "recategorised",
        """
        select product_id from categories_before b full join (
            select product_id, category from analytics.dim_product join taken using (product_id)
            where is_current
        ) a using (product_id)
        where b.category is distinct from a.category
        """,
    )
    touched.hand_over(
        connection,
        touched.DATES,
        """
        with lines as (
            select i.order_item_id, i.order_id, i.order_date, i.sale_date
            from recategorised join analytics.fct_order_items i using (product_id)
        )
        select order_date from lines
        union
        select sale_date from lines
        union
        select r.return_date from lines join analytics.fct_returns r using (order_id, order_item_id)
        """,
    )


def _hand_on(connection: psycopg.Connection, spans: pd.DataFrame) -> None:
    temporary.empty(
        connection, "spans", "product_id text, starts_at timestamptz, ends_at timestamptz"
    )
    columns = {"product_id": Kind.TEXT, "starts_at": Kind.MOMENT, "ends_at": Kind.MOMENT}
    copy_in(connection, "spans", columns, spans)
    connection.execute("analyze spans")
    # A sale date, and a snapshot's last instant, is within a day of its date in UTC.
    touched.hand_over(
        connection,
        touched.ORDERS,
        """
        select distinct i.order_id from spans s
        join analytics.fct_order_items i on i.product_id = s.product_id
            and i.sale_date between s.starts_at::date - 1 and s.ends_at::date + 1
            and i.sold_at >= s.starts_at and i.sold_at < s.ends_at
        """,
    )
    touched.hand_over(
        connection,
        touched.INVENTORY,
        """
        select i.snapshot_date, i.product_id, i.warehouse_id from spans s
        join analytics.fct_inventory_daily i on i.product_id = s.product_id
            and i.snapshot_date between s.starts_at::date - 1 and s.ends_at::date + 1
        """,
    )
