"""Turns the values of a typed Parquet column into the texts that a CSV would have.

Source: docs/reference/feeds.md, How values are written.
"""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecommerce_assets.feeds.parsing import Mask

_DAY_SECONDS = 86_400
_FIRST_DAY, _LAST_DAY = ((day - dt.date(1970, 1, 1)).days for day in (dt.date.min, dt.date.max))
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def column_texts(values: pa.Array, *, is_date: bool) -> tuple[pa.Array, Mask]:
    """Give a column's values as texts, and which of them are not text, number, moment or date.

    With `is_date` a moment at midnight becomes its day.
    """
    if isinstance(values.type, pa.BaseExtensionType):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    fit = np.zeros(len(values), dtype=bool)
    if pa.types.is_decimal(kind):
        return _decimal_texts(values), fit
    if pa.types.is_floating(kind):
        return _float_texts(values), fit
    if pa.types.is_timestamp(kind):
        return _moment_texts(values, is_date), fit
    if pa.types.is_date(kind):
        return _date_texts(values), fit
    if pa.types.is_integer(kind) or pa.types.is_null(kind) or _is_text(kind):
        return values.cast(pa.string()), fit
    return _shown(values), values.is_valid().to_numpy(zero_copy_only=False)


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _decimal_texts(values: pa.Array) -> pa.Array:
    """Write decimals without the zeros of the column's scale: 1.5000 becomes 1.5."""
    texts = values.cast(pa.string())
    has_point = pc.match_substring(texts, ".")
    has_exponent = pc.match_substring(texts, "E")
    texts = pc.if_else(has_point, pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), "."), texts)
    return _replaced(texts, has_exponent, values, _plain)


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _float_texts(values: pa.Array) -> pa.Array:
    """Write the shortest decimal that is exact for the column's width, without an exponent."""
    scalar = np.dtype(f"f{values.type.bit_width // 8}").type

    def positional(value: float) -> str:
        return np.format_float_positional(scalar(value), unique=True, trim="-")

    # Arrow writes half floats with the digits of doubles.
    texts = values.cast(pa.string())
    is_other = pc.match_substring(texts, "e")
    if pa.types.is_float16(values.type):
        is_other = values.is_valid()
    return _replaced(texts, is_other, values, positional)


def _replaced(
    texts: pa.Array, chosen: pa.Array, values: pa.Array, text: Callable[[Any], str]
) -> pa.Array:
    """Write the selected values by Python."""
    chosen = pc.fill_null(chosen, False)
    written = [text(value) for value in values.filter(chosen).to_pylist()]
    return pc.replace_with_mask(texts, chosen, pa.array(written, pa.string()))


def _moment_texts(values: pa.Array, is_date: bool) -> pa.Array:
    """Write moments with all their decimals, down to nanoseconds."""
    unit, has_zone = values.type.unit, values.type.tz is not None
    numbers = values.cast(pa.int64())
    day = _DAY_SECONDS * _PER_SECOND[unit]
    # Every moment in 64-bit nanoseconds is in a year of four digits.
    is_written = values.is_valid() if unit == "ns" else _between(numbers, day)
    # Arrow writes UTC without a zone 30 times as fast.
    moments = pc.if_else(is_written, numbers, pa.scalar(None, pa.int64())).cast(pa.timestamp(unit))
    if unit == "ns":
        micros = pc.floor_temporal(moments, unit="microsecond")
        whole = pc.equal(micros, moments)
        coarse = micros.cast(pa.timestamp("us"))
        texts = pc.if_else(whole, coarse.cast(pa.string()), moments.cast(pa.string()))
    else:
        texts = moments.cast(pa.timestamp("us")).cast(pa.string())
    if has_zone:
        texts = pc.binary_join_element_wise(texts, "Z", "")
    if is_date:
        texts = pc.replace_substring_regex(texts, r" 00:00:00\.0+Z?$", "")
    return pc.if_else(is_written, texts, numbers.cast(pa.string()))


def _date_texts(values: pa.Array) -> pa.Array:
    is_days = pa.types.is_date32(values.type)
    numbers = values.cast(pa.int32() if is_days else pa.int64())
    is_written = _between(numbers, 1 if is_days else _DAY_SECONDS * 1000)
    days = pc.if_else(is_written, values, pa.scalar(None, values.type))
    texts = days.cast(pa.date32(), safe=False).cast(pa.string())
    return pc.if_else(is_written, texts, numbers.cast(pa.string()))


def _between(numbers: pa.Array, day: int) -> pa.Array:
    """Whether moments, counted in units of 1/`day` of a day, are in the years 0001 to 9999.

    The text of any other moment is its number, which is not a valid moment.
    """
    return pc.and_(
        pc.greater_equal(numbers, _FIRST_DAY * day), pc.less(numbers, (_LAST_DAY + 1) * day)
    )


def _shown(values: pa.Array) -> pa.Array:
    """Show values of other types as JSON, or by their type's name if JSON cannot hold them."""

    def text(value: pa.Scalar) -> str | None:
        if not value.is_valid:
            return None
        try:
            return json.dumps(value.as_py(), default=str)
        except (ValueError, OverflowError, TypeError, pa.ArrowException):
            return f"<{value.type}>"

    return pa.array([text(value) for value in values], pa.string())
