"""`fct_revenue_daily` in the warehouse: its range, its inputs by touched date, its replacement."""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.warehouse import touched
from ecommerce_assets.warehouse.frames import read, write
from ecommerce_assets.warehouse.orders import list_batch_orders
from ecommerce_assets.warehouse.restatements import Cause, logging_restatements
from ecommerce_assets.warehouse.session import bump_version, writing
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    Kind,
)


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the dates on which the orders and returns that batches touch lie."""
    list_batch_orders(connection, days)
    touched.hand_over(
        connection,
        touched.DATES,
        """
        select order_date from analytics.fct_orders join batch_orders using (order_id)
        union
        select return_date from analytics.fct_returns join batch_orders using (order_id)
        """,
    )


def set_range(connection: psycopg.Connection, cause: Cause) -> None:
    """Drop the dates that lie outside the range now, and hand over those that are missing in it.

    The range is from the first recognised order to the latest of the last loaded batch date, the
    last order date and the last return date (docs/reference/rules.md, Revenue of a date).
    """
    with writing(connection):
        first, last = connection.execute(_RANGE).fetchone() or (None, None)
        outside = "(%(first)s::date is null or date not between %(first)s and %(last)s)"
        with logging_restatements(connection, cause, outside, first=first, last=last):
            dropped = connection.execute(
                f"delete from analytics.fct_revenue_daily where {outside}",  # noqa: S608
                {"first": first, "last": last},
            )
        touched.hand_over(
            connection,
            touched.DATES,
            """
            select day::date from generate_series(%s::date, %s::date, interval '1 day') day
            where day::date not in (select date from analytics.fct_revenue_daily)
            """,
            first,
            last,
        )
        connection.execute(
            "delete from ops.touched_dates where %(first)s::date is null"
            " or date not between %(first)s and %(last)s",
            {"first": first, "last": last},
        )
        if dropped.rowcount:
            bump_version(connection)


# Each bound from the end of an index, not from a scan.
_RANGE = """
    select (select min(order_date) from analytics.fct_orders where is_recognised),
           greatest(
               (select max(batch_date) from ops.staged_files),
               (select max(order_date) from analytics.fct_orders),
               (select max(return_date) from analytics.fct_returns)
           )
"""

_ORDER_COLUMNS = (
    "order_id",
    "customer_id",
    "is_recognised",
    "order_date",
    "units",
    "returns",
    "gross_amount",
    "discount_amount",
    "refund_amount",
    "shipping_amount",
    "tax_amount",
)


def read_dates(connection: psycopg.Connection) -> pd.Series:
    """Read the dates in `taken`, ascending."""
    return read(connection, "select date from taken order by date", {"date": Kind.DAY})["date"]


def read_orders(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the `fct_orders` placed on the dates in `taken`."""
    return read(
        connection,
        "select o.* from analytics.fct_orders o join taken t on o.order_date = t.date",
        {name: FCT_ORDERS.columns[name] for name in _ORDER_COLUMNS},
    )


def read_returns(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the `fct_returns` returned on the dates in `taken`."""
    return read(
        connection,
        "select r.* from analytics.fct_returns r join taken t on r.return_date = t.date",
        {name: FCT_RETURNS.columns[name] for name in ("order_id", "return_date", "refund_amount")},
    )


def read_first_order_dates(connection: psycopg.Connection) -> pd.Series:
    """Read first order dates, by `customer_id`, of those who ordered on the dates in `taken`."""
    columns = ("customer_id", "first_order_date")
    frame = read(
        connection,
        """
        select customer_id, first_order_date from analytics.dim_customer where customer_id in (
            select o.customer_id from analytics.fct_orders o join taken t on o.order_date = t.date
        )
        """,
        {name: DIM_CUSTOMER.columns[name] for name in columns},
    )
    return frame.set_index("customer_id")["first_order_date"]


def replace(connection: psycopg.Connection, revenue: pd.DataFrame, cause: Cause) -> None:
    """Replace the dates in `taken`, and log which figures of loaded days this changes."""
    taken = "date in (select date from taken)"
    with logging_restatements(connection, cause, taken):
        connection.execute(f"delete from analytics.fct_revenue_daily where {taken}")  # noqa: S608
        write(connection, FCT_REVENUE_DAILY, revenue)
