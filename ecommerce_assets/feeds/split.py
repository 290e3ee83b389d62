"""Landed records into staged | quarantined: every record in one of the two, never both."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ecommerce_assets.feeds.contract import Feed, Store
from ecommerce_assets.feeds.judging import Fault, judge
from ecommerce_assets.feeds.parsing import Mask
from ecommerce_assets.feeds.privacy import Hasher, looks_like_address, mask_addresses
from ecommerce_assets.feeds.reading import Records

ADDRESS = ["batch_date", "source_file", "line_number"]


@dataclass(frozen=True)
class LandedRecords:
    """The records of one file of a batch."""

    batch_date: pd.Timestamp
    source_file: str
    records: Records


@dataclass(frozen=True)
class Split:
    """What landed, divided.

    `staged` has the columns of `staging.<feed>`, `quarantined` those of `quarantine.records` (its
    jsonb columns as JSON text); both have one row a record.
    """

    staged: pd.DataFrame
    quarantined: pd.DataFrame


def split(feed: Feed, store: Store, hasher: Hasher, landed: Sequence[LandedRecords]) -> Split:
    """Divide the records of some files of a feed, of any number of batches.

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

    rejected = _quarantined(feed, hasher, texts, address, judged.faults)
    quarantined = pd.concat([rejected, _malformed(feed, landed)], ignore_index=True)
    return Split(staged, quarantined)


def _stack(
    feed: Feed, landed: Sequence[LandedRecords]
) -> tuple[pd.DataFrame, dict[str, Mask], pd.DataFrame]:
    """Put the files' records under one another, beside their addresses."""
    frames = [file.records.texts for file in landed]
    lengths = [len(frame) for frame in frames]
    texts = pd.concat(
        [pd.DataFrame(columns=list(feed.columns), dtype="str"), *frames], ignore_index=True
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
    line_numbers = [frame.index.to_numpy(dtype="int64") for frame in frames]
    address = pd.DataFrame(
        {
            "batch_date": np.repeat(days, lengths),
            "source_file": names.repeat(lengths).reset_index(drop=True),
            "line_number": np.concatenate([np.empty(0, dtype="int64"), *line_numbers]),
        }
    )
    return texts, unfit, address


def _quarantined(
    feed: Feed, hasher: Hasher, texts: pd.DataFrame, address: pd.DataFrame, faults: list[Fault]
) -> pd.DataFrame:
    reasons: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for fault in faults:
        values = texts[fault.column].iloc[fault.positions]
        for position, value in zip(fault.positions.tolist(), values, strict=True):
            reasons[position].append(
                reason(fault.rule, fault.column, _kept(fault.column, value, hasher), fault.message)
            )
    positions = sorted(reasons)
    records = [
        {
            ("email_sha256" if name == "email" else name): _kept(name, value, hasher)
            for name, value in record.items()
        }
        for record in texts.iloc[positions].to_dict("records")
    ]
    frame = address.iloc[positions].reset_index(drop=True)
    frame.insert(0, "feed", feed.name)
    frame["business_key"] = pd.Series(
        ["|".join(record[name] or "" for name in feed.key) or None for record in records],
        dtype="str",
    )
    frame["stage"] = "row"
    frame["reasons"] = [as_json(reasons[position]) for position in positions]
    frame["record"] = [as_json(record) for record in records]
    return frame.astype({"reasons": "str", "record": "str"})


def _malformed(feed: Feed, landed: Sequence[LandedRecords]) -> pd.DataFrame:
    rows = [
        {
            "feed": feed.name,
            "batch_date": file.batch_date,
            "source_file": file.source_file,
            "line_number": malformed.line_number,
            "business_key": None,
            "stage": "row",
            "reasons": as_json(
                [reason("malformed", None, None, "is not a record of the shape of its file")]
            ),
            "record": as_json({"raw": _visible(mask_addresses(malformed.text))}),
        }
        for file in landed
        for malformed in file.records.malformed
    ]
    columns = ["feed", *ADDRESS, "business_key", "stage", "reasons", "record"]
    return pd.DataFrame(rows, columns=columns).astype({"batch_date": "datetime64[s]"})


def _kept(column: str, value: object, hasher: Hasher) -> str | None:
    """Show a value in quarantine: hashed where it is, or looks like, an e-mail address."""
    if not isinstance(value, str):
        return None
    if column == "email" or looks_like_address(value):
        return hasher(value)
    return _visible(value)


def _visible(text: str) -> str:
    r"""Write what JSON or UTF-8 in PostgreSQL cannot hold as an escape one can see: ``\u0000``."""
    text = text.replace("\0", "\\u0000")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def reason(rule: str, column: str | None, value: str | None, message: str) -> dict[str, Any]:
    """Make one of a quarantined record's reasons."""
    return {"rule": rule, "column": column, "value": value, "message": message}


def as_json(value: object) -> str:
    """Write a reason or record for a jsonb column."""
    return json.dumps(value, ensure_ascii=False)
