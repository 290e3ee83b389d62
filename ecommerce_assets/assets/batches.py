"""Stages landed batches: reads, splits, accepts or refuses the changed days of a feed.

`assets.staging` defines the assets.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import pandas as pd
import psycopg

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.landing import Listing
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.records import RefusedFileError
from ecommerce_assets.feeds.split import LandedRecords, Split, split
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.pruning import first_whole_day, takeable_batches
from ecommerce_assets.warehouse.staging import (
    Refusal,
    StagedFile,
    hand_over_batches,
    replace_batches,
    staged_files,
)

BYTES_AT_ONCE = 1 << 25
"""The bytes of texts that are split and written together, plus one day; this bounds memory.

Two such pieces are in memory at a time: one is written while the next is read.
"""

FEWEST_RECORDS_TO_REFUSE = 100


@dataclass(frozen=True)
class StagedDay:
    """The result of a run for a feed's day."""

    day: dt.date
    files: Sequence[StagedFile]
    """The day's files in staging after the run."""
    is_changed: bool
    refusal: Refusal | None = None


def refuse_loss(
    shop: Shop,
    connection: psycopg.Connection,
    feed: Feed,
    days: Collection[dt.date],
    listing: Listing,
) -> None:
    """Refuse to remove a feed's days if too many landed files are missing.

    `listing` is of the feed's folder. The other folders are listed too if one of the days is
    missing.

    Raises:
        LandingError: see `Listing.refuse_loss`.
    """
    held = takeable_batches(connection)
    if any((feed.name, day) in held and (feed.name, day) not in listing.batches for day in days):
        shop.landing.listing().refuse_loss(held, days, shop.settings.refuse_gone_share)


def stage_batches(
    shop: Shop,
    connection: psycopg.Connection,
    feed: Feed,
    days: Sequence[dt.date],
    listing: Listing,
) -> Iterator[StagedDay]:
    """Replace some days of a feed in staging and quarantine by the landed files.

    A day whose files are already staged is not touched. A refused day stays as it was. So does a
    pruned day without files; a pruned day with new files is refused.
    """
    first_whole = first_whole_day(connection)
    held = staged_files(connection, feed.name, days[0], days[-1]) if days else {}
    read_days = (
        _read_day(shop, feed, day, listing, held.get(day, ()), is_pruned=day < first_whole)
        for day in days
    )
    written: Future[None] | None = None
    waiting: list[StagedDay] = []
    replaced: list[dt.date] = []
    with ThreadPoolExecutor(max_workers=1) as writer:
        for piece in _pieces(read_days):
            if not any(read.is_changed for read in piece):
                yield from (StagedDay(read.day, read.held, False, read.refusal) for read in piece)
                continue
            judged = _judge(shop, feed, piece)
            if written:
                written.result()
            yield from waiting
            # PostgreSQL takes this piece while the next one is read.
            written = writer.submit(_write, connection, feed, judged)
            waiting = judged.outcomes
            replaced += judged.accepted
        if written:
            written.result()
        if replaced:
            hand_over_batches(connection, feed.name, replaced)
        yield from waiting


@dataclass(frozen=True)
class _ReadFile:
    landed: LandedRecords
    sha256: str


@dataclass(frozen=True)
class _ReadDay:
    """The landed files of a day, or the fact that they are already staged, or a refusal."""

    day: dt.date
    held: Sequence[StagedFile]
    is_changed: bool = False
    files: Sequence[_ReadFile] = ()
    refusal: Refusal | None = None


def _read_day(
    shop: Shop,
    feed: Feed,
    day: dt.date,
    listing: Listing,
    held: Sequence[StagedFile],
    *,
    is_pruned: bool,
) -> _ReadDay:
    """Read a day's files; one refused file refuses the day."""
    try:
        contents = {
            file.name: shop.landing.read(file) for file in listing.batches.get((feed.name, day), ())
        }
        if _is_held(contents, held) or (is_pruned and not contents):
            return _ReadDay(day, held)
        if is_pruned:
            reason = (
                "the day was pruned, so that its records cannot be replaced; land what has changed"
                " on a later day, or run `ecommerce rebuild`"
            )
            raise RefusedFileError(next(iter(contents)), reason)
        if contents and day > shop.today:
            reason = f"its batch date is after today ({shop.today})"
            raise RefusedFileError(next(iter(contents)), reason)
        files = [
            _ReadFile(
                LandedRecords(pd.Timestamp(day), name, read_records(name, content, feed)),
                _digest(content),
            )
            for name, content in contents.items()
        ]
    except RefusedFileError as refused:
        return _ReadDay(day, held, refusal=Refusal(feed.name, day, refused.name, refused.reason))
    return _ReadDay(day, held, is_changed=True, files=files)


def _pieces(read_days: Iterable[_ReadDay]) -> Iterator[list[_ReadDay]]:
    """Group days into pieces that are split and written together."""
    piece: list[_ReadDay] = []
    size = 0
    for read in read_days:
        piece.append(read)
        size += sum(file.landed.records.size for file in read.files)
        if size > BYTES_AT_ONCE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


@dataclass(frozen=True)
class _JudgedPiece:
    """The accepted days of a piece with their rows and files, and the results of all its days."""

    accepted: Sequence[dt.date]
    staged: pd.DataFrame
    quarantined: pd.DataFrame
    files: Sequence[StagedFile]
    outcomes: list[StagedDay]


def _judge(shop: Shop, feed: Feed, piece: Sequence[_ReadDay]) -> _JudgedPiece:
    """Split the records of a piece, and accept or refuse each of its changed days."""
    result = split(
        feed, shop.store, shop.hasher, [file.landed for read in piece for file in read.files]
    )
    refusals = {read.day: read.refusal for read in piece if read.refusal}
    refusals |= _too_many_bad(shop, feed, result)
    accepted = [read for read in piece if read.is_changed and read.day not in refusals]
    files = _count_records(feed, accepted, result)
    days = [read.day for read in accepted]
    return _JudgedPiece(
        days,
        _of(days, result.staged),
        _of(days, result.quarantined),
        list(chain(*files.values())),
        [
            StagedDay(
                read.day, files.get(read.day, read.held), read.day in files, refusals.get(read.day)
            )
            for read in piece
        ],
    )


def _write(connection: psycopg.Connection, feed: Feed, piece: _JudgedPiece) -> None:
    if piece.accepted:
        replace_batches(
            connection, feed.name, piece.accepted, piece.staged, piece.quarantined, piece.files
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_held(contents: Mapping[str, bytes], held: Iterable[StagedFile]) -> bool:
    staged = {file.source_file: file.sha256 for file in held}
    return {name: _digest(content) for name, content in contents.items()} == staged


def _of(days: Sequence[dt.date], frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["batch_date"].isin(pd.to_datetime(list(days)))]


def _too_many_bad(shop: Shop, feed: Feed, result: Split) -> dict[dt.date, Refusal]:
    """Refuse days with more than the allowed share of bad records."""
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
    """The rule that most records break, and the number of these records."""
    rules = Counter(
        rule
        for reasons in quarantined["reasons"]
        for rule in {reason["rule"] for reason in json.loads(reasons)}
    )
    return max(rules.items(), key=lambda counted: (counted[1], counted[0]))


def _count_records(
    feed: Feed, days: Iterable[_ReadDay], result: Split
) -> dict[dt.date, list[StagedFile]]:
    """Count the records of each day's files."""
    key = ["batch_date", "source_file"]
    staged = result.staged.groupby(key).size().to_dict()
    quarantined = result.quarantined.groupby(key).size().to_dict()

    def count(read: _ReadDay, file: _ReadFile) -> StagedFile:
        address = file.landed.batch_date, file.landed.source_file
        return StagedFile(
            feed=feed.name,
            batch_date=read.day,
            source_file=file.landed.source_file,
            sha256=file.sha256,
            records=len(file.landed.records),
            staged=staged.get(address, 0),
            quarantined=quarantined.get(address, 0),
            ignored_columns=file.landed.records.ignored_columns,
        )

    return {read.day: [count(read, file) for file in read.files] for read in days}
