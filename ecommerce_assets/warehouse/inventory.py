"""Reads the inputs of touched snapshots, and replaces their rows of `fct_inventory_daily`."""

import datetime as dt
from collections.abc import Collection

import pandas as pd
import psycopg

from ecommerce_assets.warehouse.frames import read, write
from ecommerce_assets.warehouse.staging import hand_over_batches
from ecommerce_assets.warehouse.tables import DIM_PRODUCT, FCT_INVENTORY_DAILY, STAGING


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the snapshots that batches touch."""
    hand_over_batches(connection, "inventory", days)


def read_snapshots(connection: psycopg.Connection) -> pd.DataFrame:
    """Read all staged versions of the snapshots in `taken`."""
    return read(
        connection,
        """
        select * from staging.inventory join taken using (snapshot_date, product_id, warehouse_id)
        """,
        STAGING["inventory"].columns,
    )


def read_product_versions(connection: psycopg.Connection) -> pd.DataFrame:
    """Read `dim_product` of the products in `taken`."""
    return read(
        connection,
        "select * from analytics.dim_product where product_id in (select product_id from taken)",
        DIM_PRODUCT.columns,
    )


def replace(connection: psycopg.Connection, levels: pd.DataFrame) -> None:
    """Replace the stock levels in `taken`."""
    connection.execute(
        """
        delete from analytics.fct_inventory_daily f using taken t
        where (f.snapshot_date, f.product_id, f.warehouse_id)
            = (t.snapshot_date, t.product_id, t.warehouse_id)
        """
    )
    write(connection, FCT_INVENTORY_DAILY, levels)
