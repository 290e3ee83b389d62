"""Assets that are materialized alone, or one by one, end like a load of all of them."""

import datetime as dt
import random

import dagster as dg

from ecommerce_assets.assets.reports import GROUP as REPORTS_GROUP
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.partitions import range_tags
from ecommerce_tests.contents import assert_like_a_rebuild, contents
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.random_shop import DAYS, random_records
from ecommerce_tests.small_shop import (
    SmallShop,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)


def test_assets_materialized_one_by_one_end_like_a_rebuild(
    small_shop: SmallShop, migrated_template: str
) -> None:
    rng = random.Random(99)
    for day in DAYS:
        for feed in FEEDS:
            small_shop.land(feed, day, *random_records(rng, feed, day))
    small_shop.load_tables()
    small_shop.land("products", DAYS[2], product(updated_at="2024-03-01T05:00:00Z", price="77"))
    small_shop.land("orders", DAYS[3], order("O1", status="cancelled"), order("O2"))
    defs = build_defs(small_shop.shop)
    graph = defs.resolve_asset_graph()
    steps = dict.fromkeys(
        tuple(_with_its_step(defs, key))
        for key in graph.toposorted_asset_keys
        if graph.get(key).group_name != REPORTS_GROUP
    )

    job = defs.resolve_implicit_global_asset_job_def()
    for step in steps:
        with in_memory() as instance:
            selected = job.execute_in_process(
                instance=instance,
                tags=range_tags(*map(dt.date.fromisoformat, DAYS[2:4])),
                asset_selection=step,
            )
        assert selected.success

    assert_like_a_rebuild(small_shop, migrated_template)


def test_an_asset_materialized_alone_recomputes_what_its_batch_touches(
    small_shop: SmallShop,
) -> None:
    small_shop.land("customers", "2024-03-05", customer())
    small_shop.land("products", "2024-03-05", product())
    small_shop.land("orders", "2024-03-05", order())
    small_shop.land("order_items", "2024-03-05", item())
    small_shop.land("returns", "2024-03-10", returned())
    small_shop.land("inventory", "2024-03-05", stock())
    small_shop.load_tables()
    before = contents(small_shop.url)
    defs = build_defs(small_shop.shop)
    job = defs.resolve_implicit_global_asset_job_def()
    tables = [name for name in before if name.startswith("analytics.") and before[name]]

    with in_memory() as instance:
        for table in tables:
            key = dg.AssetKey(table.split("."))
            small_shop.execute(f"delete from {table}")
            for day in ("2024-03-05", "2024-03-10"):
                job.execute_in_process(
                    instance=instance,
                    partition_key=day,
                    asset_selection=_with_its_step(defs, key),
                )

    assert contents(small_shop.url) == before


def _with_its_step(defs: dg.Definitions, key: dg.AssetKey) -> list[dg.AssetKey]:
    """The asset with those that can only be materialized together with it."""
    return sorted(defs.resolve_asset_graph().get(key).execution_set_asset_keys)
