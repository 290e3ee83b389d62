"""What Dagster loads: the graph, its checks and jobs, and the shop they work for."""

import warnings

import dagster as dg
from dagster import BetaWarning, PreviewWarning

from ecommerce_assets.assets.dimensions import dimension_assets
from ecommerce_assets.assets.facts import fact_assets
from ecommerce_assets.assets.reports import report_assets
from ecommerce_assets.assets.run import run_transaction
from ecommerce_assets.assets.sources import source_assets, source_days
from ecommerce_assets.assets.staging import staging_assets
from ecommerce_assets.automation.jobs import audit_job, fetch_job, load_job
from ecommerce_assets.automation.late_files import late_files
from ecommerce_assets.automation.schedules import (
    audit_weekly,
    fetch_yesterday,
    freshness,
    load_yesterday,
)
from ecommerce_assets.automation.webhook import failure_hooks
from ecommerce_assets.checks.graph import accepted_checks, feed_checks, table_checks
from ecommerce_assets.partitions import batch_days
from ecommerce_assets.settings import load_settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.shops.sources import configured_sources


def build_defs(shop: Shop | None = None) -> dg.Definitions:
    """Build the graph anew, for a shop or for the one that the settings name."""
    shop = shop or Shop(load_settings())
    days = batch_days(shop)
    with warnings.catch_warnings():
        # Code references, partitioned checks and mapped specs may change; tests pin our use.
        warnings.simplefilter("ignore", BetaWarning)
        warnings.simplefilter("ignore", PreviewWarning)
        warnings.filterwarnings("ignore", "Parameter `partitions_def`", DeprecationWarning)
        accepted = accepted_checks(days)
        audited = [feed_checks(days), table_checks(days)]
        computed = [*dimension_assets(days), *fact_assets(days)]
        assets = dg.with_source_code_references(
            [*source_assets(shop), *staging_assets(days), *computed, *report_assets(days)]
        )
        tables = [key for assets_of_table in computed for key in assets_of_table.keys]
        is_fetching = bool(configured_sources(shop.settings))
        defs = dg.Definitions(
            assets=assets,
            asset_checks=[accepted, *audited],
            jobs=[
                load_job(),
                audit_job(days, audited),
                *([fetch_job(source_days(shop))] if is_fetching else []),
            ],
            schedules=[
                load_yesterday(shop.settings),
                audit_weekly(shop.settings, days),
                *([fetch_yesterday(shop.settings)] if is_fetching else []),
            ],
            sensors=[late_files(shop, days, tables), *failure_hooks(shop.settings)],
            resources={"shop": shop, "transaction": run_transaction(shop)},
            # Ten small assets take 0.9 s in one process and 21 s in one each.
            executor=dg.in_process_executor,
        )
        policy = freshness(shop.settings)
        return defs.map_asset_specs(func=lambda spec: dg.apply_freshness_policy(spec, policy))


@dg.definitions
def defs() -> dg.Definitions:
    """Build the graph when the code location loads."""
    return build_defs()
