"""What the row rules make of landed files: records staged, quarantined, or a feed-day refused."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.model.files import Refused, batches, read
from ecommerce_tests.torture.model.rows import Record, judge
from ecommerce_tests.torture.model.settings import ModelSettings

FeedDay = tuple[str, dt.date]


class Address(NamedTuple):
    """Where a record landed; addresses of a feed sort as its versions do."""

    feed: str
    batch_date: dt.date
    source_file: str
    line_number: int


@dataclass(frozen=True)
class Batch:
    """The records of a feed's day: those staged, and the rules that the others break."""

    records: Mapping[Address, Record]
    quarantine: Mapping[Address, set[str]]


@dataclass(frozen=True)
class Staged:
    """The batches that a warehouse holds, and why it refused others."""

    batches: Mapping[FeedDay, Batch]
    refused: Mapping[FeedDay, str]

    def records(self, feed: str) -> dict[Address, Record]:
        """The staged records of a feed."""
        return {
            address: record
            for (of, _), batch in self.batches.items()
            if of == feed
            for address, record in batch.records.items()
        }

    def latest(self, feed: str) -> dict[Any, tuple[Address, Record]]:
        """The version that counts of every business key of a feed."""
        versions = sorted(
            self.records(feed).items(), key=lambda entry: (entry[1]["ingested_at"], entry[0])
        )
        key = FEEDS[feed].key
        single = len(key) == 1
        return {
            record[key[0]] if single else tuple(record[name] for name in key): (address, record)
            for address, record in versions
        }


def stage(landing: Path, settings: ModelSettings) -> Staged:
    """Read and judge every landed file."""
    held: dict[FeedDay, Batch] = {}
    refused: dict[FeedDay, str] = {}
    for feed in FEEDS:
        for day, paths in batches(landing / feed).items():
            try:
                held[feed, day] = stage_batch(feed, day, paths, settings)
            except Refused as reason:
                refused[feed, day] = str(reason)
    return Staged(held, refused)


def stage_batch(feed: str, day: dt.date, paths: Sequence[Path], settings: ModelSettings) -> Batch:
    """Read and judge the files of a feed's day.

    Raises:
        Refused: the day is not loaded.
    """
    if day > settings.today:
        raise Refused("its batch date is after today")
    judged = [
        (Address(feed, day, path.name, raw.line), *judge(feed, raw, day, settings))
        for path in paths
        for raw in read(path, FEEDS[feed])
    ]
    bad = {address: broken for address, _, broken in judged if broken}
    if len(judged) >= 100 and len(bad) > len(judged) * settings.refuse_share:
        raise Refused("too many bad records")
    return Batch({address: record for address, record, broken in judged if not broken}, bad)
