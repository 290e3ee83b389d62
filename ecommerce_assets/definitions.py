"""What Dagster loads: the graph, its checks and jobs, and the shop they work for."""

import warnings

import dagster as dg
from dagster import BetaWarning, PreviewWarning

from ecommerce_assets.assets.dimensions import dimension_assets
from ecommerce_assets.assets.facts import fact_assets
from ecommerce_assets.assets.staging import staging_assets
from ecommerce_assets.checks.graph import accepted_checks, feed_checks, table_checks
from ecommerce_assets.partitions import batch_days
from ecommerce_assets.settings import load_settings
from ecommerce_assets.shop import Shop

LOAD_JOB = "load"


def build_defs(shop: Shop | None = None) -> dg.Definitions:
    """Build the graph anew, for a shop or for the one that the settings name."""
    shop = shop or Shop(load_settings())
    days = batch_days(shop)
    with warnings.catch_warnings():
        # Code references and partitioned checks may change; tests pin what we use of them.
        warnings.simplefilter("ignore", BetaWarning)
        warnings.simplefilter("ignore", PreviewWarning)
        checks = [accepted_checks(days), feed_checks(days), table_checks(days)]
        assets = dg.with_source_code_references(
            [*staging_assets(days), *dimension_assets(days), *fact_assets(days)]
        )
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[dg.define_asset_job(LOAD_JOB, dg.AssetSelection.all(), description=_LOAD)],
        resources={"shop": shop},
        # Ten small assets take 0.9 s in one process and 21 s in one each.
        executor=dg.in_process_executor,
    )


_LOAD = "Everything, for a batch day or a range of them: what `ecommerce load` runs."


@dg.definitions
def defs() -> dg.Definitions:
    """Build the graph when the code location loads."""
    return build_defs()
