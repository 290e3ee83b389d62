"""Landing files as raw records: texts by column name, or a malformed line.

`rows.py` parses the values.
"""

import csv
import datetime as dt
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ecommerce_tests.torture.model.contract import Feed

NAME = re.compile(r"(\d{4}-\d{2}-\d{2}).*\.(csv|jsonl|parquet|csv\.gz|jsonl\.gz)", re.DOTALL)
_END = "\0end"

csv.field_size_limit(2**31 - 1)


class NoScalar(str):
    """The text of a JSON object, array or truth value where a scalar belongs."""


@dataclass(frozen=True)
class Raw:
    """A record as it came: its texts by column name, or None for a malformed line."""

    line: int
    values: dict[str, str | None] | None


class Refused(Exception):  # noqa: N818
    """A file that is not its feed at all."""


def batches(folder: Path) -> dict[dt.date, list[Path]]:
    """The landed files of a feed by batch date, in name order."""
    found: dict[dt.date, list[Path]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name) if folder.exists() else []:
        day = _batch_date(path.name)
        if day and path.is_file():
            found.setdefault(day, []).append(path)
    return found


def _batch_date(name: str) -> dt.date | None:
    match = NAME.fullmatch(name)
    try:
        return dt.date.fromisoformat(match[1]) if match and match[1].isascii() else None
    except ValueError:
        return None


def read(path: Path, feed: Feed) -> list[Raw]:
    """Read a landed file; `Refused` if it is not of its feed."""
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise Refused("a broken gzip") from error
    if path.name.endswith(".parquet"):
        return [Raw(i, values) for i, values in enumerate(_parquet(content, feed), 1)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error
    rows = _csv(text, feed) if ".csv" in path.name else _jsonl(text)
    return [Raw(i, values) for i, values in enumerate(rows, 1)]


def clean(text: str) -> str | None:
    """Take white space off both ends; an empty text is null."""
    return text.strip() or None


def _csv(text: str, feed: Feed) -> Iterator[dict[str, str | None] | None]:
    # A last line of our own: it is swallowed by a quote that is never closed.
    rows = list(csv.reader(io.StringIO(f"{text}\n{_END}\n", newline="")))
    closed = rows.pop() == [_END]
    rows = [row for row in rows if row and (len(row) > 1 or row[0].strip())]
    if not rows:
        raise Refused("no header")
    header = [name.strip() for name in rows.pop(0)]
    _check_header(header, feed)
    for row in rows:
        whole = len(row) == len(header)
        yield dict(zip(header, map(clean, row), strict=True)) if whole else None
    if not closed:
        yield None


def _check_header(header: list[str], feed: Feed) -> None:
    if len(set(header)) < len(header):
        raise Refused("a column twice")
    missing = [
        name for name, column in feed.columns.items() if column.required and name not in header
    ]
    if missing:
        raise Refused(f"columns missing: {missing}")


def _jsonl(text: str) -> Iterator[dict[str, str | None] | None]:
    for line in re.split(r"\r\n|\n|\r", text):
        if line.strip():
            yield _json_object(line)


def _json_object(line: str) -> dict[str, str | None] | None:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        found = json.loads(
            line.strip(), parse_float=_Number, parse_int=_Number, parse_constant=refuse
        )
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {key.strip(): _json_value(value) for key, value in found.items()}


class _Number(str):
    """The text of a JSON number."""


def _json_value(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value if value is None else clean(value)
    return NoScalar(json.dumps(value))


def _parquet(content: bytes, feed: Feed) -> Iterator[dict[str, str | None]]:
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise Refused("not Parquet") from error
    header = [name.strip() for name in table.column_names]
    _check_header(header, feed)
    columns = [list(map(_typed, column.to_pylist())) for column in table.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(header, row, strict=True))


def _typed(value: Any) -> str | None:
    """Write a typed value as the text that says the same."""
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat() if value.tzinfo is None else value.astimezone(dt.UTC).isoformat()
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return clean(str(value))
