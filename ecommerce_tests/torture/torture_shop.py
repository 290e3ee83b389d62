"""A random shop with its warehouse, and the model of what that warehouse holds by now."""

import datetime as dt
import random
from collections.abc import Sequence
from pathlib import Path
from pprint import pformat
from typing import Any

from ecommerce_tests.small_shop import SmallShop
from ecommerce_tests.torture.compare import differences
from ecommerce_tests.torture.model import ModelSettings, model_of_staged
from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.model.files import Refused, batches
from ecommerce_tests.torture.model.staging import Batch, FeedDay, Staged, stage_batch
from ecommerce_tests.torture.random_files import RandomShop

_ROWS_SHOWN = 3


class TortureShop:
    """The landing zone of a random shop, a warehouse, and what the latter must hold."""

    def __init__(self, folder: Path, url: str, seed: int, days: int = 5) -> None:
        self.random = RandomShop.draw(random.Random(seed), days)
        self.landing = folder / "landing"
        self.url = url
        self.held: dict[FeedDay, Batch] = {}
        self.use(self.random.settings)

    @property
    def days(self) -> Sequence[dt.date]:
        """The batch days."""
        return self.random.days

    def use(self, settings: ModelSettings) -> None:
        """Set what shapes the figures; what is held has to be rebuilt then."""
        self.settings = settings
        self.small = SmallShop(self.landing, self.url, **as_settings(settings, self.days[0]))

    def load(self, first: dt.date, last: dt.date) -> None:
        """Materialize the tables of a range of batch days in one run."""
        self.small.materialize_tables((str(first), str(last)))
        self.hold(first, last)

    def hold(self, first: dt.date, last: dt.date, feeds: Sequence[str] = tuple(FEEDS)) -> None:
        """Note that a range of batch days was loaded; what is refused stays as it was."""
        for feed in feeds:
            landed = batches(self.landing / feed)
            for day in self.days:
                if first <= day <= last:
                    self._hold(feed, day, landed.get(day, []))

    def _hold(self, feed: str, day: dt.date, paths: list[Path]) -> None:
        if not paths:
            self.held.pop((feed, day), None)
            return
        try:
            self.held[feed, day] = stage_batch(feed, day, paths, self.settings)
        except Refused:
            return

    def assert_like_the_model(self) -> None:
        """Compare the warehouse with what the contract makes of the batches held."""
        model = model_of_staged(Staged(self.held, {}), self.settings)
        found = differences(self.url, model)
        first = {
            table: {side: rows[:_ROWS_SHOWN] for side, rows in sides.items()}
            for table, sides in found.items()
        }
        assert not found, f"{self.settings}\n{pformat(first, width=300)}"


def as_settings(settings: ModelSettings, first_day: dt.date) -> dict[str, Any]:
    """Give the settings of the program that are those of the model."""
    return {
        "timezone": settings.timezone,
        "source_timezone": settings.source_timezone,
        "return_days": settings.return_days,
        "tolerate": ",".join(settings.tolerate),
        "hash_key": settings.hash_key,
        # Histories take everything back, too.
        "refuse_gone_share": 1.0,
        "first_day": first_day,
    }
