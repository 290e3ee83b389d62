"""The records of a landed file as texts, and the error that refuses a file.

`reading_csv`, `reading_jsonl` and `reading_parquet` read the formats.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.parsing import Mask
from ecommerce_assets.feeds.texts import head, shown

RECORD_LIMIT = 1 << 20
"""The most bytes of a record in UTF-8. A larger record is quarantined, with its text cut."""

RECORDS_LIMIT = 5_000_000
"""The most lines of a file, blank ones included, or rows."""

IGNORED_LISTED = 100
"""The most unknown columns of a file that are named."""


class RefusedFileError(OperatorError):
    """The file is not of its feed, so that its day is not loaded.

    Source: docs/reference/feeds.md, What is refused.
    """

    def __init__(self, name: str, reason: str) -> None:
        name = shown(name)
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True)
class Malformed:
    """The raw text of a record that does not have the form of its file."""

    line_number: int
    text: str
    message: str = "has not the shape of its file's records"

    @classmethod
    def too_large(cls, line_number: int, text: str) -> "Malformed":
        """Make the malformed record of one above `RECORD_LIMIT`; `text` is its beginning."""
        message = f"is larger than {RECORD_LIMIT:,} bytes; its head is kept"
        return cls(line_number, head(text), message)


@dataclass(frozen=True)
class Records:
    """The records of one file.

    `texts` has the feed's columns, trimmed, and null if empty or absent. `line_numbers` counts from
    1, without header and empty lines. `unfit` marks, by column, values that are neither text nor
    number, such as a JSON list, which `texts` has as JSON.
    """

    texts: pa.Table
    line_numbers: npt.NDArray[np.int64]
    unfit: Mapping[str, Mask] = field(default_factory=dict)
    malformed: Sequence[Malformed] = ()
    ignored_columns: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.line_numbers) + len(self.malformed)

    @property
    def size(self) -> int:
        """The bytes of the texts."""
        return int(self.texts.nbytes) + sum(len(bad.text) for bad in self.malformed)


def check_header(name: str, header: Sequence[str], feed: Feed) -> list[str]:
    """Refuse a header that is not that of the feed; else list its unknown columns."""
    names = Counter(header)
    twice = min((column for column, times in names.items() if times > 1), default=None)
    if twice is not None:
        raise RefusedFileError(
            name, f"the header has the column {shown(twice)!r} twice; name each once"
        )
    missing = [column for column in feed.required if column not in names]
    if missing:
        raise RefusedFileError(
            name,
            f"the header has no column {', '.join(missing)}; land the {feed.name} export here",
        )
    return listed(column for column in header if column not in feed.columns)


def listed(columns: Iterable[str]) -> list[str]:
    """List the displayed names of unknown columns, with an ellipsis above the limit."""
    names = [shown(column) for column in islice(columns, IGNORED_LISTED + 1)]
    return names if len(names) <= IGNORED_LISTED else [*names[:-1], "…"]


def lay_out(feed: Feed, columns: Mapping[str, pa.Array | pa.ChunkedArray], rows: int) -> pa.Table:
    """Trim the texts, make empty ones null, and arrange them in the feed's columns."""

    def trimmed(texts: pa.Array | pa.ChunkedArray | None) -> pa.Array | pa.ChunkedArray:
        if texts is None:
            return pa.nulls(rows, pa.string())
        texts = pc.utf8_trim_whitespace(texts)
        return pc.if_else(pc.equal(texts, ""), _MISSING, texts)

    # A file of a few records takes twice as long to read into a frame of pandas.
    return pa.table({name: trimmed(columns.get(name)) for name in feed.columns})


_MISSING = pa.scalar(None, pa.string())
