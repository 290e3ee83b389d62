"""The keys that the checks of tables examine: those in the judged days' records, or all keys.

A key in several days' records belongs to the latest of them; a failure counts for that day.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from ecommerce_assets.warehouse.staging import held_days

# This lets PostgreSQL hash a year's orders in memory instead of on disk.
_WORK_MEMORY = "128MB"

# PostgreSQL knows nothing yet of tables that a long backfill has just filled.
_DAYS_TO_ANALYZE = 30
_EXAMINED = (
    "staging.orders, staging.order_items, staging.returns, staging.inventory, quarantine.records,"
    " staging.adjustments, analytics.fct_orders, analytics.fct_order_items,"
    " analytics.fct_returns, analytics.fct_adjustments,"
    " analytics.fct_inventory_daily, analytics.dim_customer"
)
# For the keys in scope, of which 3,000 rows tell enough. Tables get the default's 30,000: of fewer
# rows PostgreSQL would count a quarter of the orders, and scan where it could seek.
_STATISTICS_TARGET = 10


@contextmanager
def scope(connection: psycopg.Connection, days: Sequence[dt.date]) -> Iterator[None]:
    """Make the temporary tables `scope_<keys>` for a block within a transaction.

    If the days cover all held days, the scope also has the rows without any staged record.
    """
    with connection.transaction():
        connection.execute(f"set local work_mem = '{_WORK_MEMORY}'")
        if len(days) > _DAYS_TO_ANALYZE:
            connection.execute(f"analyze {_EXAMINED}")
        connection.execute(f"set local default_statistics_target = {_STATISTICS_TARGET}")
        held = held_days(connection)
        whole = bool(held) and set(held) <= set(days)
        for keys, (columns, named, present) in _KEYS.items():
            query = f"{named} union all {present}" if whole and present else named
            connection.execute(
                f"""
                create temporary table scope_{keys} as
                select {columns}, coalesce(max(batch_date), %(last)s) as batch_date
                from ({query}) named group by {columns}
                """,  # noqa: S608
                {"days": list(days), "last": days[-1] if days else None},
            )
            connection.execute(f"analyze scope_{keys}")
        yield
        for keys in _KEYS:
            connection.execute(f"drop table scope_{keys}")


# The columns of the keys; those in the days' records; and those of the tables, which count for the
# last day if no record names them.
_KEYS = {
    "orders": (
        "order_id",
        """
        select order_id, batch_date from staging.orders where batch_date = any(%(days)s)
        union all
        select order_id, batch_date from staging.order_items where batch_date = any(%(days)s)
        union all
        select order_id, batch_date from staging.returns where batch_date = any(%(days)s)
        union all
        select order_id, batch_date from staging.adjustments where batch_date = any(%(days)s)
        """,
        """
        select order_id, null from analytics.fct_orders
        union all
        select order_id, null from analytics.fct_order_items
        union all
        select order_id, null from analytics.fct_returns
        union all
        select order_id, null from analytics.fct_adjustments
        """,
    ),
    "products": (
        "product_id",
        "select product_id, batch_date from staging.products where batch_date = any(%(days)s)",
        "select product_id, null from analytics.dim_product",
    ),
    "customers": (
        "customer_id",
        """
        select customer_id, batch_date from staging.customers where batch_date = any(%(days)s)
        union all
        select o.customer_id, s.batch_date
        from scope_orders s join analytics.fct_orders o using (order_id)
        where o.customer_id is not null
        """,
        "select customer_id, null from analytics.dim_customer",
    ),
    "snapshots": (
        "snapshot_date, product_id, warehouse_id",
        """
        select snapshot_date, product_id, warehouse_id, batch_date
        from staging.inventory where batch_date = any(%(days)s)
        """,
        "select snapshot_date, product_id, warehouse_id, null from analytics.fct_inventory_daily",
    ),
    "dates": (
        "date",
        """
        select o.order_date as date, s.batch_date
        from scope_orders s join analytics.fct_orders o using (order_id) where o.is_recognised
        union all
        select i.sale_date, s.batch_date
        from scope_orders s join analytics.fct_order_items i using (order_id)
        where i.is_recognised and i.sale_date <> i.order_date
        union all
        select r.return_date, s.batch_date
        from scope_orders s join analytics.fct_returns r using (order_id)
        union all
        select a.adjustment_date, s.batch_date
        from scope_orders s join analytics.fct_adjustments a using (order_id)
        """,
        "",
    ),
}
