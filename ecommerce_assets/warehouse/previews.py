"""Reads the number of rows of a table and a few rows, for the metadata of its asset.

It leaves out customers' data, which Dagster's log would keep after an erasure.
"""

import datetime as dt

import pandas as pd
import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.tables import (
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    QUARANTINE,
    STAGING,
    Table,
)

ROWS = 5

_COUNTED = 100_000
"""Larger tables are counted by the planner's estimate, since counting 1 M orders takes 0.1 s."""

_CUSTOMER_COLUMNS = {"customer_id", "email_sha256", "reason"}
"""Columns that identify a customer, and texts written by customers, which may name people."""

# The latest rows, read from the end of an index. `t` is named, since a bare column is the selected
# text, by which PostgreSQL would sort the whole table.
_LATEST = {
    DIM_PRODUCT.name: "from analytics.dim_product t order by t.product_id desc, t.valid_from desc",
    FCT_ORDERS.name: "from analytics.fct_orders t order by t.order_date desc",
    FCT_ORDER_ITEMS.name: """
        from analytics.fct_order_items where order_id in (
            select order_id from analytics.fct_orders order by order_date desc limit 5
        )
    """,
    FCT_ADJUSTMENTS.name: "from analytics.fct_adjustments t order by t.adjustment_date desc",
    FCT_RETURNS.name: "from analytics.fct_returns t order by t.return_date desc",
    FCT_INVENTORY_DAILY.name: "from analytics.fct_inventory_daily t order by t.snapshot_date desc",
    FCT_REVENUE_DAILY.name: "from analytics.fct_revenue_daily t order by t.date desc",
    FCT_COHORT_LTV.name: "from analytics.fct_cohort_ltv t order by t.cohort_date desc",
}


def row_count(connection: psycopg.Connection, table: Table) -> int:
    """Count a table's rows, large tables by estimate."""
    row = connection.execute(
        "select reltuples::bigint from pg_class where oid = %s::regclass", [table.name]
    ).fetchone()
    if row and row[0] > _COUNTED:
        return int(row[0])
    count = sql.SQL("select count(*) from {}").format(sql.Identifier(*table.name.split(".")))
    row = connection.execute(count).fetchone()
    return int(row[0]) if row else 0


def latest_rows(connection: psycopg.Connection, table: Table) -> pd.DataFrame:
    """Read a few of the latest rows as texts; no rows of tables about customers."""
    if table.name not in _LATEST:
        return pd.DataFrame()
    return _texts(connection, table, sql.SQL(_LATEST[table.name]))


def staged_rows(connection: psycopg.Connection, feed: str, day: dt.date) -> pd.DataFrame:
    """Read a few staged records of a feed's day as texts; none of the feed customers."""
    if feed == "customers":
        return pd.DataFrame()
    source = sql.SQL(
        "from {} t where batch_date = {} order by t.batch_date, t.source_file, t.line_number"
    ).format(sql.Identifier("staging", feed), sql.Literal(day))
    return _texts(connection, STAGING[feed], source)


def quarantined_rows(
    connection: psycopg.Connection, stage: str, feed: str | None, day: dt.date | None
) -> pd.DataFrame:
    """Read the addresses and broken rules of a few quarantined records, without their values."""
    cursor = connection.execute(
        sql.SQL(
            """
            select feed, batch_date::text, source_file, line_number::text, (
                select string_agg(concat_ws(' ', r ->> 'rule', r ->> 'column'), ', ')
                from jsonb_array_elements(reasons) r
            ) as reasons
            from {} where stage = %s and (%s::text is null or feed = %s)
              and (%s::date is null or batch_date = %s)
            order by batch_date desc, feed, source_file, line_number limit %s
            """
        ).format(sql.Identifier(*QUARANTINE.name.split("."))),
        [stage, feed, feed, day, day, ROWS],
    )
    columns = ["feed", "batch_date", "source_file", "line_number", "reasons"]
    return pd.DataFrame(cursor.fetchall(), columns=columns)


def _texts(connection: psycopg.Connection, table: Table, source: sql.Composable) -> pd.DataFrame:
    columns = [name for name in table.columns if name not in _CUSTOMER_COLUMNS]
    selected = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in columns)
    query = sql.SQL("select {} {} limit {}").format(selected, source, sql.Literal(ROWS))
    return pd.DataFrame(connection.execute(query).fetchall(), columns=columns)
