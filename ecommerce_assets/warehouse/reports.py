"""Reads the frames of the reports (docs/reports.md), which `ecommerce_assets.reports` draws."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import pandas as pd
import psycopg

from ecommerce_assets.rules.inventory import SALES_DAYS
from ecommerce_assets.warehouse.frames import read
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_REVENUE_DAILY,
    Kind,
    Table,
)


@contextmanager
def snapshot(connection: psycopg.Connection) -> Iterator[None]:
    """Read everything within a block from one state of the warehouse."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        yield


def returns_landed(connection: psycopg.Connection) -> bool:
    """Whether a file of the feed returns has landed, also one without records."""
    row = connection.execute(
        "select exists (select from ops.staged_files where feed = 'returns')"
    ).fetchone()
    return bool(row and row[0])


def latest_cohort(connection: psycopg.Connection, end: dt.date) -> dt.date | None:
    """Give the latest cohort date up to `end`, if there is one."""
    row = connection.execute(
        "select max(cohort_date) from analytics.fct_cohort_ltv where cohort_date <= %s", [end]
    ).fetchone()
    return row[0] if row else None


def read_frames(
    connection: psycopg.Connection, *, start: dt.date, end: dt.date, first_cohort: dt.date
) -> dict[str, pd.DataFrame]:
    """Read the frames of a period's reports, by name, from the current warehouse.

    Cohorts are those dated from `first_cohort` to `end`.
    """
    counted = connection.execute(
        "select max(snapshot_date) from analytics.fct_inventory_daily where snapshot_date <= %s",
        [end],
    ).fetchone()
    parameters = {
        "start": start,
        "end": end,
        "first_cohort": first_cohort,
        "snapshot_date": counted and counted[0],
        "sales_days": SALES_DAYS,
    }
    return {
        name: read(connection, query, columns, parameters)
        for name, (query, columns) in _FRAMES.items()
    }


def _of(table: Table, *names: str) -> Mapping[str, Kind]:
    return {name: table.columns[name] for name in names}


_FRAMES: Mapping[str, tuple[str, Mapping[str, Kind]]] = MappingProxyType(
    {
        "revenue": (
            """
            select * from analytics.fct_revenue_daily
            where date >= least(
                %(start)s::date - interval '1 year 6 days',
                date_trunc('month', %(end)s::date) - interval '1 year'
            ) and date <= %(end)s
            """,
            FCT_REVENUE_DAILY.columns,
        ),
        # A product's cost is reduced by the cost of its returns, refundable or not.
        "sold": (
            """
            select product_id, p.name, p.category, sum(units)::bigint as units,
                   sum(gross) as gross_revenue, sum(discounts) as discounts,
                   sum(refunds) as refunds, sum(gross - discounts - refunds) as net_revenue,
                   sum(cost) as cost, sum(gross - discounts - refunds - cost) as gross_margin
            from (
                select product_id, quantity as units, gross_amount as gross,
                       discount_amount + order_discount_amount as discounts, 0 as refunds,
                       coalesce(cost_amount, 0) as cost
                from analytics.fct_order_items
                where kind = 'product' and is_recognised
                  and sale_date between %(start)s and %(end)s
                union all
                select product_id, 0, 0, 0, refund_amount, -coalesce(cost_amount, 0)
                from analytics.fct_returns
                where kind = 'product' and return_date between %(start)s and %(end)s
                union all
                select null, 0, 0, 0, amount, 0
                from analytics.fct_adjustments
                where kind = 'refund' and adjustment_date between %(start)s and %(end)s
            ) as moved
            left join (
                select product_id, name, category from analytics.dim_product where is_current
            ) as p using (product_id)
            group by product_id, p.name, p.category
            order by product_id
            """,
            {
                **_of(DIM_PRODUCT, "product_id", "name", "category"),
                "units": Kind.COUNT,
                **_of(FCT_REVENUE_DAILY, "gross_revenue", "discounts", "refunds", "net_revenue"),
                **_of(FCT_REVENUE_DAILY, "cost", "gross_margin"),
            },
        ),
        "cohort_ltv": (
            """
            select * from analytics.fct_cohort_ltv
            where cohort_date between %(first_cohort)s and %(end)s
            """,
            FCT_COHORT_LTV.columns,
        ),
        "purchases": (
            """
            select o.customer_id, c.first_order_date, o.order_date
            from analytics.dim_customer c join analytics.fct_orders o using (customer_id)
            where c.first_order_date between %(first_cohort)s and %(end)s
              and o.order_date <= %(end)s and o.is_recognised
            """,
            {
                **_of(DIM_CUSTOMER, "customer_id", "first_order_date"),
                **_of(FCT_ORDERS, "order_date"),
            },
        ),
        "inventory": (
            "select * from analytics.fct_inventory_daily where snapshot_date = %(snapshot_date)s",
            _of(
                FCT_INVENTORY_DAILY,
                "snapshot_date",
                "product_id",
                "available",
                "reorder_point",
                "is_alert",
            ),
        ),
        # Only of products in alert, since the index of order lines begins with the product.
        "items": (
            """
            select i.*
            from (
                select distinct product_id from analytics.fct_inventory_daily
                where snapshot_date = %(snapshot_date)s and is_alert
            ) as alert
            join analytics.fct_order_items i using (product_id)
            where i.order_date > %(snapshot_date)s::date - %(sales_days)s::int
              and i.order_date <= %(snapshot_date)s
            """,
            _of(FCT_ORDER_ITEMS, "product_id", "is_recognised", "quantity"),
        ),
        "products": (
            """
            select p.* from analytics.dim_product p
            where p.is_current and p.product_id in (
                select product_id from analytics.fct_inventory_daily
                where snapshot_date = %(snapshot_date)s and is_alert
            )
            """,
            _of(DIM_PRODUCT, "product_id", "name"),
        ),
        "quarantine": (
            """
            select feed, batch_date, rule, count(*) as records
            from (
                select distinct feed, batch_date, source_file, line_number,
                                reason ->> 'rule' as rule
                from quarantine.records, jsonb_array_elements(reasons) as reason
                where batch_date between %(start)s and %(end)s
            ) as broken
            group by feed, batch_date, rule
            order by feed, batch_date, rule
            """,
            {"batch_date": Kind.DAY, "rule": Kind.TEXT, "records": Kind.COUNT},
        ),
        "landed": (
            """
            select batch_date, records, coalesce(quarantined, 0) as quarantined
            from (
                select feed, batch_date, sum(records)::bigint as records from ops.staged_files
                where batch_date between %(start)s and %(end)s group by feed, batch_date
            ) as landed
            left join (
                select feed, batch_date, count(*) as quarantined from quarantine.records
                where batch_date between %(start)s and %(end)s group by feed, batch_date
            ) as broken using (feed, batch_date)
            """,
            {"batch_date": Kind.DAY, "records": Kind.COUNT, "quarantined": Kind.COUNT},
        ),
    }
)
