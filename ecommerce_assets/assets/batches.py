"""Landed batches to staged ones: what of some days is new, read, split, accepted or refused.

The assets around it stand in `assets.staging`.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import psycopg

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.landing import LandedFile, Listing
from ecommerce_assets.feeds.reading import RefusedFileError, read_records
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
    shop: Shop, connection: psycopg.Connection, feed: Feed, days: Sequence[dt.date]
) -> Iterator[StagedDay]:
    """Make staging and quarantine hold what has landed of a feed for some days.

    A day whose files are the ones already staged is left alone. A refused day is left as it was.
    """
    listing = shop.landing.listing([feed.name])
    for start in range(0, len(days), DAYS_AT_ONCE):
        yield from _stage(shop, connection, feed, days[start : start + DAYS_AT_ONCE], listing)


def _stage(
    shop: Shop,
    connection: psycopg.Connection,
    feed: Feed,
    days: Sequence[dt.date],
    listing: Listing,
) -> Iterator[StagedDay]:
    held = staged_files(connection, feed.name, days[0], days[-1])
    held_by_day = {day: _of([day], held) for day in days}
    landed: list[LandedRecords] = []
    digests: dict[LandedFile, str] = {}
    refusals: dict[dt.date, Refusal] = {}
    changed: list[dt.date] = []
    for day in days:
        files = listing.batches.get((feed.name, day), ())
        try:
            contents = {file: shop.landing.read(file) for file in files}
            digest = {
                file: hashlib.sha256(content).hexdigest() for file, content in contents.items()
            }
            if _is_held(digest, held_by_day[day]):
                continue
            if day > shop.today:
                raise RefusedFileError(
                    files[0].name, f"its batch date is after today ({shop.today})"
                )
            records = [
                LandedRecords(pd.Timestamp(day), file.name, read_records(file.name, content, feed))
                for file, content in contents.items()
            ]
        except RefusedFileError as refused:
            refusals[day] = Refusal(feed.name, day, refused.name, refused.reason)
            continue
        changed.append(day)
        digests |= digest
        landed += records

    result = split(feed, shop.store, shop.hasher, landed)
    refusals |= _too_many_bad(shop, feed, result)
    accepted = [day for day in changed if day not in refusals]
    file_rows = _file_rows(landed, digests, result)
    if accepted:
        replace_batches(
            connection,
            feed.name,
            accepted,
            _of(accepted, result.staged),
            _of(accepted, result.quarantined),
            _of(accepted, file_rows),
        )
        held_by_day |= {day: _of([day], file_rows) for day in accepted}
    for day in days:
        yield StagedDay(day, held_by_day[day], day in accepted, refusals.get(day))


def _is_held(digests: dict[LandedFile, str], held: pd.DataFrame) -> bool:
    staged = dict(zip(held["source_file"], held["sha256"], strict=True))
    return {file.name: digest for file, digest in digests.items()} == staged


def _of(days: Sequence[dt.date], frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["batch_date"].isin(pd.to_datetime(pd.Series(days, dtype="object")))]


def _too_many_bad(shop: Shop, feed: Feed, result: Split) -> dict[dt.date, Refusal]:
    """Refuse days of which more than the allowed share is bad: half a day is worse than none."""
    bad = result.quarantined.groupby("batch_date").size()
    landed = bad.add(result.staged.groupby("batch_date").size(), fill_value=0).astype("int64")
    bad = bad.reindex(landed.index, fill_value=0)
    share = shop.settings.refuse_share
    refused = (landed >= FEWEST_RECORDS_TO_REFUSE) & (bad > landed * share)
    return {
        day.date(): Refusal(
            feed.name,
            day.date(),
            None,
            f"{bad[day]:,} of {landed[day]:,} records break row rules, more than the share of"
            f" {share:g} that ECOMMERCE_REFUSE_SHARE allows; mend the export",
        )
        for day in landed.index[refused]
    }


def _file_rows(
    landed: Sequence[LandedRecords], digests: dict[LandedFile, str], result: Split
) -> pd.DataFrame:
    """Make a row a file, with the columns of `STAGED_FILE`."""
    key = ["batch_date", "source_file"]
    staged = result.staged.groupby(key).size()
    quarantined = result.quarantined.groupby(key).size()
    digest = {(pd.Timestamp(file.batch_date), file.name): sha for file, sha in digests.items()}
    rows = [
        {
            "feed": next(iter(digests)).feed,
            "batch_date": file.batch_date,
            "source_file": file.source_file,
            "sha256": digest[file.batch_date, file.source_file],
            "records": len(file.records),
            "staged": int(staged.get((file.batch_date, file.source_file), 0)),
            "quarantined": int(quarantined.get((file.batch_date, file.source_file), 0)),
            "ignored_columns": json.dumps(list(file.records.ignored_columns)),
        }
        for file in landed
    ]
    frame = pd.DataFrame(rows, columns=list(STAGED_FILE))
    return frame.astype(
        {
            "batch_date": "datetime64[s]",
            **dict.fromkeys(("records", "staged", "quarantined"), np.int64),
        }
    )
