"""What the row rules make of a landing zone: records staged, quarantined, or a day refused."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.model.files import Raw, Refused, batches, read
from ecommerce_tests.torture.model.rows import Record, judge
from ecommerce_tests.torture.model.settings import ModelSettings


class Address(NamedTuple):
    """Where a record landed; addresses of a feed sort as its versions do."""

    feed: str
    batch_date: dt.date
    source_file: str
    line_number: int


@dataclass(frozen=True)
class Staged:
    """What the row rules make of a landing zone.

    `held` are the feed-days with a file that was not refused, `refused` the others, with why.
    """

    records: dict[str, dict[Address, Record]]
    quarantine: dict[Address, tuple[str, set[str]]]
    held: set[tuple[str, dt.date]]
    refused: dict[tuple[str, dt.date], str]

    def latest(self, feed: str) -> dict[Any, tuple[Address, Record]]:
        """The version that counts of every business key of a feed."""
        versions = sorted(
            self.records[feed].items(), key=lambda entry: (entry[1]["ingested_at"], entry[0])
        )
        key = FEEDS[feed].key
        single = len(key) == 1
        return {
            record[key[0]] if single else tuple(record[name] for name in key): (address, record)
            for address, record in versions
        }


def stage(landing: Path, settings: ModelSettings) -> Staged:
    """Read and judge every landed file."""
    staged = Staged({feed: {} for feed in FEEDS}, {}, set(), {})
    for feed in FEEDS:
        for day, paths in batches(landing / feed).items():
            try:
                _stage_batch(staged, feed, day, paths, settings)
            except Refused as reason:
                staged.refused[feed, day] = str(reason)
            else:
                staged.held.add((feed, day))
    return staged


def _stage_batch(
    staged: Staged, feed: str, day: dt.date, paths: list[Path], settings: ModelSettings
) -> None:
    if day > settings.today:
        raise Refused("after today")
    raws: list[tuple[Address, Raw]] = [
        (Address(feed, day, path.name, raw.line), raw)
        for path in paths
        for raw in read(path, FEEDS[feed])
    ]
    judged = [(address, *judge(feed, raw, day, settings)) for address, raw in raws]
    bad = sum(bool(broken) for _, _, broken in judged)
    if len(judged) >= 100 and bad > len(judged) * settings.refuse_share:
        raise Refused("too many bad records")
    for address, record, broken in judged:
        if broken:
            staged.quarantine[address] = ("row", broken)
        else:
            staged.records[feed][address] = record
