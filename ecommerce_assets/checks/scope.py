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


# Without statistics of tables that a long backfill has just filled, a year takes 16 s, not 9 s.
_DAYS_TO_ANALYZE = 30
_EXAMINED = (
    "staging.orders, staging.order_items, staging.returns, staging.inventory, quarantine.records,"
    " staging.adjustments, analytics.fct_orders, analytics.fct_order_items,"
    " analytics.fct_returns, analytics.fct_adjustments,"
    " analytics.fct_inventory_daily, analytics.dim_customer"
)


@contextmanager
def scope(connection: psycopg.Connection, days: Sequence[dt.date]) -> Iterator[None]:
    """Make the temporary tables `scope_<keys>` for a block within a transaction.

    If the days cover all held days, the scope also has the rows without any staged record.
    """
    if len(days) > _DAYS_TO_ANALYZE:
        connection.execute(f"analyze {_EXAMINED}")
    with connection.transaction():
        connection.execute(f"set local work_mem = '{_WORK_MEMORY}'")
        held = held_days(connection)
        whole = bool(held) and set(held) <= set(days)
        for keys, (named, present) in _KEYS.items():
            query = f"{named} union all {present}" if whole else named
            connection.execute(
                f"""
                create temporary table scope_{keys} as
                select {_COLUMNS[keys]}, max(batch_date) as batch_date
                from ({query}) named group by {_COLUMNS[keys]}
                """,  # noqa: S608
                {"days": list(days), "last": days[-1] if days else None},
            )
            connection.execute(f"analyze scope_{keys}")
        yield
        for keys in _KEYS:
            connection.execute(f"drop table scope_{keys}")


_COLUMNS = {
    "orders": "order_id",
    "products": "product_id",
    "customers": "customer_id",
    "snapshots": "snapshot_date, product_id, warehouse_id",
}

# The keys in the days' records, and those of the tables, which count for the last day.
_KEYS = {
    "orders": (
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
        select order_id, %(last)s::date from (
            select order_id from analytics.fct_orders
            union all select order_id from analytics.fct_order_items
            union all select order_id from analytics.fct_returns
            union all select order_id from analytics.fct_adjustments
        ) facts
        where order_id not in (select order_id from staging.orders)
        """,
    ),
    "products": (
        "select product_id, batch_date from staging.products where batch_date = any(%(days)s)",
        "select product_id, %(last)s::date from analytics.dim_product"
        " where product_id not in (select product_id from staging.products)",
    ),
    "customers": (
        """
        select customer_id, batch_date from staging.customers where batch_date = any(%(days)s)
        union all
        select o.customer_id, s.batch_date
        from scope_orders s join analytics.fct_orders o using (order_id)
        where o.customer_id is not null
        """,
        "select customer_id, %(last)s::date from analytics.dim_customer"
        " where customer_id not in (select customer_id from staging.customers)",
    ),
    "snapshots": (
        """
        select snapshot_date, product_id, warehouse_id, batch_date
        from staging.inventory where batch_date = any(%(days)s)
        """,
        """
        select f.snapshot_date, f.product_id, f.warehouse_id, %(last)s::date
        from analytics.fct_inventory_daily f
        left join staging.inventory s using (snapshot_date, product_id, warehouse_id)
        where s.line_number is null
        """,
    ),
}
