"""The bytes of one landed file to records of texts (docs/reference/feeds.md, Files).

CSV, JSON lines and Parquet come out alike; what a text means is not read here.
"""

import gzip
import io
import zlib

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.reading_csv import read_csv
from ecommerce_assets.feeds.reading_jsonl import read_jsonl
from ecommerce_assets.feeds.reading_parquet import read_parquet
from ecommerce_assets.feeds.records import Records, RefusedFileError

UNPACKED_LIMIT = 1 << 30
"""Bytes a gzip file may unpack to. A day of a million orders is a tenth of it."""

EXTENSIONS = (".csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz")


def read_records(name: str, content: bytes, feed: Feed) -> Records:
    """Read a landed file of a feed.

    Raises:
        RefusedFileError: the file is not its feed at all.
    """
    if name.endswith(".parquet"):
        return read_parquet(name, content, feed)
    if name.endswith(".gz"):
        content = _unpack(name, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFileError(
            name, f"byte {error.start} is not UTF-8; export the file as UTF-8"
        ) from None
    if name.removesuffix(".gz").endswith(".jsonl"):
        return read_jsonl(text, feed)
    if not content:
        raise RefusedFileError(name, "the file has no bytes, not even a header; export it again")
    return read_csv(name, text, feed)


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
