"""Reads the inputs of touched orders, and replaces their facts and relation quarantine."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
import psycopg
from psycopg import sql

from ecommerce_assets.rules.orders import Cluster
from ecommerce_assets.warehouse import temporary, touched
from ecommerce_assets.warehouse.frames import copy_in, read, write
from ecommerce_assets.warehouse.staging import hand_over_batches
from ecommerce_assets.warehouse.tables import (
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    QUARANTINE,
    STAGING,
    Kind,
    Table,
)

FEEDS = ("orders", "order_items", "returns", "adjustments")


@dataclass(frozen=True)
class ClusterInputs:
    """All staged versions of the taken orders' records, and their products' versions."""

    order_ids: pd.Series
    orders: pd.DataFrame
    order_items: pd.DataFrame
    returns: pd.DataFrame
    adjustments: pd.DataFrame
    product_versions: pd.DataFrame


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the orders that batches touch."""
    for feed in FEEDS:
        hand_over_batches(connection, feed, days)


def list_batch_facts(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """List the dates of the facts of all orders that the batches' records name.

    They are in the temporary table `batch_fact_dates` (`order_id`, `date`).
    """
    connection.execute(
        """
        create temporary table taken as
        with batches (days) as (values (%s::date[]))
        select order_id from staging.orders, batches where batch_date = any(days)
        union
        select order_id from staging.order_items, batches where batch_date = any(days)
        union
        select order_id from staging.returns, batches where batch_date = any(days)
        union
        select order_id from staging.adjustments, batches where batch_date = any(days)
        """,
        [list(days)],
    )
    connection.execute("drop table if exists batch_fact_dates")
    connection.execute(
        f"create temporary table batch_fact_dates as select distinct * from ({_ROWS_OF_TAKEN}) r"  # noqa: S608
    )
    connection.execute("drop table taken")


def read_inputs(connection: psycopg.Connection) -> ClusterInputs:
    """Read the inputs of `rules.orders.build_cluster` for the orders in `taken`."""
    order_items = _read_versions(connection, "order_items", "order_item_id")
    return ClusterInputs(
        order_ids=read(connection, "select * from taken", {"order_id": Kind.TEXT})["order_id"],
        orders=read(
            connection,
            "select * from staging.orders join taken using (order_id)",
            STAGING["orders"].columns,
        ),
        order_items=order_items,
        returns=_read_versions(connection, "returns", "return_id"),
        adjustments=_read_versions(connection, "adjustments", "adjustment_id"),
        product_versions=read(
            connection,
            "select * from analytics.dim_product where product_id = any(%s)",
            DIM_PRODUCT.columns,
            [order_items["product_id"].unique().tolist()],
        ),
    )


def _read_versions(connection: psycopg.Connection, feed: str, key: str) -> pd.DataFrame:
    """Read all versions of a feed's records of which any version names an order in `taken`."""
    table, column = STAGING[feed], sql.Identifier(key)
    query = sql.SQL(
        "select * from {table}"
        " where {key} in (select {key} from {table} join taken using (order_id))"
    ).format(table=sql.Identifier(*table.name.split(".")), key=column)
    return read(connection, query.as_string(connection), table.columns)


def replace(
    connection: psycopg.Connection,
    cluster: Cluster,
    quarantined: pd.DataFrame,
    kept_ids: pd.Series,
) -> None:
    """Replace the facts and relation quarantine of the orders in `taken`.

    `quarantined` has the columns of `quarantine.records`. `kept_ids` has the orders' ids as
    quarantine stores them: an id that looks like an e-mail address is hashed.

    This deletes the rows of these orders, and the rows of the keys to be written: a line that moved
    to one of these orders may still have a row under another order that is computed later. The
    dates and customers of all deleted and written rows are handed over.
    """
    parts = (
        (FCT_ORDER_ITEMS, cluster.order_items),
        (FCT_RETURNS, cluster.returns),
        (FCT_ADJUSTMENTS, cluster.adjustments),
    )
    for table, rows in parts:
        _list_written(connection, table, rows)
    if _hand_on(connection, f"{_ROWS_OF_TAKEN} union all {_ROWS_OF_OTHERS}"):
        _delete(connection, "analytics.fct_orders", "order_id in (select order_id from taken)")
        for table, _ in parts:
            (key,) = table.key
            _delete(connection, table.name, "order_id in (select order_id from taken)")
            _delete(connection, table.name, f"{key} in (select {key} from written_{key})")  # noqa: S608
    connection.execute(
        "delete from quarantine.records where stage = 'relation' and order_id = any(%s)",
        [kept_ids.tolist()],
    )
    write(connection, FCT_ORDERS, cluster.orders)
    for table, rows in parts:
        write(connection, table, rows)
    write(connection, QUARANTINE, quarantined)
    _hand_on(connection, _ROWS_OF_TAKEN)


def _delete(connection: psycopg.Connection, table: str, condition: str) -> None:
    connection.execute(f"delete from {table} where {condition}")  # noqa: S608


def _list_written(connection: psycopg.Connection, table: Table, rows: pd.DataFrame) -> None:
    """Write the keys to be written to a table into the temporary table `written_<key>`."""
    (key,) = table.key
    temporary.empty(connection, f"written_{key}", f'{key} text collate "C"')
    copy_in(connection, f"written_{key}", {key: Kind.TEXT}, rows)
    connection.execute(sql.SQL("analyze {}").format(sql.Identifier(f"written_{key}")))


_ROWS_OF_TAKEN = """
    select order_id, order_date as date from analytics.fct_orders join taken using (order_id)
    union all
    select order_id, sale_date from analytics.fct_order_items join taken using (order_id)
    where sale_date <> order_date
    union all
    select order_id, return_date from analytics.fct_returns join taken using (order_id)
    union all
    select order_id, adjustment_date from analytics.fct_adjustments join taken using (order_id)
"""

_ROWS_OF_OTHERS = """
    select order_id, sale_date
    from analytics.fct_order_items join written_order_item_id using (order_item_id)
    union all
    select order_id, return_date from analytics.fct_returns join written_return_id using (return_id)
    union all
    select order_id, adjustment_date
    from analytics.fct_adjustments join written_adjustment_id using (adjustment_id)
"""


def _hand_on(connection: psycopg.Connection, rows: str) -> int:
    """Hand over the dates of some facts, and their orders' customers with these dates.

    Give the number of rows; it is 0 if all of the orders are new.
    """
    handed = temporary.fill(connection, "handed", f"select distinct * from ({rows}) r")  # noqa: S608
    if handed:
        touched.hand_over(connection, touched.DATES, "select distinct date from handed")
        touched.hand_over(
            connection,
            touched.CUSTOMERS,
            """
            select distinct customer_id, date from handed join analytics.fct_orders using (order_id)
            where customer_id is not null
            """,
        )
    return handed


_ADDRESS = {
    "feed": Kind.TEXT,
    "batch_date": Kind.DAY,
    "source_file": Kind.TEXT,
    "line_number": Kind.COUNT,
}


def read_records(connection: psycopg.Connection, address: pd.DataFrame) -> pd.DataFrame:
    """Read the staged records at some addresses, each as a JSON object of texts in `record`."""
    temporary.empty(
        connection,
        "wanted",
        "feed text, batch_date date, source_file text, line_number bigint",
    )
    copy_in(connection, "wanted", _ADDRESS, address.drop_duplicates(list(_ADDRESS)))
    staged = sql.SQL(" union all ").join(
        sql.SQL(
            """
            select {feed} as feed, batch_date, source_file, line_number, to_jsonb(s) as record
            from staging.{table} s join wanted using (batch_date, source_file, line_number)
            where feed = {feed}
            """
        ).format(feed=sql.Literal(feed), table=sql.Identifier(feed))
        for feed in FEEDS
    )
    records = read(
        connection,
        sql.SQL(
            """
            select feed, batch_date, source_file, line_number, (
                select json_object_agg(key, value) from jsonb_each_text(r.record)
                where key not in ('batch_date', 'source_file', 'line_number')
            ) as record
            from ({}) r
            """
        )
        .format(staged)
        .as_string(connection),
        {**_ADDRESS, "record": Kind.JSON},
    )
    return records
