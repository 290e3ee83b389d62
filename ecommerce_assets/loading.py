"""A load: all or some batch days through Dagster, in this process, and what came of it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from ecommerce_assets.definitions import LOAD_JOB, build_defs
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.staging import Refusal, held_days, log_refusals, refusals_of


@dataclass(frozen=True)
class LoadResult:
    """What a load did; `failures` has a sentence for each thing that failed."""

    run_id: str
    first: dt.date
    last: dt.date
    refusals: Sequence[Refusal]
    failures: Sequence[str]
    changed: bool
    ignored: int


def days_to_load(shop: Shop, first: dt.date | None, last: dt.date | None) -> list[dt.date]:
    """The batch days that have landed or that the warehouse holds, within the range if one is given."""
    with shop.warehouse() as connection:
        days = shop.landing.listing().days() | set(held_days(connection))
    earliest = shop.settings.first_day
    return sorted(
        day
        for day in days
        if (first is None or day >= first)
        and (last is None or day <= last)
        and (earliest is None or day >= earliest)
    )
