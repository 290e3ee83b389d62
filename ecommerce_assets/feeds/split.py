"""Splits landed records into staged and quarantined ones; every record is in exactly one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from ecommerce_assets.feeds.contract import Feed, Store
from ecommerce_assets.feeds.judging import judge
from ecommerce_assets.feeds.parsing import Mask
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.feeds.quarantine import (
    MalformedRecord,
    malformed_quarantine,
    no_quarantine,
    row_quarantine,
)
from ecommerce_assets.feeds.records import Records


@dataclass(frozen=True)
class LandedRecords:
    """The records of one file of a batch."""

    batch_date: pd.Timestamp
    source_file: str
    records: Records


@dataclass(frozen=True)
class Split:
    """The staged and the quarantined records.

    `staged` has the columns of `staging.<feed>`, `quarantined` those of `quarantine.records` (its
    jsonb columns as JSON text); both have one row a record.
    """

    staged: pd.DataFrame
    quarantined: pd.DataFrame


_TEXT = pd.StringDtype(na_value=np.nan)


def split(feed: Feed, store: Store, hasher: Hasher, landed: Sequence[LandedRecords]) -> Split:
    """Split the records of some files of a feed, of any number of batches.

    Source: docs/reference/feeds.md, What a bad record gets.
    """
    texts, unfit, address = _stack(feed, landed)
    judged = judge(feed, store, texts, unfit, address["batch_date"])
    bad = np.zeros(len(texts), dtype=bool)
    for fault in judged.faults:
        bad[fault.positions] = True

    values = judged.values.drop(columns="batch_date")
    for name, column in feed.columns.items():
        if column.default is not None:
            values[name] = values[name].fillna(column.default)
    if "email" in values:
        hashes = {email: hasher(email) for email in values["email"].dropna().unique()}
        values["email"] = values["email"].map(hashes).astype("str")
        values = values.rename(columns={"email": "email_sha256"})
    staged = pd.concat([address, values], axis=1)[~bad].reset_index(drop=True)

    malformed = [
        MalformedRecord(
            file.batch_date, file.source_file, record.line_number, record.text, record.message
        )
        for file in landed
        for record in file.records.malformed
    ]
    if not judged.faults and not malformed:
        return Split(staged, no_quarantine())
    rejected = row_quarantine(feed, hasher, texts, address, judged.faults)
    return Split(staged, pd.concat([rejected, malformed_quarantine(feed, malformed)]))


def _stack(
    feed: Feed, landed: Sequence[LandedRecords]
) -> tuple[pd.DataFrame, dict[str, Mask], pd.DataFrame]:
    """Concatenate the files' records, with their addresses."""
    lengths = [len(file.records.line_numbers) for file in landed]
    tables = [file.records.texts for file in landed if len(file.records.line_numbers)]
    # pandas cannot join on a column of texts that Arrow made without rows.
    texts = (
        pa.concat_tables(tables).to_pandas(types_mapper={pa.string(): _TEXT}.get)
        if tables
        else pd.DataFrame(columns=list(feed.columns), dtype="str")
    )
    unfit = {
        name: np.concatenate(
            [
                file.records.unfit.get(name, np.zeros(length, dtype=bool))
                for file, length in zip(landed, lengths, strict=True)
            ]
        )
        for name in feed.columns
        if any(name in file.records.unfit for file in landed)
    }
    days = np.array([file.batch_date for file in landed], dtype="datetime64[s]")
    names = pd.Series([file.source_file for file in landed], dtype="str")
    line_numbers = [file.records.line_numbers for file in landed]
    address = pd.DataFrame(
        {
            "batch_date": np.repeat(days, lengths),
            "source_file": names.repeat(lengths).reset_index(drop=True),
            "line_number": np.concatenate([np.empty(0, dtype="int64"), *line_numbers]),
        }
    )
    return texts, unfit, address
