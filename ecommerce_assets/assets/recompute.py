"""Makes the assets that are recomputed for touched keys; each asset supplies its computation."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg
import psycopg

from ecommerce_assets.assets.metadata import of_the_last_day
from ecommerce_assets.assets.run import warehouse_step
from ecommerce_assets.assets.specs import SINGLE_RUN, warehouse_pool
from ecommerce_assets.partitions import days_of
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.restatements import Cause
from ecommerce_assets.warehouse.touched import Queue, work_off
from ecommerce_assets.warehouse.transaction import RunTransaction


@dataclass(frozen=True)
class Step:
    """The context of an asset's functions: the run's connection, the shop, and the run."""

    connection: psycopg.Connection
    shop: Shop
    cause: Cause


def _nothing(_: Step) -> None:
    """Do nothing, as most assets before and after their keys."""


def recomputed_asset(
    days: dg.PartitionsDefinition,
    *,
    name: str,
    specs: Sequence[dg.AssetSpec],
    queue: Queue,
    hand_over: Callable[[psycopg.Connection, Collection[dt.date]], None],
    work: Callable[[Step], None],
    describe: Callable[[Step], Mapping[dg.AssetKey, Mapping[str, Any]]],
    before: Callable[[Step], None] = _nothing,
    after: Callable[[Step], None] = _nothing,
) -> dg.AssetsDefinition:
    """Make the asset of the tables that are computed from the keys in `queue`.

    `hand_over` puts all keys that batches touch into the queue. `work` recomputes the keys in the
    temporary table `taken`. `before` runs when the queue is complete, `after` when it is empty.
    `describe` gives the metadata of each of the `specs`' assets.

    In a run with the upstream assets the queue holds all keys that the batches touched. An asset
    that is materialized without them hands over all keys of its batches first.
    """
    upstream = {dep.asset_key for spec in specs for dep in spec.deps}

    @dg.multi_asset(
        name=name,
        specs=specs,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=warehouse_pool(),
    )
    def recomputed(
        context: dg.AssetExecutionContext,
        shop: dg.ResourceParam[Shop],
        transaction: dg.ResourceParam[RunTransaction],
    ) -> Iterator[dg.MaterializeResult[None]]:
        batch_days = days_of(context)
        progress = partial(shop.progress, queue.table.replace("touched_", "computing "))
        progress(0)
        with warehouse_step(context, transaction) as connection:
            step = Step(connection, shop, Cause(context.run.run_id, batch_days[0], batch_days[-1]))
            if not upstream <= set(context.job_def.asset_layer.executable_asset_keys):
                hand_over(connection, batch_days)
            before(step)
            count = work_off(connection, queue, lambda _: work(step), progress)
            after(step)
            metadata = describe(step)
        progress(1)
        context.log.info(f"{count} keys of {queue.table} worked off")
        for spec in specs:
            facts = {"keys_recomputed": count, **metadata[spec.key]}
            yield of_the_last_day(context, spec.key, facts)

    return recomputed
