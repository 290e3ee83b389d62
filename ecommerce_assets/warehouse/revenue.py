"""`fct_revenue_daily` in the warehouse: its range, its inputs by touched date, its replacement."""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.warehouse import sales, touched
from ecommerce_assets.warehouse.frames import read, write
from ecommerce_assets.warehouse.orders import list_batch_facts
from ecommerce_assets.warehouse.restatements import Cause, logging_restatements
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    Kind,
    Table,
)


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the dates on which the facts of the orders that batches touch lie."""
    list_batch_facts(connection, days)
    touched.hand_over(connection, touched.DATES, "select distinct date from batch_fact_dates")


def set_range(connection: psycopg.Connection, cause: Cause) -> None:
    """Drop the dates that lie outside the range now, and hand over those that are missing in it.

    The range is from the first recognised order to the latest of the last loaded batch date and the
    last date of any fact (docs/reference/rules.md, Revenue of a date). Dates that were handed over
    and lie outside it are dropped from the queue: they have no row.
    """
    first, last = connection.execute(_RANGE).fetchone() or (None, None)
    bounds = {"first": first, "last": last}
    outside = "(%(first)s::date is null or date not between %(first)s and %(last)s)"
    with logging_restatements(connection, cause, outside, **bounds):
        dropped = connection.execute(
            f"delete from analytics.fct_revenue_daily where {outside}",  # noqa: S608
            bounds,
        )
    sales.drop_outside(connection, first, last)
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
    connection.execute(f"delete from ops.touched_dates where {outside}", bounds)  # noqa: S608
    if dropped.rowcount:
        bump_version(connection)


# Each bound from the end of an index, not from a scan.
_RANGE = """
    select (select min(order_date) from analytics.fct_orders where is_recognised),
           greatest(
               (select max(batch_date) from ops.staged_files),
               (select max(order_date) from analytics.fct_orders),
               (select max(sale_date) from analytics.fct_order_items),
               (select max(return_date) from analytics.fct_returns),
               (select max(adjustment_date) from analytics.fct_adjustments)
           )
"""

_ORDER_COLUMNS = (
    "customer_id",
    "order_date",
    "returns",
    "gross_amount",
    "discount_amount",
    "refund_amount",
    "shipping_amount",
    "tax_amount",
)
_LINE_COLUMNS = (
    "sale_date",
    "kind",
    "quantity",
    "gross_amount",
    "discount_amount",
    "order_discount_amount",
    "net_amount",
    "cost_amount",
)
_RETURN_COLUMNS = ("order_id", "return_date", "kind", "refund_amount", "cost_amount")
_ADJUSTMENT_COLUMNS = ("adjustment_date", "kind", "amount")


def read_dates(connection: psycopg.Connection) -> pd.Series:
    """Read the dates in `taken`, ascending."""
    return read(connection, "select date from taken order by date", {"date": Kind.DAY})["date"]


def read_orders(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the recognised `fct_orders` placed on the dates in `taken`."""
    return _read_of_taken(connection, FCT_ORDERS, "order_date", _ORDER_COLUMNS, "f.is_recognised")


def read_lines(connection: psycopg.Connection) -> pd.DataFrame:
    """Read what recognised lines sold on the dates in `taken` sum to.

    By sale date, kind, and whether they have a cost.
    """
    return read(
        connection,
        """
        select f.sale_date, f.kind, sum(f.quantity) as quantity,
               sum(f.gross_amount) as gross_amount, sum(f.discount_amount) as discount_amount,
               sum(f.order_discount_amount) as order_discount_amount,
               sum(f.net_amount) as net_amount, sum(f.cost_amount) as cost_amount
        from analytics.fct_order_items f join taken t on f.sale_date = t.date
        where f.is_recognised
        group by f.sale_date, f.kind, f.cost_amount is null
        """,
        {name: FCT_ORDER_ITEMS.columns[name] for name in _LINE_COLUMNS},
    )


def read_returns(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the `fct_returns` returned on the dates in `taken`."""
    return _read_of_taken(connection, FCT_RETURNS, "return_date", _RETURN_COLUMNS)


def read_adjustments(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the `fct_adjustments` dated on the dates in `taken`."""
    return _read_of_taken(connection, FCT_ADJUSTMENTS, "adjustment_date", _ADJUSTMENT_COLUMNS)


def _read_of_taken(
    connection: psycopg.Connection,
    table: Table,
    date: str,
    columns: tuple[str, ...],
    condition: str = "true",
) -> pd.DataFrame:
    return read(
        connection,
        f"select f.* from {table.name} f join taken t on f.{date} = t.date where {condition}",  # noqa: S608
        {name: table.columns[name] for name in columns},
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
