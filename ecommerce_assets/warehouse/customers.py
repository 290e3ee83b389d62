"""Reads the inputs of touched customers, and replaces their rows of `dim_customer`."""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.rules.cohorts import HORIZONS
from ecommerce_assets.warehouse import temporary, touched
from ecommerce_assets.warehouse.frames import read, write
from ecommerce_assets.warehouse.orders import list_batch_facts
from ecommerce_assets.warehouse.staging import hand_over_batches
from ecommerce_assets.warehouse.tables import DIM_CUSTOMER, FCT_ORDERS, STAGING

_ORDER_COLUMNS = ("customer_id", "order_date", "is_recognised", "net_amount")


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the customers that batches touch, by their records or their orders."""
    hand_over_batches(connection, "customers", days)
    list_batch_facts(connection, days)
    touched.hand_over(
        connection,
        touched.CUSTOMERS,
        """
        select customer_id, date from batch_fact_dates join analytics.fct_orders using (order_id)
        where customer_id is not null
        """,
    )


def read_records(connection: psycopg.Connection) -> pd.DataFrame:
    """Read all staged versions of the customers in `taken`."""
    return read(
        connection,
        "select * from staging.customers where customer_id in (select customer_id from taken)",
        STAGING["customers"].columns,
    )


def read_orders(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the orders of the customers in `taken`, for `rules.customers.build_customers`."""
    return read(
        connection,
        """
        select customer_id, order_date, is_recognised, net_amount from analytics.fct_orders
        where customer_id in (select customer_id from taken)
        """,
        {name: FCT_ORDERS.columns[name] for name in _ORDER_COLUMNS},
    )


def replace(connection: psycopg.Connection, customers: pd.DataFrame) -> None:
    """Replace the customers in `taken`.

    If a customer's first order date changes, new orders become repeat orders or the reverse. So
    this hands over the old and the new date, the dates of everything booked for the orders placed
    on them, and the cohorts with a change within their longest horizon.
    """
    temporary.fill(
        connection,
        "customers_before",
        """
        select customer_id, first_order_date from analytics.dim_customer
        where customer_id in (select customer_id from taken)
        """,
    )
    connection.execute(
        "delete from analytics.dim_customer where customer_id in (select customer_id from taken)"
    )
    write(connection, DIM_CUSTOMER, customers)
    temporary.fill(
        connection,
        "moved",
        """
        select customer_id, unnest(array[b.first_order_date, a.first_order_date]) as date
        from customers_before b full join (
            select customer_id, first_order_date from analytics.dim_customer
            where customer_id in (select customer_id from taken)
        ) a using (customer_id)
        where b.first_order_date is distinct from a.first_order_date
        """,
    )
    touched.hand_over(
        connection,
        touched.DATES,
        """
        with placed as (
            select o.order_id, o.order_date from moved m
            join analytics.fct_orders o on o.customer_id = m.customer_id and o.order_date = m.date
        )
        select date from moved where date is not null
        union
        select i.sale_date from placed p join analytics.fct_order_items i using (order_id)
        where i.sale_date <> i.order_date
        union
        select r.return_date from placed p join analytics.fct_returns r using (order_id)
        union
        select a.adjustment_date from placed p join analytics.fct_adjustments a using (order_id)
        """,
    )
    touched.hand_over(
        connection,
        touched.COHORTS,
        """
        select date from moved where date is not null
        union
        select c.first_order_date from taken t join analytics.dim_customer c using (customer_id)
        where t.date between c.first_order_date and c.first_order_date + %s::int
        """,
        [max(HORIZONS)],
    )
