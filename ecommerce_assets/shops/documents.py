"""Reads the JSON of shops' exports, one value at a time: JSON, JSON lines, gzip.

What the values mean is not known here.
"""

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
    """A file is not what its name or its first bytes promise."""


@dataclass(frozen=True)
class Document:
    """A JSON value, its numbers as decimals, and where it stands: file and number, from 1.

    `position` is how many bytes of the file were read for it, 0 where that is not known.
    """

    value: Any
    file: Path
    number: int
    position: int = 0

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return f"{self.file}, document {self.number}"


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file that may be compressed by gzip, whatever its name.

    Raises:
        DocumentError: it cannot be read.
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
    """How many bytes of an opened file were read, as it is stored."""
    stored = file.fileobj if isinstance(file, gzip.GzipFile) else file
    return stored.tell() if stored is not None else 0


def read_documents(path: Path, wrappers: frozenset[str]) -> Iterator[Document]:
    """Read a file's JSON values in order, in bounded memory.

    Of JSON lines each line is a value. Of other JSON the items of a list at the top are the values,
    or those of the lists that an object at the top leads to by keys in `wrappers`
    (`{"orders": [...]}`); an object that starts with another key is one value.

    Raises:
        DocumentError: names file, line or byte, and reason.
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
    """Whether a file's first line is a record by itself, and not a document or the start of one."""
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
    """Give the items of the lists at the top, without holding a list whole."""
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
        # The parser's message shows what stands there, which may be personal data.
        raise DocumentError(
            f"{path} is no JSON, or ends too early, near byte {file.tell():,}; export it again."
        ) from None


def _build(opening: _Event, following: _Event, events: Iterator[_Event]) -> Any:
    """Build the object or list that has just been opened, through to its end."""
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
