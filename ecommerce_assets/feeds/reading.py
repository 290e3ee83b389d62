"""Reads a landed file of any format as records of texts (docs/reference/feeds.md, Files)."""

import codecs
import gzip
import io
import zlib

import numpy as np
import pyarrow as pa

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.reading_csv import read_csv
from ecommerce_assets.feeds.reading_jsonl import read_jsonl
from ecommerce_assets.feeds.reading_parquet import read_parquet
from ecommerce_assets.feeds.records import RECORDS_LIMIT, Records, RefusedFileError

FILE_LIMIT = 1 << 29
"""The most bytes of a file, uncompressed. A day of a million orders has a fifth of it."""

EXTENSIONS = (".csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz")

_PIECE = 1 << 20


def read_records(name: str, content: bytes, feed: Feed) -> Records:
    """Read a landed file of a feed.

    Raises:
        RefusedFileError: the file is not of the feed, or above a limit.
    """
    check_size(name, len(content))
    if name.endswith(".parquet"):
        return read_parquet(name, content, feed, FILE_LIMIT)
    if name.endswith(".gz"):
        content = _unpack(name, content)
    is_jsonl = name.removesuffix(".gz").endswith(".jsonl")
    if not content and not is_jsonl:
        raise RefusedFileError(name, "the file has no bytes, not even a header; export it again")
    _check_utf8(name, content)
    if max(content.count(b"\n"), content.count(b"\r")) > RECORDS_LIMIT:
        raise RefusedFileError(name, f"the file has more than {RECORDS_LIMIT:,} lines; split it")
    content = content.removeprefix(codecs.BOM_UTF8)
    return read_jsonl(content, feed) if is_jsonl else read_csv(name, content, feed)


def check_size(name: str, size: int) -> None:
    """Refuse a file above the limit of bytes."""
    if size > FILE_LIMIT:
        raise RefusedFileError(name, f"the file has more than {FILE_LIMIT:,} bytes; split it")


def _check_utf8(name: str, content: bytes) -> None:
    """Refuse a file that is not UTF-8, without decoding it whole to four times its size."""
    offsets = pa.py_buffer(np.array([0, len(content)], dtype="int64"))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(content)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        raise RefusedFileError(
            name, f"byte {_not_utf8(content)} is not UTF-8; export the file as UTF-8"
        ) from None


def _not_utf8(content: bytes) -> int:
    """Find the first byte that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _PIECE):
        pending = len(decoder.getstate()[0])
        is_last = start + _PIECE >= len(content)
        try:
            decoder.decode(content[start : start + _PIECE], is_last)
        except UnicodeDecodeError as error:
            return start - pending + error.start
    raise ValueError("all of it is UTF-8")


def _unpack(name: str, content: bytes) -> bytes:
    unpacked = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            while piece := packed.read(_PIECE):
                unpacked.write(piece)
                if unpacked.tell() > FILE_LIMIT:
                    raise RefusedFileError(
                        name, f"the gzip file unpacks to more than {FILE_LIMIT:,} bytes; split it"
                    )
    except (OSError, EOFError, zlib.error) as error:
        reason = str(error).partition(" (b'")[0]  # the file's own bytes follow
        raise RefusedFileError(
            name, f"the gzip file is broken ({reason}); export it again"
        ) from None
    return unpacked.getvalue()
