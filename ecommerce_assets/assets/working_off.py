"""How an asset that hangs on touched keys runs: what waits for it is worked off.

What is computed from the keys stands with each asset.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable

import dagster as dg
import psycopg

from ecommerce_assets.partitions import days_of
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.session import writing
from ecommerce_assets.warehouse.touched import Queue, work_off


def recompute(
    context: dg.AssetExecutionContext,
    shop: Shop,
    connection: psycopg.Connection,
    queue: Queue,
    upstream: Iterable[dg.AssetKey],
    hand_over: Callable[[psycopg.Connection, Collection[dt.date]], None],
    work: Callable[[psycopg.Connection], None],
) -> dict[str, int]:
    """Recompute what the run's batches touch, and whatever else waits in the queue.

    In a run with its upstream assets the queue holds all that the batches touched. An asset that is
    materialized without them recomputes all that its batches touch, so these are handed over first.
    Gives the metadata of the materialization.
    """
    selected = context.run.asset_selection
    # A run of a whole job names no assets.
    if selected and not set(upstream) <= selected:
        with writing(connection):
            hand_over(connection, days_of(context))
    count = work_off(connection, queue, work)
    shop.progress(queue.table.replace("touched_", "computing "), 1)
    context.log.info(f"{count} keys of {queue.table} worked off")
    return {"keys_recomputed": count}
