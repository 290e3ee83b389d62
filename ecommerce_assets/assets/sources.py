"""The assets of configured shops: a partition is a batch day that is fetched from the shop.

`shops.connecting` fetches. Without a configured shop there is no asset.
"""

import datetime as dt

import dagster as dg

from ecommerce_assets.assets.specs import key_of, pool_of
from ecommerce_assets.partitions import first_day
from ecommerce_assets.shop import Shop
from ecommerce_assets.shops.sources import configured_sources, open_source

SOURCES = "sources"
"""The group of these assets, and a part of their keys."""


def source_days(shop: Shop) -> dg.DailyPartitionsDefinition:
    """The days that can be fetched: from the first batch day, or from yesterday in a new shop."""
    first = min(first_day(shop), shop.today - dt.timedelta(1))
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), end_offset=1)


def source_assets(shop: Shop) -> list[dg.AssetsDefinition]:
    """Build the asset of each configured source."""
    days = source_days(shop)
    return [_source_asset(name, days) for name in configured_sources(shop.settings)]


def _source_asset(name: str, days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(SOURCES, name),
        group_name=SOURCES,
        partitions_def=days,
        pool=pool_of(SOURCES),
        kinds={"python"},
        owners=["team:data"],
        description=f"What changed in {name} on a day, as landing files `<day>.{name}.csv`."
        "\n\nA day may be fetched again: its files are replaced.",
    )
    def fetch(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        from ecommerce_assets.shops.connecting.fetching import fetch_batch
        from ecommerce_assets.shops.connecting.source import window_of

        window = window_of(
            dt.date.fromisoformat(context.partition_key),
            since=None,
            timezone=shop.settings.timezone,
            now=shop.now(),
        )
        with open_source(name, shop.settings, shop.store) as source:
            batch = fetch_batch(source, shop.settings.landing_url, window, lambda *_: None)
        compared = batch.fetched.reconciliation
        return dg.MaterializeResult(
            metadata={
                **{f"records {feed}": count for feed, count in batch.records.items()},
                "orders_compared": compared.orders,
                "orders_agreeing": compared.agreeing,
                "left_out_or_noted": dict(batch.fetched.left_out),
                "taken_out_of_earlier_files": batch.rewritten,
            }
        )

    return fetch
