"""The order cluster in the warehouse: its inputs by touched order, and its replacement."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
import psycopg

from ecommerce_assets.rules.orders import Cluster
from ecommerce_assets.warehouse import touched
from ecommerce_assets.warehouse.frames import copy_in, read, write
from ecommerce_assets.warehouse.staging import hand_over_batches
from ecommerce_assets.warehouse.tables import (
    DIM_PRODUCT,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    QUARANTINE,
    STAGING,
    Kind,
)

FEEDS = ("orders", "order_items", "returns")


@dataclass(frozen=True)
class ClusterInputs:
    """All staged versions of what the taken orders consist of, and their products' versions."""

    order_ids: pd.Series
    orders: pd.DataFrame
    order_items: pd.DataFrame
    returns: pd.DataFrame
    product_versions: pd.DataFrame


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the orders that batches touch."""
    for feed in FEEDS:
        hand_over_batches(connection, feed, days)


def list_batch_orders(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """List the orders that batches' records name now, in the temporary table `batch_orders`."""
    connection.execute(
        """
        create temporary table batch_orders on commit drop as
        with batches (days) as (values (%s::date[]))
        select order_id from staging.orders, batches where batch_date = any(days)
        union
        select order_id from staging.order_items, batches where batch_date = any(days)
        union
        select order_id from staging.returns, batches where batch_date = any(days)
        """,
        [list(days)],
    )


def read_inputs(connection: psycopg.Connection) -> ClusterInputs:
    """Read what `rules.orders.build_cluster` takes, for the orders in `taken`."""
    order_items = read(
        connection,
        """
        select * from staging.order_items where order_item_id in (
            select order_item_id from staging.order_items join taken using (order_id)
        )
        """,
        STAGING["order_items"].columns,
    )
    return ClusterInputs(
        order_ids=read(connection, "select * from taken", {"order_id": Kind.TEXT})["order_id"],
        orders=read(
            connection,
            "select * from staging.orders join taken using (order_id)",
            STAGING["orders"].columns,
        ),
        order_items=order_items,
        returns=read(
            connection,
            """
            select * from staging.returns where return_id in (
                select return_id from staging.returns join taken using (order_id)
            )
            """,
            STAGING["returns"].columns,
        ),
        product_versions=read(
            connection,
            "select * from analytics.dim_product where product_id = any(%s)",
            DIM_PRODUCT.columns,
            [order_items["product_id"].unique().tolist()],
        ),
    )


def replace(
    connection: psycopg.Connection,
    inputs: ClusterInputs,
    cluster: Cluster,
    quarantined: pd.DataFrame,
) -> None:
    """Replace the facts and relation quarantine of the orders in `taken`.

    `quarantined` has the columns of `quarantine.records`. Hands on the
    dates and customers of their rows before and after.
    """
    _hand_on(connection)
    for statement in (
        "delete from analytics.fct_orders where order_id in (select order_id from taken)",
        "delete from analytics.fct_order_items where order_id in (select order_id from taken)",
        "delete from analytics.fct_returns where order_id in (select order_id from taken)",
        """
        delete from quarantine.records
        where stage = 'relation' and order_id in (select order_id from taken)
        """,
    ):
        connection.execute(statement)
    # What moved here from an order whose turn comes later still has its row there.
    connection.execute(
        "delete from analytics.fct_order_items where order_item_id = any(%s)",
        [_moved(inputs.order_items, "order_item_id", cluster.order_items)],
    )
    connection.execute(
        "delete from analytics.fct_returns where return_id = any(%s)",
        [_moved(inputs.returns, "return_id", cluster.returns)],
    )
    write(connection, FCT_ORDERS, cluster.orders)
    write(connection, FCT_ORDER_ITEMS, cluster.order_items)
    write(connection, FCT_RETURNS, cluster.returns)
    write(connection, QUARANTINE, quarantined)
    _hand_on(connection)


def _moved(versions: pd.DataFrame, key: str, facts: pd.DataFrame) -> list[str]:
    """The facts' keys of which staged versions name several orders."""
    pairs = versions[[key, "order_id"]].drop_duplicates()
    several = pairs.loc[pairs[key].duplicated(), key]
    return facts.loc[facts[key].isin(several), key].tolist()


def _hand_on(connection: psycopg.Connection) -> None:
    touched.hand_over(
        connection,
        touched.DATES,
        """
        select order_date from analytics.fct_orders join taken using (order_id)
        union
        select return_date from analytics.fct_returns join taken using (order_id)
        """,
    )
    touched.hand_over(
        connection,
        touched.CUSTOMERS,
        """
        select customer_id, order_date
        from analytics.fct_orders join taken using (order_id) where customer_id is not null
        union
        select o.customer_id, r.return_date
        from analytics.fct_returns r join taken using (order_id)
        join analytics.fct_orders o using (order_id) where o.customer_id is not null
        """,
    )


_ADDRESS = {
    "feed": Kind.TEXT,
    "batch_date": Kind.DAY,
    "source_file": Kind.TEXT,
    "line_number": Kind.COUNT,
}


def read_records(connection: psycopg.Connection, address: pd.DataFrame) -> pd.DataFrame:
    """Read the staged records at some addresses, each as a JSON object of texts in `record`."""
    connection.execute(
        "create temporary table wanted (feed text, batch_date date, source_file text,"
        " line_number bigint) on commit drop"
    )
    copy_in(connection, "wanted", _ADDRESS, address.drop_duplicates(list(_ADDRESS)))
    records = read(
        connection,
        """
        select w.feed, w.batch_date, w.source_file, w.line_number, (
            select json_object_agg(key, value) from jsonb_each_text(r.record)
            where key not in ('batch_date', 'source_file', 'line_number')
        ) as record
        from wanted w join (
            select 'orders' as feed, batch_date, source_file, line_number, to_jsonb(s) as record
            from staging.orders s join wanted using (batch_date, source_file, line_number)
            where feed = 'orders'
            union all
            select 'order_items', batch_date, source_file, line_number, to_jsonb(s)
            from staging.order_items s join wanted using (batch_date, source_file, line_number)
            where feed = 'order_items'
            union all
            select 'returns', batch_date, source_file, line_number, to_jsonb(s)
            from staging.returns s join wanted using (batch_date, source_file, line_number)
            where feed = 'returns'
        ) r using (feed, batch_date, source_file, line_number)
        """,
        {**_ADDRESS, "record": Kind.JSON},
    )
    connection.execute("drop table wanted")
    return records
