"""Reads the range of dates of the facts, and replaces `dim_date`."""

import pandas as pd
import psycopg

from ecommerce_assets.warehouse.frames import write
from ecommerce_assets.warehouse.tables import DIM_DATE

# Each bound is read from the end of an index, without a scan.
_RANGE = """
    select least(
               (select min(order_date) from analytics.fct_orders),
               (select min(return_date) from analytics.fct_returns),
               (select min(adjustment_date) from analytics.fct_adjustments),
               (select min(snapshot_date) from analytics.fct_inventory_daily),
               (select min(date) from analytics.fct_revenue_daily)
           ),
           greatest(
               (select max(order_date) from analytics.fct_orders),
               (select max(sale_date) from analytics.fct_order_items),
               (select max(return_date) from analytics.fct_returns),
               (select max(adjustment_date) from analytics.fct_adjustments),
               (select max(snapshot_date) from analytics.fct_inventory_daily),
               (select max(date) from analytics.fct_revenue_daily)
           )
"""


Range = tuple[pd.Timestamp, pd.Timestamp]


def read_range(connection: psycopg.Connection) -> Range | None:
    """The first and last date of any fact; None without facts."""
    return _range(connection.execute(_RANGE))


def covers_facts(connection: psycopg.Connection) -> bool:
    """Whether `dim_date` has exactly the dates from the first to the last date of any fact."""
    held = connection.execute("select min(date), max(date) from analytics.dim_date")
    return _range(held) == read_range(connection)


def _range(cursor: psycopg.Cursor) -> Range | None:
    first, last = cursor.fetchone() or (None, None)
    return None if first is None else (pd.Timestamp(first), pd.Timestamp(last))


def replace(connection: psycopg.Connection, dates: pd.DataFrame | None) -> None:
    """Replace all dates; without dates the table becomes empty."""
    connection.execute("delete from analytics.dim_date")
    if dates is not None:
        write(connection, DIM_DATE, dates)
