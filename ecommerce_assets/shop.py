"""The shop that a process works for: settings, landing zone, warehouse and clock.

It is one resource of the graph. It has no logic of its own.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import psycopg

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.feeds.landing import LandingZone
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.database_url import database_url
from ecommerce_assets.warehouse.frozen_settings import check_settings
from ecommerce_assets.warehouse.schema import migrate
from ecommerce_assets.warehouse.session import connect


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _ignore_progress(_: str, __: float) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Shop:
    """The settings, files, warehouse and clock that assets work with.

    `progress` is called with the name of a step and the share of it that is done. If `is_rebuild`,
    the next run empties the warehouse first.
    """

    settings: Settings
    now: Callable[[], dt.datetime] = _now
    progress: Callable[[str, float], None] = _ignore_progress
    is_rebuild: bool = False

    @property
    def today(self) -> dt.date:
        """The date now, in the store's time zone."""
        return self.now().astimezone(ZoneInfo(self.settings.timezone)).date()

    @cached_property
    def landing(self) -> LandingZone:
        """The landing zone."""
        return LandingZone(self.settings.landing_url)

    @cached_property
    def store(self) -> Store:
        """The settings by which records are judged."""
        return Store(
            timezone=self.settings.timezone,
            currency=self.settings.currency,
            source_timezone=self.settings.source_timezone,
            tolerated=frozenset(filter(None, [self.settings.tolerate])),
        )

    @cached_property
    def hasher(self) -> Hasher:
        """Hashes e-mail addresses, under the key of the settings."""
        key = self.settings.hash_key
        return Hasher(key.get_secret_value() if key else None)

    @cached_property
    def database_url(self) -> str:
        """The URL of the warehouse, its schema up to date."""
        url = database_url(self.settings)
        migrate(url)
        return url

    @contextmanager
    def warehouse(self) -> Iterator[psycopg.Connection]:
        """Connect to the warehouse in order to read what it holds.

        Raises:
            SettingsChangedError: it was loaded under other settings, and is not being rebuilt.
        """
        with connect(self.database_url) as connection:
            if not self.is_rebuild:
                check_settings(connection, self.settings)
            yield connection
