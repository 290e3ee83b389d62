"""Parquet as records of texts, typed columns as a CSV would have them.

Source: docs/reference/feeds.md, How values are written. Values are not parsed here.
"""

import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ecommerce_assets.feeds.contract import Feed, Writing
from ecommerce_assets.feeds.parsing import Mask
from ecommerce_assets.feeds.records import Records, RefusedFileError, check_header, lay_out


def read_parquet(name: str, content: bytes, feed: Feed) -> Records:
    """Read a Parquet file; typed columns are taken by value.

    Raises:
        RefusedFileError: it is none, or its columns are not the feed's.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise RefusedFileError(
            name, f"this is no Parquet file ({reason}); export it again"
        ) from None
    header = [column.strip() for column in table.column_names]
    ignored = check_header(name, header, feed)
    columns, unfit = {}, {}
    for column in feed.columns:
        if column in header:
            values = table.column(header.index(column)).combine_chunks()
            is_date = feed.writing(column) is Writing.DATE
            texts, unfit[column] = column_texts(values, is_date=is_date)
            columns[column] = pa.array(texts, pa.string())
    return Records(
        lay_out(feed, columns, range(1, table.num_rows + 1)), unfit, ignored_columns=ignored
    )


def column_texts(values: pa.Array, *, is_date: bool) -> tuple[Sequence[str | None], Mask]:
    """Give a column's values as texts, and which of them are no text, number, moment or date.

    `is_date`: a moment at midnight is the day.
    """
    fit = np.zeros(len(values), dtype=bool)
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_null(kind):
        return [None] * len(values), fit
    if pa.types.is_decimal(kind):
        return _each(values, lambda value: format(_plain(value), "f")), fit
    if pa.types.is_floating(kind):
        # The shortest decimal form is that of the column's own width.
        scalar = np.dtype(f"f{kind.bit_width // 8}").type
        return _each(
            values, lambda value: np.format_float_positional(scalar(value), unique=True, trim="-")
        ), fit
    if pa.types.is_timestamp(kind):
        return _moment_texts(values, is_date), fit
    if pa.types.is_date(kind):
        return values.cast(pa.date32()).cast(pa.string()).to_pylist(), fit
    if pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return values.cast(pa.string()).to_pylist(), fit
    if pa.types.is_string_view(kind):
        return values.to_pylist(), fit
    unfit = values.is_valid().to_numpy(zero_copy_only=False)
    return _each(values, lambda value: json.dumps(value, default=str)), unfit


def _each(values: pa.Array, text: Callable[[Any], str]) -> list[str | None]:
    return [None if value is None else text(value) for value in values.to_pylist()]


def _plain(value: Decimal) -> Decimal:
    """Drop the decimals that the column's scale adds: 1.5000 is the value 1.5."""
    return value.normalize() if value else Decimal(0)


def _moment_texts(values: pa.Array, is_date: bool) -> list[str | None]:
    """Write moments with the decimals they have: nanoseconds that are no microseconds stay."""
    zone = "UTC" if values.type.tz else None
    if values.type.unit == "ns":
        micros = pc.floor_temporal(values, unit="microsecond")
        whole = pc.equal(micros, values)
        coarse = micros.cast(pa.timestamp("us", zone))
        texts = pc.if_else(whole, coarse.cast(pa.string()), values.cast(pa.string()))
    else:
        texts = values.cast(pa.timestamp("us", zone)).cast(pa.string())
    if is_date:
        texts = pc.replace_substring_regex(texts, r" 00:00:00\.0+Z?$", "")
    return list(texts.to_pylist())
