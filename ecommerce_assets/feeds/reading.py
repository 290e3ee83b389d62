"""The bytes of one landed file to records of texts (docs/reference/feeds.md, Files).

CSV, JSON lines and Parquet come out alike; what a text means is not read here.
"""

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import Feed, Writing
from ecommerce_assets.feeds.parquet import column_texts
from ecommerce_assets.feeds.parsing import Mask

UNPACKED_LIMIT = 1 << 30
"""Bytes a gzip file may unpack to. A day of a million orders is a tenth of it."""

EXTENSIONS = (".csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz")

_SURROGATE = ("\ud800", "\udfff")


class RefusedFileError(OperatorError):
    """The file is not its feed at all, so its day is not loaded.

    Source: docs/reference/feeds.md, What is refused.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True)
class Malformed:
    """A record that has not the shape of its file, as its raw text."""

    line_number: int
    text: str


@dataclass(frozen=True)
class Records:
    """The records of one file.

    `texts` has the feed's columns, trimmed, null where empty or absent, and is indexed by line
    number, from 1, header and empty lines aside. `unfit` marks, by column, values that are no text
    or number at all (a JSON list, say), which `texts` shows as JSON.
    """

    texts: pd.DataFrame
    unfit: Mapping[str, Mask] = field(default_factory=dict)
    malformed: Sequence[Malformed] = ()
    ignored_columns: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.texts) + len(self.malformed)


def read_records(name: str, content: bytes, feed: Feed) -> Records:
    """Read a landed file of a feed.

    Raises:
        RefusedFileError: the file is not its feed at all.
    """
    if name.endswith(".parquet"):
        return _read_parquet(name, content, feed)
    if name.endswith(".gz"):
        content = _unpack(name, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFileError(
            name, f"byte {error.start} is not UTF-8; export the file as UTF-8"
        ) from None
    if name.removesuffix(".gz").endswith(".jsonl"):
        return _read_jsonl(text, feed)
    if not content:
        raise RefusedFileError(name, "the file has no bytes, not even a header; export it again")
    return _read_csv(name, text, feed)


def _unpack(name: str, content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(UNPACKED_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RefusedFileError(
            name, f"the gzip file is broken ({error}); export it again"
        ) from None
    if len(unpacked) > UNPACKED_LIMIT:
        raise RefusedFileError(
            name, f"the gzip file unpacks to more than {UNPACKED_LIMIT:,} bytes; split it"
        )
    return unpacked


def _check_header(name: str, header: Sequence[str], feed: Feed) -> list[str]:
    """Refuse a header that is not the feed's; else give the columns of it that are not."""
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise RefusedFileError(
            name, f"the header has the column {twice[0]!r} twice; name each once"
        )
    missing = [column for column in feed.required if column not in header]
    if missing:
        raise RefusedFileError(
            name,
            f"the header has no column {', '.join(missing)}; is this file a {feed.name} export?",
        )
    return [column for column in header if column not in feed.columns]


_END = "\0end of file\0"


def _csv_records(text: str) -> Iterator[tuple[list[str], str, bool]]:
    """Give each record that is not blank: its fields, its raw text, whether its quotes close."""
    csv.field_size_limit(sys.maxsize)
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line
        # Comes out as a record of its own, unless a quote is still open.
        yield _END

    for fields in csv.reader(lines()):
        if not taken:
            return
        raw = taken[0] if len(taken) == 1 else "".join(taken)
        taken.clear()
        if fields and (len(fields) > 1 or raw.strip()):
            closed = not fields[-1].endswith(_END)
            yield fields, raw, closed


def _read_csv(name: str, text: str, feed: Feed) -> Records:
    records = _csv_records(text)
    header_fields, _, closed = next(records, ([], "", True))
    if not closed:
        raise RefusedFileError(name, "the header has a quote that is never closed")
    header = [column.strip() for column in header_fields]
    ignored = _check_header(name, header, feed)

    rows: list[list[str]] = []
    line_numbers: list[int] = []
    malformed: list[Malformed] = []
    width = len(header)
    for line_number, (fields, raw, closed) in enumerate(records, start=1):
        if len(fields) == width and closed:
            rows.append(fields)
            line_numbers.append(line_number)
        else:
            malformed.append(Malformed(line_number, raw.rstrip("\r\n")))
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    return Records(
        _frame(feed, {name: columns.get(name) for name in feed.columns}, line_numbers),
        malformed=malformed,
        ignored_columns=ignored,
    )


def _read_jsonl(text: str, feed: Feed) -> Records:
    columns: dict[str, list[str | None]] = {name: [] for name in feed.columns}
    unfit: dict[str, list[int]] = {}
    line_numbers: list[int] = []
    malformed: list[Malformed] = []
    ignored: dict[str, None] = {}
    lines = (line for line in text.split("\n") if line.strip())
    for line_number, line in enumerate(lines, start=1):
        members = _json_object(line)
        if members is None:
            malformed.append(Malformed(line_number, line.rstrip("\r")))
            continue
        for name, values in columns.items():
            value = members.pop(name, None)
            if value is not None and not (isinstance(value, str) and _is_text(value)):
                unfit.setdefault(name, []).append(len(line_numbers))
                value = json.dumps(value)
            values.append(value)
        ignored.update(dict.fromkeys(members))
        line_numbers.append(line_number)
    masks = {name: np.zeros(len(line_numbers), dtype=bool) for name in unfit}
    for name, positions in unfit.items():
        masks[name][positions] = True
    return Records(_frame(feed, columns, line_numbers), masks, malformed, list(ignored))


def _json_object(line: str) -> dict[str, Any] | None:
    """Read an object with numbers as their text and trimmed names; None if it is none."""
    try:
        value = json.loads(
            line, object_pairs_hook=_trimmed, parse_int=str, parse_float=str, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _trimmed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.strip(): value for name, value in pairs}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_text(value: str) -> bool:
    """Whether UTF-8 can hold a text: JSON may escape half a surrogate pair."""
    return value.isascii() or not any(_SURROGATE[0] <= char <= _SURROGATE[1] for char in value)


def _read_parquet(name: str, content: bytes, feed: Feed) -> Records:
    try:
        table = pq.read_table(io.BytesIO(content))
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise RefusedFileError(
            name, f"this is not a Parquet file ({reason}); export it again"
        ) from None
    header = [column.strip() for column in table.column_names]
    ignored = _check_header(name, header, feed)
    columns: dict[str, Sequence[str | None] | None] = {}
    unfit = {}
    for column in feed.columns:
        columns[column] = None
        if column in header:
            values = table.column(header.index(column)).combine_chunks()
            is_date = feed.writing(column) is Writing.DATE
            columns[column], unfit[column] = column_texts(values, is_date=is_date)
    return Records(
        _frame(feed, columns, range(1, table.num_rows + 1)), unfit, ignored_columns=ignored
    )


def _frame(
    feed: Feed,
    columns: Mapping[str, Sequence[str | None] | None],
    line_numbers: Sequence[int],
) -> pd.DataFrame:
    """Trim the texts, make the empty ones null, and lay them out in the feed's columns."""
    index = pd.Index(np.array(line_numbers, dtype="int64"), name="line_number")

    def trimmed(values: Sequence[str | None] | None) -> pd.Series:
        if values is None:
            return pd.Series(None, index=index, dtype="str")
        texts = [value.strip() or None if value else None for value in values]
        return pa.array(texts, pa.string()).to_pandas().astype("str").set_axis(index)

    return pd.DataFrame({name: trimmed(columns[name]) for name in feed.columns}, index=index)
