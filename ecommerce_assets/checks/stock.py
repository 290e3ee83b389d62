"""The checks of stock levels."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import psycopg

from ecommerce_assets.checks.table_check import Condition, TableCheck, index_of
from ecommerce_assets.rules.plausibility import OPEN_DAYS, open_units
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.frames import read
from ecommerce_assets.warehouse.tables import FCT_INVENTORY_DAILY, Kind

_SNAPSHOTS = """
    scope_snapshots s
    left join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
    left join staging.inventory v on (v.batch_date, v.source_file, v.line_number)
        = (f.batch_date, f.source_file, f.line_number)
        and (v.snapshot_date, v.product_id, v.warehouse_id)
          = (s.snapshot_date, s.product_id, s.warehouse_id)
    left join analytics.dim_product p using (product_key)
"""
_IS_FACT = "f.product_id is not null"


def _allocated(
    connection: psycopg.Connection, days: Sequence[dt.date], settings: Settings
) -> pd.DataFrame:
    """Compare the allocated units of a day's latest snapshot with the units of open orders."""
    allocated = read(
        connection,
        """
        select distinct on (batch_date) batch_date, snapshot_date, allocated from (
            select s.batch_date, snapshot_date, sum(f.allocated)::bigint as allocated
            from scope_snapshots s
            join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
            group by s.batch_date, snapshot_date
        ) sums order by batch_date, snapshot_date desc
        """,
        {"batch_date": Kind.DAY, "snapshot_date": Kind.DAY, "allocated": Kind.COUNT},
    ).set_index("batch_date")
    orders = read(
        connection,
        """
        select order_date, (fulfilled_at at time zone %(timezone)s)::date as fulfilled_date,
               sum(units)::bigint as units
        from analytics.fct_orders
        where status <> 'cancelled' and order_date between
              (select min(snapshot_date) from scope_snapshots) - %(open_days)s::int
              and (select max(snapshot_date) from scope_snapshots)
        group by 1, 2
        """,
        {"order_date": Kind.DAY, "fulfilled_date": Kind.DAY, "units": Kind.COUNT},
        {"timezone": settings.timezone, "open_days": OPEN_DAYS},
    )
    snapshots = pd.DatetimeIndex(allocated["snapshot_date"])
    allocated["open_units"] = open_units(orders, snapshots).to_numpy()
    results = allocated.reindex(index_of(days))
    difference = (results["allocated"] - results["open_units"]).abs()
    threshold = settings.warn_allocated_change
    results["threshold"] = threshold
    larger = results[["allocated", "open_units"]].max(axis=1)
    results["passed"] = ~(difference > threshold * larger)
    return results


STOCK_CHECKS = (
    TableCheck(
        FCT_INVENTORY_DAILY,
        "conservation",
        True,
        "Every staged snapshot is a row, and every row is a staged snapshot's.",
        Condition(_SNAPSHOTS, "f.product_id is null or v.batch_date is null"),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "references",
        True,
        "Every stock level's product version is one of its product.",
        Condition(
            _SNAPSHOTS,
            "f.product_key is not null and p.product_id is distinct from f.product_id",
            examined=_IS_FACT,
        ),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "available_formula",
        True,
        "available = on_hand - allocated, and an alert is where that is below the reorder point.",
        Condition(
            _SNAPSHOTS,
            "f.available <> f.on_hand - f.allocated"
            " or f.is_alert <> (f.available < f.reorder_point)",
            examined=_IS_FACT,
        ),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "oversold",
        False,
        "No stock is below 0: more was sold than there was.",
        Condition(_SNAPSHOTS, "f.on_hand < 0", examined=_IS_FACT),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "allocated",
        False,
        "What is allocated and the units of orders not sent yet (of the last"
        f" {OPEN_DAYS} days) differ by no more than the share ECOMMERCE_WARN_ALLOCATED_CHANGE.",
        _allocated,
    ),
)
