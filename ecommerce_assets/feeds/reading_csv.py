"""CSV as records of texts: with Arrow where no quote is about, and with Python's reader elsewhere.

Source: docs/reference/feeds.md, Files. Values are not parsed here.
"""

import csv
import io
import sys
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.records import (
    Malformed,
    Records,
    RefusedFileError,
    check_header,
    lay_out,
)


def read_csv(name: str, text: str, feed: Feed) -> Records:
    """Read a CSV.

    Raises:
        RefusedFileError: its header is not the feed's.
    """
    lone_returns = text.count("\r") != text.count("\r\n")
    if '"' in text or lone_returns:
        return read_quoted_csv(name, text, feed)
    return read_plain_csv(name, text, feed)


def read_plain_csv(name: str, text: str, feed: Feed) -> Records:
    """Read a CSV in which no quote and no lone carriage return occurs, ten times as fast."""
    first_line, _, body = text.lstrip().partition("\n")
    header = [column.strip() for column in first_line.split(",")]
    ignored = check_header(name, header, feed)
    bad_rows: list[pacsv.InvalidRow] = []

    def set_aside(row: pacsv.InvalidRow) -> str:
        bad_rows.append(row)
        return "skip"

    known = [column for column in header if column in feed.columns]
    table = pa.table({column: pa.array([], pa.string()) for column in known})
    if body.strip():
        content = body.encode()
        table = pacsv.read_csv(
            pa.py_buffer(content),
            # One thread and one block, so that rows are counted; its empty lines count as none.
            pacsv.ReadOptions(use_threads=False, block_size=len(content), column_names=header),
            pacsv.ParseOptions(quote_char=False, invalid_row_handler=set_aside),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(known, pa.string()), include_columns=known
            ),
        )
    blank = np.array([row.number for row in bad_rows if not row.text.strip()], dtype="int64")
    malformed = [row for row in bad_rows if row.text.strip()]
    numbers = np.setdiff1d(
        np.arange(1, table.num_rows + len(bad_rows) + 1), [row.number for row in bad_rows]
    )
    columns = {column: table.column(column).combine_chunks() for column in known}
    return Records(
        lay_out(feed, columns, numbers - np.searchsorted(blank, numbers)),
        malformed=[
            Malformed(row.number - int(np.searchsorted(blank, row.number)), row.text)
            for row in malformed
        ],
        ignored_columns=ignored,
    )


def read_quoted_csv(name: str, text: str, feed: Feed) -> Records:
    """Read any CSV."""
    records = _records(text)
    header_fields, _, closed = next(records, ([], "", True))
    if not closed:
        raise RefusedFileError(name, "the header has a quote that is never closed")
    header = [column.strip() for column in header_fields]
    ignored = check_header(name, header, feed)

    rows: list[list[str]] = []
    line_numbers: list[int] = []
    malformed: list[Malformed] = []
    for line_number, (fields, raw, closed) in enumerate(records, start=1):
        if len(fields) == len(header) and closed:
            rows.append(fields)
            line_numbers.append(line_number)
        else:
            malformed.append(Malformed(line_number, raw.rstrip("\r\n")))
    values = zip(*rows, strict=True) if rows else [()] * len(header)
    columns = {
        column: pa.array(texts, pa.string())
        for column, texts in zip(header, values, strict=True)
        if column in feed.columns
    }
    return Records(
        lay_out(feed, columns, line_numbers), malformed=malformed, ignored_columns=ignored
    )


_END = "\0end of file\0"


def _records(text: str) -> Iterator[tuple[list[str], str, bool]]:
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
