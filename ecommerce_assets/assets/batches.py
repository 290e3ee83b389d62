"""Landed batches to staged ones: what of some days is new, read, split, accepted or refused.

The assets around it stand in `assets.staging`.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

import numpy as np
import pandas as pd
import psycopg

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.landing import Listing
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.records import RefusedFileError
from ecommerce_assets.feeds.split import LandedRecords, Split, split
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.staging import (
    STAGED_FILE,
    Refusal,
    replace_batches,
    staged_files,
)

DAYS_AT_ONCE = 30
"""How many days are read, split and written together: bounds memory at some 100,000s of records."""

FEWEST_RECORDS_TO_REFUSE = 100


@dataclass(frozen=True)
class StagedDay:
    """What a run did with a feed's day."""

    day: dt.date
    files: pd.DataFrame
    """Of the day, with the columns of `STAGED_FILE`, as staging holds them now."""
    is_changed: bool
    refusal: Refusal | None = None


def stage_batches(
    shop: Shop,
    connection: psycopg.Connection,
    feed: Feed,
    days: Sequence[dt.date],
    listing: Listing,
) -> Iterator[StagedDay]:
    """Make staging and quarantine hold what has landed of a feed for some days.

    A day whose files are the ones already staged is left alone. A refused day is left as it was.
    """
    for start in range(0, len(days), DAYS_AT_ONCE):
        yield from _stage(shop, connection, feed, days[start : start + DAYS_AT_ONCE], listing)


def _stage(
    shop: Shop,
    connection: psycopg.Connection,
    feed: Feed,
    days: Sequence[dt.date],
    listing: Listing,
) -> Iterator[StagedDay]:
    held = _by_day(staged_files(connection, feed.name, days[0], days[-1]))
    refusals: dict[dt.date, Refusal] = {}
    changed: dict[dt.date, list[_ReadFile]] = {}
    for day in days:
        try:
            contents = {
                file.name: shop.landing.read(file)
                for file in listing.batches.get((feed.name, day), ())
            }
            if not _is_held(contents, held.get(day)):
                changed[day] = _read_day(shop, feed, day, contents)
        except RefusedFileError as refused:
            refusals[day] = Refusal(feed.name, day, refused.name, refused.reason)

    result = split(
        feed, shop.store, shop.hasher, [file.landed for file in chain(*changed.values())]
    )
    refusals |= _too_many_bad(shop, feed, result)
    accepted = [day for day in changed if day not in refusals]
    if accepted:
        files = _file_rows(feed, chain(*(changed[day] for day in accepted)), result)
        replace_batches(
            connection,
            feed.name,
            accepted,
            _of(accepted, result.staged),
            _of(accepted, result.quarantined),
            files,
        )
        held = {day: of for day, of in held.items() if day not in accepted} | _by_day(files)
    nothing = pd.DataFrame(columns=list(STAGED_FILE))
    for day in days:
        yield StagedDay(day, held.get(day, nothing), day in accepted, refusals.get(day))


@dataclass(frozen=True)
class _ReadFile:
    landed: LandedRecords
    sha256: str


def _read_day(
    shop: Shop, feed: Feed, day: dt.date, contents: Mapping[str, bytes]
) -> list[_ReadFile]:
    """Read a day's files; any that is refused refuses the day."""
    if contents and day > shop.today:
        reason = f"its batch date is after today ({shop.today})"
        raise RefusedFileError(next(iter(contents)), reason)
    return [
        _ReadFile(
            LandedRecords(pd.Timestamp(day), name, read_records(name, content, feed)),
            _digest(content),
        )
        for name, content in contents.items()
    ]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_held(contents: Mapping[str, bytes], held: pd.DataFrame | None) -> bool:
    staged = {} if held is None else dict(zip(held["source_file"], held["sha256"], strict=True))
    return {name: _digest(content) for name, content in contents.items()} == staged


def _by_day(frame: pd.DataFrame) -> dict[dt.date, pd.DataFrame]:
    return {cast(pd.Timestamp, day).date(): rows for day, rows in frame.groupby("batch_date")}


def _of(days: Sequence[dt.date], frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["batch_date"].isin(pd.to_datetime(list(days)))]


def _too_many_bad(shop: Shop, feed: Feed, result: Split) -> dict[dt.date, Refusal]:
    """Refuse days of which more than the allowed share is bad: half a day is worse than none."""
    bad = result.quarantined.groupby("batch_date").size()
    landed = bad.add(result.staged.groupby("batch_date").size(), fill_value=0).astype("int64")
    bad = bad.reindex(landed.index, fill_value=0)
    share = shop.settings.refuse_share
    refused = (landed >= FEWEST_RECORDS_TO_REFUSE) & (bad > landed * share)
    refusals = {}
    for day in landed.index[refused]:
        rule, broken = _most_broken(result.quarantined[result.quarantined["batch_date"] == day])
        refusals[day.date()] = Refusal(
            feed.name,
            day.date(),
            None,
            f"{bad[day]:,} of {landed[day]:,} records break row rules ({rule}: {broken:,}), more"
            f" than the share of {share:g} that ECOMMERCE_REFUSE_SHARE allows; mend the export",
        )
    return refusals


def _most_broken(quarantined: pd.DataFrame) -> tuple[str, int]:
    """The rule that most of the records break, and how many do."""
    rules = Counter(
        rule
        for reasons in quarantined["reasons"]
        for rule in {reason["rule"] for reason in json.loads(reasons)}
    )
    return max(rules.items(), key=lambda counted: (counted[1], counted[0]))


def _file_rows(feed: Feed, files: Iterable[_ReadFile], result: Split) -> pd.DataFrame:
    """Make a row a file, with the columns of `STAGED_FILE`."""
    key = ["batch_date", "source_file"]
    staged = result.staged.groupby(key).size().to_dict()
    quarantined = result.quarantined.groupby(key).size().to_dict()
    rows = [
        {
            "feed": feed.name,
            "batch_date": file.landed.batch_date,
            "source_file": file.landed.source_file,
            "sha256": file.sha256,
            "records": len(file.landed.records),
            "staged": staged.get((file.landed.batch_date, file.landed.source_file), 0),
            "quarantined": quarantined.get((file.landed.batch_date, file.landed.source_file), 0),
            "ignored_columns": json.dumps(list(file.landed.records.ignored_columns)),
        }
        for file in files
    ]
    frame = pd.DataFrame(rows, columns=list(STAGED_FILE))
    return frame.astype(
        {
            "batch_date": "datetime64[s]",
            **dict.fromkeys(("records", "staged", "quarantined"), np.int64),
        }
    )
