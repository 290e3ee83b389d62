"""Reads the inputs of touched cohorts, and replaces their rows of `fct_cohort_ltv`."""

import datetime as dt
from collections.abc import Collection, Mapping

import pandas as pd
import psycopg

from ecommerce_assets.rules.cohorts import HORIZONS
from ecommerce_assets.warehouse import temporary, touched
from ecommerce_assets.warehouse.frames import read, write
from ecommerce_assets.warehouse.orders import list_batch_facts
from ecommerce_assets.warehouse.tables import (
    FCT_ADJUSTMENTS,
    FCT_COHORT_LTV,
    FCT_ORDER_ITEMS,
    FCT_RETURNS,
    Kind,
    Table,
)

_LINE = ("sale_date", "kind", "gross_amount", "discount_amount", "order_discount_amount")
_RETURN = ("return_date", "kind", "refund_amount")
_ADJUSTMENT = ("adjustment_date", "kind", "amount")

_HORIZON = {"horizon": max(HORIZONS)}


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the cohorts of the customers whose orders or returns batches touch."""
    list_batch_facts(connection, days)
    touched.hand_over(
        connection,
        touched.COHORTS,
        """
        select distinct first_order_date from batch_fact_dates
        join analytics.fct_orders using (order_id)
        join analytics.dim_customer using (customer_id)
        where first_order_date is not null
        """,
    )


def read_customers(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the number of `customers` of each cohort in `taken`, by `cohort_date`."""
    return read(
        connection,
        """
        select t.cohort_date, count(*) as customers from taken t
        join analytics.dim_customer c on c.first_order_date = t.cohort_date
        group by t.cohort_date
        """,
        {"cohort_date": Kind.DAY, "customers": Kind.COUNT},
    )


def read_came_back(connection: psycopg.Connection) -> pd.DataFrame:
    """Read how many `customers` of each cohort came back first on a date.

    One row a `cohort_date` and `order_date`, that of their first recognised order after it, within
    the longest horizon. Those customers' orders stay in the temporary table `cohort_orders`, which
    the functions below read. Sales and returns of an order beyond the horizon are beyond it too:
    none is dated before its order.
    """
    temporary.fill(
        connection,
        "cohort_orders",
        """
        select t.cohort_date, o.order_id, o.customer_id, o.order_date from taken t
        join analytics.dim_customer c on c.first_order_date = t.cohort_date
        join analytics.fct_orders o on o.customer_id = c.customer_id and o.is_recognised
            and o.order_date between t.cohort_date and t.cohort_date + %(horizon)s::int
        where o.order_date between %(first)s and %(last)s
        """,
        _window(connection),
    )
    return read(
        connection,
        """
        select cohort_date, order_date, count(*) as customers from (
            select cohort_date, customer_id, min(order_date) as order_date from cohort_orders
            where order_date > cohort_date group by cohort_date, customer_id
        ) first_after group by cohort_date, order_date
        """,
        {"cohort_date": Kind.DAY, "order_date": Kind.DAY, "customers": Kind.COUNT},
    )


def read_lines(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the sums of those orders' lines, by cohort, sale date and kind."""
    return _read_sums(connection, FCT_ORDER_ITEMS, _LINE)


def read_returns(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the refunds of those orders' returns, by cohort, return date and kind of line."""
    return _read_sums(connection, FCT_RETURNS, _RETURN)


def read_adjustments(connection: psycopg.Connection) -> pd.DataFrame:
    """Read the sums of those orders' adjustments, by cohort, date and kind."""
    return _read_sums(connection, FCT_ADJUSTMENTS, _ADJUSTMENT)


def _read_sums(
    connection: psycopg.Connection, table: Table, columns: tuple[str, ...]
) -> pd.DataFrame:
    """Sum a table's amounts by cohort, date and kind, with the columns' own names.

    The first of `columns` is the date, the second the kind, the rest are amounts.
    """
    date, kind, *amounts = columns
    sums = ", ".join(f"sum(f.{amount}) as {amount}" for amount in amounts)
    return read(
        connection,
        f"""
        select o.cohort_date, f.{date}, f.{kind}, {sums}
        from cohort_orders o join {table.name} f using (order_id)
        where f.{date} between %(first)s and %(last)s
        group by o.cohort_date, f.{date}, f.{kind}
        """,  # noqa: S608
        {"cohort_date": Kind.DAY, **{name: table.columns[name] for name in columns}},
        _window(connection),
    )


def _window(connection: psycopg.Connection) -> Mapping[str, object]:
    """Give the dates within the horizon of any cohort in `taken`: PostgreSQL reads no others."""
    row = connection.execute(
        "select min(cohort_date), max(cohort_date) + %(horizon)s::int from taken", _HORIZON
    ).fetchone()
    return {**_HORIZON, **dict(zip(("first", "last"), row or (), strict=True))}


def replace(connection: psycopg.Connection, cohorts: pd.DataFrame) -> None:
    """Replace the cohorts in `taken`."""
    connection.execute(
        "delete from analytics.fct_cohort_ltv where cohort_date in (select cohort_date from taken)"
    )
    write(connection, FCT_COHORT_LTV, cohorts)
