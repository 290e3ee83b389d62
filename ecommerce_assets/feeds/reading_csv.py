"""Reads CSV as records of texts: by Arrow if the file has no quotes, else by Python's reader.

Source: docs/reference/feeds.md, Files.
"""

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.records import (
    RECORD_LIMIT,
    Malformed,
    Records,
    RefusedFileError,
    check_header,
    lay_out,
)
from ecommerce_assets.feeds.texts import BLANKS

_BLOCK = 4 << 20
"""The characters of a file whose rows are Python objects at one time."""


def read_csv(name: str, content: bytes, feed: Feed) -> Records:
    """Read a CSV in valid UTF-8.

    Raises:
        RefusedFileError: the header is not that of the feed.
    """
    lone_returns = b"\r" in content and content.count(b"\r") != content.count(b"\r\n")
    if b'"' in content or lone_returns or _may_have_large_lines(content):
        return read_quoted_csv(name, content, feed)
    return read_plain_csv(name, content, feed)


def _may_have_large_lines(content: bytes) -> bool:
    """Whether a line may exceed the limit; none does if every half limit contains a line end."""
    half = RECORD_LIMIT // 2
    return any(
        content.find(b"\n", start, start + half) < 0
        for start in range(0, len(content) - half + 1, half)
    )


def read_plain_csv(name: str, content: bytes, feed: Feed) -> Records:
    """Read a CSV without quotes, lone carriage returns or large lines, ten times as fast."""
    start = _end_of_blanks(content, 0)
    end = content.find(b"\n", start)
    end = len(content) if end < 0 else end
    header = [column.strip() for column in content[start:end].decode().split(",")]
    ignored = check_header(name, header, feed)
    bad_rows: list[pacsv.InvalidRow] = []

    def set_aside(row: pacsv.InvalidRow) -> str:
        bad_rows.append(row)
        return "skip"

    known = [column for column in header if column in feed.columns]
    table = pa.table({column: pa.array([], pa.string()) for column in known})
    if _end_of_blanks(content, end) < len(content):
        body = pa.py_buffer(content).slice(end + 1)
        table = pacsv.read_csv(
            body,
            # One thread and one block, so that rows are counted; its empty lines count as none.
            pacsv.ReadOptions(use_threads=False, block_size=body.size, column_names=header),
            pacsv.ParseOptions(quote_char=False, invalid_row_handler=set_aside),
            pacsv.ConvertOptions(
                # The whole file is known to be UTF-8.
                check_utf8=False,
                column_types=dict.fromkeys(known, pa.string()),
                include_columns=known,
            ),
        )
    blank = np.array([row.number for row in bad_rows if not row.text.strip()], dtype="int64")
    malformed = [row for row in bad_rows if row.text.strip()]
    numbers = np.delete(
        np.arange(1, table.num_rows + len(bad_rows) + 1), [row.number - 1 for row in bad_rows]
    )
    return Records(
        lay_out(feed, {column: table.column(column) for column in known}, len(numbers)),
        numbers - np.searchsorted(blank, numbers),
        malformed=[
            Malformed(row.number - int(np.searchsorted(blank, row.number)), row.text)
            for row in malformed
        ],
        ignored_columns=ignored,
    )


def _end_of_blanks(content: bytes, start: int) -> int:
    blanks = BLANKS.match(content, start)
    return blanks.end() if blanks else start


def read_quoted_csv(name: str, content: bytes, feed: Feed) -> Records:
    """Read any CSV."""
    records = _records(content)
    first = next(records, _Record([], ""))
    if first.fields is None:
        raise RefusedFileError(name, f"the header is larger than {RECORD_LIMIT:,} bytes")
    if not first.is_closed:
        raise RefusedFileError(name, "the header has a quote that is never closed")
    header = [column.strip() for column in first.fields]
    ignored = check_header(name, header, feed)
    known = {column: place for place, column in enumerate(header) if column in feed.columns}

    rows: list[Sequence[str]] = []
    blocks: dict[str, list[pa.Array]] = {column: [] for column in known}

    def take_block() -> None:
        values = list(zip(*rows, strict=True)) if rows else [()] * len(header)
        for column, place in known.items():
            blocks[column].append(pa.array(values[place], pa.string()))
        rows.clear()

    size = 0
    line_numbers: list[int] = []
    malformed: list[Malformed] = []
    for line_number, record in enumerate(records, start=1):
        if record.fields is None:
            malformed.append(Malformed.too_large(line_number, record.raw))
        elif len(record.fields) == len(header) and record.is_closed:
            rows.append(record.fields)
            line_numbers.append(line_number)
            size += len(record.raw)
            if size > _BLOCK:
                take_block()
                size = 0
        else:
            malformed.append(Malformed(line_number, record.raw.rstrip("\r\n")))
    take_block()
    columns = {column: pa.chunked_array(arrays) for column, arrays in blocks.items()}
    return Records(
        lay_out(feed, columns, len(line_numbers)),
        np.array(line_numbers, dtype="int64"),
        malformed=malformed,
        ignored_columns=ignored,
    )


@dataclass(frozen=True, slots=True)
class _Record:
    """A record's fields, its raw text, and whether its quotes close.

    A record above the limit has no fields, and its text is cut.
    """

    fields: list[str] | None
    raw: str
    is_closed: bool = True


_END = "\0end of file\0"


class _TooLargeError(Exception):
    """The current record is above the limit."""


def _records(content: bytes) -> Iterator[_Record]:
    """Give each record that is not blank."""
    csv.field_size_limit(sys.maxsize)
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    # A line above the limit comes in pieces, the first of which is above it already.
    lines = iter(partial(text.readline, RECORD_LIMIT + 1), "")
    taken: list[str] = []

    def taking() -> Iterator[str]:
        size = 0
        for line in lines:
            size = (size if taken else 0) + _bytes_of(line)
            taken.append(line)
            if size > RECORD_LIMIT:
                raise _TooLargeError
            yield line
        # Comes out as a record of its own, unless a quote is still open.
        yield _END

    reader = csv.reader(taking())
    while True:
        try:
            fields = next(reader, None)
        except _TooLargeError:
            beginning, is_blank = _skip_record(taken, lines)
            taken.clear()
            if not is_blank:
                yield _Record(None, beginning)
            reader = csv.reader(taking())
            continue
        if fields is None or not taken:
            return
        raw = taken[0] if len(taken) == 1 else "".join(taken)
        taken.clear()
        if fields and (len(fields) > 1 or raw.strip()):
            yield _Record(fields, raw, is_closed=not fields[-1].endswith(_END))


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


# Fields that end within a piece of text, and what is left of a field that began before it.
_FIELDS = re.compile(r'(?:(?:"(?:[^"]++|"")*+"|(?!"))[^,\r\n]*+,)*+')
_QUOTED = re.compile(r'(?:[^"]++|"")*+')
_UNQUOTED = re.compile(r"[^,\r\n]*+,?")


def _skip_record(taken: Sequence[str], lines: Iterator[str]) -> tuple[str, bool]:
    """Read on to the end of a record; give its beginning, and whether it is a blank line."""
    is_blank, state = True, _State.FIELD_START
    for line in chain(taken, lines):
        is_blank = is_blank and not line.strip()
        state = _state_after(state, line)
        if state not in (_State.QUOTED, _State.QUOTE_IN_QUOTED) and line.endswith(("\r", "\n")):
            break
    return "".join(taken), is_blank


class _State(Enum):
    """The state of Python's reader at the end of a piece of text."""

    FIELD_START = auto()
    UNQUOTED = auto()
    QUOTED = auto()
    QUOTE_IN_QUOTED = auto()


def _state_after(state: _State, text: str) -> _State:
    place = 0
    if state is _State.QUOTE_IN_QUOTED:
        state = _State.UNQUOTED
        if text.startswith('"'):
            place, state = 1, _State.QUOTED
    if state is _State.QUOTED:
        place = _end(_QUOTED, text, place)
        if place == len(text):
            return state
        place, state = place + 1, _State.UNQUOTED
        if place == len(text):
            return _State.QUOTE_IN_QUOTED
    if state is _State.UNQUOTED:
        place = _end(_UNQUOTED, text, place)
        if not text.endswith(",", 0, place):
            return state
    place = _end(_FIELDS, text, place)
    if text.startswith('"', place):
        return _state_after(_State.QUOTED, text[place + 1 :])
    return _State.FIELD_START if place == len(text) else _State.UNQUOTED


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place
