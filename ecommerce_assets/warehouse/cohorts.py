"""`fct_cohort_ltv` in the warehouse: its inputs by touched cohort, and its replacement."""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.rules.cohorts import HORIZONS
from ecommerce_assets.warehouse import touched
from ecommerce_assets.warehouse.frames import read, write
from ecommerce_assets.warehouse.orders import list_batch_orders
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    FCT_COHORT_LTV,
    FCT_ORDERS,
    FCT_RETURNS,
)

_CUSTOMER = ("customer_id", "first_order_date")
_ORDER = ("customer_id", "order_date", "gross_amount", "discount_amount")
_RETURN = ("return_date", "refund_amount")


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the cohorts of the customers whose orders or returns batches touch."""
    list_batch_orders(connection, days)
    touched.hand_over(
        connection,
        touched.COHORTS,
        """
        select distinct first_order_date from batch_orders
        join analytics.fct_orders using (order_id)
        join analytics.dim_customer using (customer_id)
        where first_order_date is not null
        """,
    )


def read_customers(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the customers of the cohorts in `taken`."""
    return read(
        connection,
        """
        select c.* from analytics.dim_customer c join taken t on c.first_order_date = t.cohort_date
        """,
        {name: DIM_CUSTOMER.columns[name] for name in _CUSTOMER},
    )


def read_orders(connection: psycopg.Connection) -> pd.DataFrame:
    """Read those customers' recognised orders within the longest horizon."""
    return read(
        connection,
        """
        select o.* from taken t
        join analytics.dim_customer c on c.first_order_date = t.cohort_date
        join analytics.fct_orders o on o.customer_id = c.customer_id
            and o.order_date between t.cohort_date and t.cohort_date + %s::int
        where o.is_recognised
        """,
        {name: FCT_ORDERS.columns[name] for name in _ORDER},
        [max(HORIZONS)],
    )


def read_returns(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the returns of those orders, with `customer_id`, within the longest horizon."""
    return read(
        connection,
        """
        select o.customer_id, r.return_date, r.refund_amount from taken t
        join analytics.dim_customer c on c.first_order_date = t.cohort_date
        join analytics.fct_orders o on o.customer_id = c.customer_id
            and o.order_date between t.cohort_date and t.cohort_date + %(horizon)s::int
        join analytics.fct_returns r using (order_id)
        where o.is_recognised and r.return_date <= t.cohort_date + %(horizon)s::int
        """,
        {
            "customer_id": DIM_CUSTOMER.columns["customer_id"],
            **{name: FCT_RETURNS.columns[name] for name in _RETURN},
        },
        {"horizon": max(HORIZONS)},
    )


def replace(connection: psycopg.Connection, cohorts: pd.DataFrame) -> None:
    """Replace the cohorts in `taken`."""
    connection.execute(
        "delete from analytics.fct_cohort_ltv where cohort_date in (select cohort_date from taken)"
    )
    write(connection, FCT_COHORT_LTV, cohorts)
