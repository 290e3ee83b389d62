"""Keeps the range of `fct_revenue_daily`, hands over its dates, and replaces its rows.

`sales` reads its inputs.
"""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.warehouse import sales, temporary, touched
from ecommerce_assets.warehouse.frames import copy_in, read, write
from ecommerce_assets.warehouse.orders import list_batch_facts
from ecommerce_assets.warehouse.restatements import Cause, logging_restatements
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_assets.warehouse.tables import FCT_REVENUE_DAILY, Kind


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the dates of all facts of the orders that batches touch."""
    list_batch_facts(connection, days)
    touched.hand_over(connection, touched.DATES, "select distinct date from batch_fact_dates")


def set_range(connection: psycopg.Connection, cause: Cause) -> None:
    """Delete the dates outside of the range, and hand over those missing within it.

    The range is from the first recognised order to the latest of the last loaded batch date and the
    last date of any fact (docs/reference/rules.md, Revenue of a date). Dates outside of it leave
    the queues too, since they have no row. Refunded dates that are computed as a whole need no
    refunds besides.
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
        [first, last],
    )
    for queue in (touched.DATES, touched.REFUNDED_DATES):
        connection.execute(f"delete from ops.{queue.table} where {outside}", bounds)  # noqa: S608
    connection.execute(
        "delete from ops.touched_refunded_dates where date in (select date from ops.touched_dates)"
    )
    if dropped.rowcount:
        bump_version(connection)


# Each bound is read from the end of an index, without a scan.
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


def read_dates(connection: psycopg.Connection) -> pd.Series:
    """Read the dates in `taken`, ascending."""
    return read(connection, "select date from taken order by date", {"date": Kind.DAY})["date"]


def replace(connection: psycopg.Connection, revenue: pd.DataFrame, cause: Cause) -> None:
    """Replace the dates in `taken`, and log the changed figures of loaded days."""
    taken = "date in (select date from taken)"
    with logging_restatements(connection, cause, taken):
        connection.execute(f"delete from analytics.fct_revenue_daily where {taken}")  # noqa: S608
        write(connection, FCT_REVENUE_DAILY, revenue)


def read_order_counts(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the number of `orders` by `date`, of the dates in `taken`, ascending."""
    return read(
        connection,
        "select * from analytics.fct_revenue_daily where date in (select date from taken)"
        " order by date",
        {name: FCT_REVENUE_DAILY.columns[name] for name in ("date", "orders")},
    )


def replace_refunds(connection: psycopg.Connection, refunds: pd.DataFrame, cause: Cause) -> None:
    """Replace `refunds_by_order_date` and `return_rate` of the dates in `taken`.

    The changed figures of loaded days are logged.
    """
    columns = {
        name: FCT_REVENUE_DAILY.columns[name]
        for name in ("date", "refunds_by_order_date", "return_rate")
    }
    temporary.empty(
        connection,
        "refunds_of_dates",
        "date date, refunds_by_order_date numeric(20, 2), return_rate numeric(5, 4)",
    )
    copy_in(connection, "refunds_of_dates", columns, refunds)
    with logging_restatements(connection, cause, "date in (select date from taken)"):
        connection.execute(
            """
            update analytics.fct_revenue_daily d
            set refunds_by_order_date = r.refunds_by_order_date, return_rate = r.return_rate
            from refunds_of_dates r where r.date = d.date
            """
        )
