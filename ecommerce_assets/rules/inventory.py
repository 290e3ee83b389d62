"""Stock levels and alerts (docs/reference/rules.md, Inventory)."""

from fractions import Fraction

import pandas as pd

from ecommerce_assets.rules.calendar import day_start
from ecommerce_assets.rules.money import half_up
from ecommerce_assets.rules.products import version_at
from ecommerce_assets.rules.versions import latest

SNAPSHOT_KEY = ["snapshot_date", "product_id", "warehouse_id"]

SALES_DAYS = 28
"""The days of sales from which cover is computed: whole weeks, so that weekdays count equally."""


def stock_levels(
    inventory: pd.DataFrame, product_versions: pd.DataFrame, *, timezone: str
) -> pd.DataFrame:
    """Make `fct_inventory_daily` from all staged versions of some snapshots.

    `product_versions` is `dim_product` of their products. The product version is the one valid at
    the last instant of the snapshot's business day.
    """
    levels = latest(inventory, SNAPSHOT_KEY)
    last_instant = day_start(levels["snapshot_date"] + pd.Timedelta(days=1), timezone)
    last_instant -= pd.Timedelta(microseconds=1)
    available = levels["on_hand"] - levels["allocated"]
    return levels.assign(
        product_key=version_at(product_versions, levels["product_id"], last_instant),
        available=available,
        is_alert=available < levels["reorder_point"],
    )


def tenths_of_days_of_cover(available: int, units_sold: int) -> int | None:
    """Give a product's days of cover in tenths, rounded half up.

    `available` sums all warehouses; `units_sold` are of recognised orders in the `SALES_DAYS` up to
    the snapshot. 0 if nothing is available, None if nothing was sold.
    """
    if available <= 0:
        return 0
    if not units_sold:
        return None
    return half_up(Fraction(10 * SALES_DAYS * available, units_sold))
