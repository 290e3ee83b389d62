"""The assets of the staged feeds and their row quarantine: one multi-asset a feed.

`assets.batches` stages the batches.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from ecommerce_assets.assets.batches import StagedDay, refuse_loss, stage_batches
from ecommerce_assets.assets.metadata import preview
from ecommerce_assets.assets.run import warehouse_step
from ecommerce_assets.assets.specs import SINGLE_RUN, asset_key, key_of, table_spec, warehouse_pool
from ecommerce_assets.dagster_instance.private import (
    WITHOUT_MATERIALIZATIONS,
    add_partition_metadata,
)
from ecommerce_assets.feeds.contract import FEEDS, Feed
from ecommerce_assets.feeds.landing import Listing
from ecommerce_assets.partitions import days_of
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.previews import quarantined_rows, staged_rows
from ecommerce_assets.warehouse.staging import (
    log_refusals,
    quarantined_by_rule,
)
from ecommerce_assets.warehouse.tables import QUARANTINE, STAGING
from ecommerce_assets.warehouse.transaction import RunTransaction


def staged(feed: str) -> dg.AssetKey:
    """The key of a staged feed."""
    return asset_key(STAGING[feed])


def quarantined(feed: str) -> dg.AssetKey:
    """The key of a feed's row quarantine."""
    return key_of("quarantine", feed)


def staging_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of all feeds."""
    return [_feed_assets(feed, days) for feed in FEEDS.values()]


def _feed_assets(feed: Feed, days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"stage_{feed.name}",
        specs=[
            table_spec(
                STAGING[feed.name],
                f"Every accepted record of the feed `{feed.name}`, typed, with the file and line it"
                " came from.",
            ),
            table_spec(
                QUARANTINE,
                f"Every record of the feed `{feed.name}` that breaks a row rule, with all its"
                " reasons.",
                key=quarantined(feed.name),
            ),
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=warehouse_pool(),
    )
    def stage(
        context: dg.AssetExecutionContext,
        shop: dg.ResourceParam[Shop],
        transaction: dg.ResourceParam[RunTransaction],
    ) -> Iterator[dg.Output[None]]:
        batch_days = days_of(context)
        outcomes = []
        with warehouse_step(context, transaction) as connection:
            # The listing is read under the lock, so that no other load can stage files in between.
            listing = shop.landing.listing([feed.name])
            refuse_loss(shop, connection, feed, batch_days, listing)
            for outcome in stage_batches(shop, connection, feed, batch_days, listing):
                outcomes.append(outcome)
                shop.progress(f"staging {feed.name}", len(outcomes) / len(batch_days))
            refusals = [outcome.refusal for outcome in outcomes if outcome.refusal]
            log_refusals(connection, context.run.run_id, refusals)
            rules = quarantined_by_rule(connection, feed.name, batch_days[0], batch_days[-1])
            last = max((o.day for o in outcomes if not o.refusal), default=batch_days[-1])
            previews = {
                staged(feed.name): staged_rows(connection, feed.name, last),
                quarantined(feed.name): quarantined_rows(connection, "row", feed.name, last),
            }
        context.log.info(
            f"{feed.name}: {sum(o.is_changed for o in outcomes)} of {len(outcomes)} days changed,"
            f" {len(refusals)} refused"
        )
        metadata = {
            outcome.day.isoformat(): _metadata(shop, feed, outcome, rules.get(outcome.day, {}))
            for outcome in outcomes
            if not outcome.refusal
        }
        if metadata:
            # These belong to the folder as a whole, so that they are reported once a run.
            metadata[max(metadata)] |= _left_out(shop, feed, listing)
        yield from _outputs(context, metadata, previews)

    return stage


def _left_out(shop: Shop, feed: Feed, listing: Listing) -> dict[str, Any]:
    """List the files in the feed's folder that belong to no partition."""
    first = shop.settings.first_day
    early = [
        file.name
        for (_, day), files in sorted(listing.batches.items())
        if first and day < first
        for file in files
    ]
    return {"ignored_files": list(listing.ignored[feed.name]), "files_before_first_day": early}


def _metadata(
    shop: Shop, feed: Feed, outcome: StagedDay, rules: Mapping[str, int]
) -> dict[str, Any]:
    files = outcome.files
    folder = f"{shop.landing.url.rstrip('/')}/{feed.name}"
    link = dg.MetadataValue.url if "://" in folder else dg.MetadataValue.path
    ignored = {name for file in files for name in file.ignored_columns}
    return {
        "landed": sum(file.records for file in files),
        "dagster/partition_row_count": sum(file.staged for file in files),
        "quarantined": sum(file.quarantined for file in files),
        "quarantined_by_rule": dict(rules),
        **{f"file {file.source_file}": link(f"{folder}/{file.source_file}") for file in files},
        "ignored_columns": sorted(ignored),
        "changed": outcome.is_changed,
    }


def _outputs(
    context: dg.AssetExecutionContext,
    metadata: Mapping[str, Mapping[str, Any]],
    previews: Mapping[dg.AssetKey, pd.DataFrame],
) -> Iterator[dg.Output[None]]:
    """Mark each accepted day as materialized, and yield the outputs for downstream assets.

    Each asset has a preview of the last day.
    """
    for key, rows in previews.items():
        told = {day: dict(facts) for day, facts in metadata.items()}
        if told:
            told[max(told)] |= preview(rows)
        if len(metadata) == len(context.partition_keys):
            add_partition_metadata(context, key, told)
            yield dg.Output(None, output_name=key.to_python_identifier())
            continue
        # An output of Dagster is for a whole range, and would mark a refused day too. So each
        # accepted day is reported by itself, and the output reports none.
        for day, facts in told.items():
            context.log_event(dg.AssetMaterialization(key, partition=day, metadata=facts))
        yield dg.Output(
            None,
            output_name=key.to_python_identifier(),
            metadata={WITHOUT_MATERIALIZATIONS: True},
        )


def all_staged() -> Sequence[dg.AssetKey]:
    """The keys of all staged feeds."""
    return [staged(feed) for feed in FEEDS]
