"""Stock levels and alerts (docs/reference/rules.md, Inventory)."""

import pandas as pd

from ecommerce_assets.rules.calendar import day_start
from ecommerce_assets.rules.money import ratio
from ecommerce_assets.rules.products import version_at
from ecommerce_assets.rules.versions import latest

SNAPSHOT_KEY = ["snapshot_date", "product_id", "warehouse_id"]

SALES_DAYS = 28
"""The days of sales that cover is counted by: whole weeks, so that each weekday counts alike."""


def stock_levels(
    inventory: pd.DataFrame, product_versions: pd.DataFrame, *, timezone: str
) -> pd.DataFrame:
    """Make `fct_inventory_daily` from all staged versions of some snapshots.

    `product_versions` is `dim_product` of their products. The price version is the one valid at
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


def days_of_cover(available: pd.Series, units_sold: pd.Series) -> pd.Series:
    """Give how long what is available lasts at the sales of `SALES_DAYS` days, in tenths of a day.

    `available` is what all warehouses have of the product, `units_sold` what recognised orders took
    of it in the days up to the snapshot. 0 where nothing is available, null where nothing was sold.
    """
    cover = ratio(available.clip(lower=0) * SALES_DAYS, units_sold, decimals=1)
    return cover.where(available > 0, 0).astype("Int64")
