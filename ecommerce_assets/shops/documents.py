"""Reads JSON and JSON lines of shops' exports, also compressed, one value at a time."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, cast

import ijson

from ecommerce_assets.errors import OperatorError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_LINE = 1 << 26


class DocumentError(OperatorError):
    """A file or a value in it cannot be read."""


@dataclass(frozen=True)
class Document:
    """A JSON value with numbers as decimals, its file, and its number in it, from 1.

    `position` is the number of the file's bytes read so far, 0 if unknown.
    """

    value: Any
    file: Path
    number: int
    position: int = 0

    @property
    def place(self) -> str:
        """The file and number, for a message."""
        return f"{self.file}, document {self.number}"


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file that may be compressed with gzip, whatever its name.

    Raises:
        DocumentError: the file cannot be read.
    """
    try:
        plain = path.open("rb")
    except OSError as error:
        raise DocumentError(
            f"{path} cannot be read: {error.strerror}; name another file."
        ) from None
    magic = plain.read(2)
    plain.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=plain)) if magic == b"\x1f\x8b" else plain


def position_in(file: IO[bytes]) -> int:
    """How many stored (compressed) bytes of an open file were read."""
    stored = file.fileobj if isinstance(file, gzip.GzipFile) else file
    return stored.tell() if stored is not None else 0


def read_documents(path: Path, wrappers: frozenset[str]) -> Iterator[Document]:
    """Read a file's JSON values in order, in bounded memory.

    In JSON lines each line is a value. In other JSON the values are the items of a list at the top,
    or of the lists under those keys of a top object that are in `wrappers` (`{"orders": [...]}`).
    A top object that starts with another key is one value.

    Raises:
        DocumentError: with the file, the line or byte, and the reason.
    """
    try:
        with open_bytes(path) as file:
            first = _first_line(file)
        if not first:
            return
        has_lines = _is_line(first, wrappers)
        with open_bytes(path) as file:
            values = _lines(path, file) if has_lines else _items(path, file, wrappers)
            for number, value in enumerate(values, start=1):
                yield Document(value, path, number, position_in(file))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DocumentError(f"{path} is a broken gzip ({error}); export it again.") from None


def _first_line(file: IO[bytes]) -> bytes:
    for line in iter(lambda: file.readline(_LONGEST_LINE), b""):
        if stripped := line.removeprefix(_BYTE_ORDER_MARK).strip():
            return stripped
    return b""


def _is_line(line: bytes, wrappers: frozenset[str]) -> bool:
    """Whether a file's first line is a complete record, so that the file is JSON lines."""
    try:
        value = json.loads(line)
    except ValueError:
        return False
    if isinstance(value, dict):
        return next(iter(value), "") not in wrappers
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _lines(path: Path, file: IO[bytes]) -> Iterator[Any]:
    for number, line in enumerate(file, start=1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if not text.strip():
            continue
        try:
            yield json.loads(text, parse_float=Decimal)
        except ValueError as error:
            raise DocumentError(
                f"{path}, line {number} is no JSON ({error}); export the file again."
            ) from None


_Event = tuple[str, str, Any]


def _items(path: Path, file: IO[bytes], wrappers: frozenset[str]) -> Iterator[Any]:
    """Give the items of the top lists one by one, so that memory is bounded."""
    if file.read(3) != _BYTE_ORDER_MARK:
        file.seek(0)
    events = iter(ijson.parse(file, multiple_values=True, use_float=False))
    try:
        for prefix, event, value in events:
            name = prefix.rpartition(".")[2]
            if event == "start_map":
                opening = (prefix, event, value)
                following = next(events)
                leads = name != "item" and following[2] in wrappers
                if name in ("", "item") or name in wrappers:
                    if not leads:
                        yield _build(opening, following, events)
                else:
                    _build(opening, following, events)
            elif event == "start_array" and name not in wrappers and prefix:
                _build((prefix, event, value), next(events), events)
    except (ijson.JSONError, StopIteration):
        # The parser's message quotes the file, which may hold personal data.
        raise DocumentError(
            f"{path} is no JSON, or ends too early, near byte {file.tell():,}; export it again."
        ) from None


def _build(opening: _Event, following: _Event, events: Iterator[_Event]) -> Any:
    """Build the object or list whose start was just read, up to its end."""
    builder = ijson.ObjectBuilder()
    builder.event(*opening[1:])
    depth = 1
    event = following
    while True:
        builder.event(*event[1:])
        depth += {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}.get(event[1], 0)
        if depth == 0:
            return builder.value
        event = next(events)
