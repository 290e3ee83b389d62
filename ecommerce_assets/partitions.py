"""The batch day, which is the partition of every asset.

What a batch changes may lie on other business dates; those are not partitions.
"""

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import dagster as dg

from ecommerce_assets.dagster_instance.private import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from ecommerce_assets.feeds.landing import LandingError
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.staging import held_days


def first_day(shop: Shop) -> dt.date:
    """The first partition: the setting, or else the first day that landed or that is held."""
    if shop.settings.first_day is not None:
        return shop.settings.first_day
    try:
        days = shop.landing.listing().days()
    except LandingError:
        # The graph can be looked at before anything has landed; a load says what is wrong.
        days = set()
    with shop.warehouse() as connection:
        days |= set(held_days(connection))
    return min(days, default=shop.today)


def batch_days(shop: Shop) -> dg.DailyPartitionsDefinition:
    """The batch days up to today in store time; keys are labels, their windows mean nothing."""
    ahead_of_utc = dt.datetime.now(ZoneInfo(shop.settings.timezone)).utcoffset()
    # Today is a partition, and where the store's today begins before UTC's, tomorrow's label too.
    end_offset = 2 if ahead_of_utc and ahead_of_utc > dt.timedelta() else 1
    return dg.DailyPartitionsDefinition(
        start_date=first_day(shop).isoformat(), end_offset=end_offset
    )


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[dt.date]:
    """The batch days of a run, one or a range of them, ascending."""
    return [dt.date.fromisoformat(key) for key in context.partition_keys]


def range_tags(first: dt.date, last: dt.date) -> dict[str, str]:
    """The tags of a run that covers the batch days from `first` to `last` at once."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
    }


def run_range(tags: Mapping[str, str]) -> tuple[dt.date, dt.date] | None:
    """The first and last batch day that the tags of a run name; None if they name none."""
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get(PARTITION_NAME_TAG)
    if first is None:
        return None
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG, first)
    return dt.date.fromisoformat(first), dt.date.fromisoformat(last)
