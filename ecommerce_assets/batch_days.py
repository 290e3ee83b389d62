"""Chooses the batch days of a load, and checks whether any of them has changed.

It does not import Dagster, so that a load without changes ends before the graph is imported.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.landing import LandedFile, Listing
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.calendar import covers_facts
from ecommerce_assets.warehouse.pruning import first_whole_day, takeable_batches
from ecommerce_assets.warehouse.staging import all_checked, held_batches, staged_digests
from ecommerce_assets.warehouse.touched import nothing_waits


@dataclass(frozen=True)
class BatchDays:
    """The batch days of a load, ascending, and the listing of the landing zone."""

    days: Sequence[dt.date]
    today: dt.date
    listing: Listing

    @property
    def loadable(self) -> Sequence[dt.date]:
        """The days with a partition: those up to today, at least one."""
        return [day for day in self.days if day <= self.today]

    @property
    def landed(self) -> Mapping[tuple[str, dt.date], Sequence[LandedFile]]:
        """The landed files of these days, by feed and day."""
        days = set(self.days)
        return {key: files for key, files in self.listing.batches.items() if key[1] in days}


def choose_days(shop: Shop, first: dt.date | None = None, last: dt.date | None = None) -> BatchDays:
    """Choose all days that have landed or are held, or those of a range.

    Raises:
        LandingError: the landing zone cannot be read, or too many loaded files are missing in it.
        OperatorError: there is nothing to load.
    """
    listing = shop.landing.listing()
    with shop.warehouse() as connection:
        held = held_batches(connection) if shop.is_rebuild else takeable_batches(connection)
    earliest = max(filter(None, (first, shop.settings.first_day)), default=dt.date.min)
    days = listing.days() | {day for _, day in held}
    chosen = sorted(day for day in days if earliest <= day <= (last or dt.date.max))
    listing.refuse_loss(held, chosen, shop.settings.refuse_gone_share)
    batch_days = BatchDays(chosen, shop.today, listing)
    if not batch_days.loadable:
        raise OperatorError(
            f"There is nothing to load in {shop.settings.landing_url}: no file of a batch day up to"
            f" {shop.today} lies there, and the warehouse holds none; see docs/reference/feeds.md"
            " for the names that files have."
        )
    return batch_days


def is_unchanged(shop: Shop, chosen: BatchDays) -> bool:
    """Whether the warehouse holds exactly the landed files of the days, computed and checked.

    Contents are compared by their SHA-256 (docs/decisions/unchanged-files.md).
    """
    days, landed = set(chosen.days), chosen.landed
    with shop.warehouse() as connection:
        if not (all_checked(connection) and nothing_waits(connection) and covers_facts(connection)):
            return False
        first_whole = first_whole_day(connection)
        held = {
            (feed, day): names
            for (feed, day), names in staged_digests(connection).items()
            if day in days and (day >= first_whole or (feed, day) in landed)
        }
    if held.keys() != landed.keys() or max(days) > chosen.today:
        return False
    latest_first = sorted(landed, key=lambda key: key[1], reverse=True)
    readers = ThreadPoolExecutor()  # reading and hashing run in parallel
    try:
        digests = readers.map(shop.landing.digests, map(landed.__getitem__, latest_first))
        return all(found == held[key] for key, found in zip(latest_first, digests, strict=True))
    finally:
        readers.shutdown(cancel_futures=True)
