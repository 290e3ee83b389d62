"""Reads the inputs of touched dates, and replaces the rows of sales by day and by month.

`fct_revenue_daily` has the same inputs. `revenue` keeps the range and hands over the dates of both.
"""

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import psycopg

from ecommerce_assets.rules.breakdown import DIMENSIONS
from ecommerce_assets.warehouse import temporary
from ecommerce_assets.warehouse.frames import copy_in, read, write
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_SALES_DAILY,
    Table,
)


def read_orders(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the recognised orders placed on the dates in `taken`, or with a fact dated on them.

    Each has its customer's `first_order_date`, null for a guest.
    """
    temporary.fill(
        connection,
        "with_facts",
        """
        select order_id from analytics.fct_order_items
        where sale_date in (select date from taken) and sale_date <> order_date
        union
        select order_id from analytics.fct_returns where return_date in (select date from taken)
        union
        select order_id from analytics.fct_adjustments
        where adjustment_date in (select date from taken)
        """,
    )
    return _read_orders(
        connection,
        """
        select * from analytics.fct_orders
        where is_recognised and order_date in (select date from taken)
        union all
        select o.* from with_facts join analytics.fct_orders o using (order_id)
        where o.is_recognised and o.order_date not in (select date from taken)
        """,
    )


def _read_orders(connection: psycopg.Connection, orders: str) -> pd.DataFrame:
    columns = (
        "order_id order_date customer_id country channel discount_code returns gross_amount"
        " discount_amount refund_amount shipping_amount tax_amount"
    )
    return read(
        connection,
        f"""
        select * from ({orders}) o left join (
            select customer_id, first_order_date from analytics.dim_customer
        ) c using (customer_id)
        """,  # noqa: S608
        {
            **{name: FCT_ORDERS.columns[name] for name in columns.split()},
            "first_order_date": DIM_CUSTOMER.columns["first_order_date"],
        },
    )


def read_refunded_orders(connection: psycopg.Connection) -> pd.DataFrame:
    """Read those recognised orders placed on the dates in `taken` of which anything was given back.

    Their columns are those of `read_orders`.
    """
    return _read_orders(
        connection,
        """
        select * from analytics.fct_orders o
        where is_recognised and order_date in (select date from taken) and (
            returns > 0 or order_id in (select order_id from analytics.fct_adjustments)
        )
        """,
    )


def read_lines(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the recognised lines sold on the dates in `taken`, or of orders placed on them."""
    return _read(
        connection,
        FCT_ORDER_ITEMS,
        "order_id product_id kind sale_date quantity gross_amount discount_amount"
        " order_discount_amount net_amount cost_amount",
        """
        select * from analytics.fct_order_items
        where is_recognised and sale_date in (select date from taken)
        union all
        select * from analytics.fct_order_items
        where is_recognised and sale_date <> order_date
          and order_date in (select date from taken) and sale_date not in (select date from taken)
        """,
    )


def read_returns(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the returns on the dates in `taken`, or of orders placed on them."""
    return _read(
        connection,
        FCT_RETURNS,
        "order_id product_id kind return_date refund_amount cost_amount",
        """
        select * from analytics.fct_returns where return_date in (select date from taken)
        union all
        select r.* from analytics.fct_orders o join analytics.fct_returns r using (order_id)
        where o.order_date in (select date from taken) and o.is_recognised and o.returns > 0
          and r.return_date not in (select date from taken)
        """,
    )


def read_adjustments(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the adjustments on the dates in `taken`, or of orders placed on them."""
    return _read(
        connection,
        FCT_ADJUSTMENTS,
        "order_id kind adjustment_date amount",
        """
        select * from analytics.fct_adjustments where adjustment_date in (select date from taken)
        union all
        select a.* from analytics.fct_orders o join analytics.fct_adjustments a using (order_id)
        where o.order_date in (select date from taken)
          and a.adjustment_date not in (select date from taken)
        """,
    )


def first_order_dates(orders: pd.DataFrame) -> pd.Series:
    """Give the first order dates, by `customer_id`, of the customers of `read_orders`."""
    customers = orders[["customer_id", "first_order_date"]].dropna(subset="customer_id")
    return customers.drop_duplicates("customer_id").set_index("customer_id")["first_order_date"]


def read_categories(connection: psycopg.Connection) -> pd.Series:
    """Read the category of every product, by `product_id`."""
    frame = _read(
        connection,
        DIM_PRODUCT,
        "product_id category",
        "select * from analytics.dim_product where is_current",
    )
    return frame.set_index("product_id")["category"]


def _read(connection: psycopg.Connection, table: Table, columns: str, query: str) -> pd.DataFrame:
    return read(connection, query, {name: table.columns[name] for name in columns.split()})


def replace(connection: psycopg.Connection, sales: pd.DataFrame) -> None:
    """Replace the dates in `taken`, and compute the sums of their months again."""
    connection.execute(
        """
        delete from analytics.fct_sales_daily s using taken t, unnest(%s::text[]) as d (dimension)
        where s.dimension = d.dimension and s.date = t.date
        """,
        [list(DIMENSIONS)],
    )
    write(connection, FCT_SALES_DAILY, sales)
    _sum_months_of_taken(connection)


def replace_refunds(connection: psycopg.Connection, refunds: pd.DataFrame) -> None:
    """Replace `refunds_by_order_date` of the dates in `taken`, and the sums of their months.

    `refunds` has no row of which nothing was given back: more is given back of an order, never less
    (`changed_orders`), so that such a row had nothing before.
    """
    columns = {
        name: FCT_SALES_DAILY.columns[name]
        for name in ("dimension", "date", "value", "refunds_by_order_date")
    }
    temporary.empty(
        connection,
        "refunds",
        "dimension text, date date, value text, refunds_by_order_date numeric(20, 2)",
    )
    copy_in(connection, "refunds", columns, refunds)
    connection.execute(
        """
        insert into analytics.fct_sales_daily (
            dimension, date, value, orders, units, gross_revenue, discounts, refunds,
            refunds_by_order_date, cost
        )
        select dimension, date, value, 0, 0, 0, 0, 0, refunds_by_order_date, 0 from refunds
        on conflict (dimension, date, value)
        do update set refunds_by_order_date = excluded.refunds_by_order_date
        """
    )
    _sum_months_of_taken(connection)


def _sum_months_of_taken(connection: psycopg.Connection) -> None:
    months = connection.execute("select distinct date_trunc('month', date)::date from taken")
    _sum_months(connection, [month for (month,) in months])


def _sum_months(connection: psycopg.Connection, months: Sequence[dt.date]) -> None:
    parameters = {"dimensions": list(DIMENSIONS), "months": list(months)}
    connection.execute(
        """
        delete from analytics.fct_sales_monthly
        where dimension = any(%(dimensions)s) and month = any(%(months)s)
        """,
        parameters,
    )
    connection.execute(
        """
        insert into analytics.fct_sales_monthly (
            dimension, month, value, orders, units, gross_revenue, discounts, refunds,
            refunds_by_order_date, cost
        )
        select s.dimension, m.month, s.value, sum(orders), sum(units), sum(gross_revenue),
               sum(discounts), sum(refunds), sum(refunds_by_order_date), sum(cost)
        from unnest(%(dimensions)s::text[]) as d (dimension)
        cross join unnest(%(months)s::date[]) as m (month)
        join analytics.fct_sales_daily s on s.dimension = d.dimension
            and s.date >= m.month and s.date < m.month + interval '1 month'
        group by s.dimension, m.month, s.value
        """,
        parameters,
    )


def drop_outside(
    connection: psycopg.Connection, first: dt.date | None, last: dt.date | None
) -> None:
    """Delete the dates outside of a range (None: all), and compute their months' sums again."""
    months: set[dt.date] = set()
    for outside, bound in (
        ("date < coalesce(%s::date, 'infinity')", first),
        ("date > coalesce(%s::date, '-infinity')", last),
    ):
        dropped = connection.execute(
            f"""
            with dropped as (
                delete from analytics.fct_sales_daily where dimension = any(%s) and {outside}
                returning date
            )
            select distinct date_trunc('month', date)::date from dropped
            """,  # noqa: S608
            [list(DIMENSIONS), bound],
        )
        months |= {month for (month,) in dropped}
    if months:
        _sum_months(connection, sorted(months))
