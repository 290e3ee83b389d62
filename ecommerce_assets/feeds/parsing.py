"""Parses texts to values, a column at a time (docs/reference/feeds.md, How values are written).

`feeds.judging` checks ranges and rules.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ecommerce_assets.feeds.contract import DECIMALS, Writing

Mask = npt.NDArray[np.bool_]

_DATE = (
    r"[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-9]))"
)
_TIME = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_OFFSET = r"Z|[+-](?:[01][0-9]|2[0-3])(?::[0-5][0-9])?"
_NUMBER = r"^(?P<sign>[+-]?)0*(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?$"

_SECOND = 10**6
_DAY = 86_400 * _SECOND
_EPOCH = dt.datetime(1970, 1, 1)
_FIRST_MOMENT = pa.scalar(dt.datetime(1, 1, 1, tzinfo=dt.UTC), pa.timestamp("us", "UTC"))
_LAST_SECOND = (dt.datetime.max - _EPOCH) // dt.timedelta(seconds=1)

_SATURATED = 10**12
"""Replaces any larger whole part: it is beyond every range, and exact in 64 bits when scaled."""


@dataclass(frozen=True)
class Parsed:
    """A column's values, null if the text is null or not written as its type.

    `written` is false for a text that is not written as its type. `precise` is false for an amount
    with too many decimals, whose value is rounded down.
    """

    values: pd.Series
    written: Mask
    precise: Mask


def parse(texts: pd.Series, writing: Writing, source_timezone: str) -> Parsed:
    """Parse a column of texts (nulls stay null and count as written).

    Moments without an offset are local times in `source_timezone`.
    """
    array = pa.array(texts, type=pa.string())
    has_nul = _true(pc.match_substring(array, "\0"))
    if writing is Writing.TEXT:
        values = texts.mask(pd.Series(has_nul, index=texts.index), None)
        return Parsed(values, ~has_nul, _all(texts))
    if writing is Writing.DATE:
        days = _moments(array, f"^{_DATE}$", "UTC").cast(pa.date32())
        values = pd.Series(days.cast(pa.timestamp("s")).to_pandas(), dtype="datetime64[s]")
        return _parsed(values, array, days, texts)
    if writing is Writing.MOMENT:
        moments = _usual_moments(array)
        if moments is None:
            moments = _moments(array, f"^{_DATE}(?:{_TIME}(?:{_OFFSET})?)?$", source_timezone)
        values = pd.Series(moments.to_pandas(), dtype="datetime64[us, UTC]")
        return _parsed(values, array, moments, texts)
    return _numbers(array, texts, DECIMALS.get(writing))


def _parsed(values: pd.Series, array: pa.Array, parsed: pa.Array, texts: pd.Series) -> Parsed:
    values.index = texts.index
    written = _true(pc.or_(pc.is_null(array), pc.is_valid(parsed)))
    return Parsed(values, written, _all(texts))


def _usual_moments(array: pa.Array) -> pa.Array | None:
    """Parse moments that are all written `YYYY-MM-DD HH:MM:SSZ`, or with a `T`; else give None.

    Arrow's parser accepts no other text of that length with a `Z`, and takes a tenth of the time.
    """
    usual = pc.and_(
        pc.equal(pc.binary_length(array), len("2024-03-05 09:30:00Z")), pc.ends_with(array, "Z")
    )
    if not pc.all(usual).as_py():
        return None
    try:
        moments = array.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return None
    return moments if pc.all(pc.greater_equal(moments, _FIRST_MOMENT)).as_py() else None


def _moments(array: pa.Array, pattern: str, source_timezone: str) -> pa.Array:
    """Cast the texts that match the pattern and are days of the calendar."""
    written = pc.match_substring_regex(array, pattern)
    year = pc.utf8_slice_codeunits(array, 0, 4)
    leap_day = pc.equal(pc.utf8_slice_codeunits(array, 5, 10), "02-29")
    if pc.any(pc.and_(written, leap_day)).as_py():
        years = pc.if_else(pc.and_(written, leap_day), year, "2000").cast(pa.int64())
        leap = pa.array([y % 4 == 0 and (y % 100 != 0 or y % 400 == 0) for y in _ints(years)])
        written = pc.and_(written, leap)
    written = pc.and_(written, pc.not_equal(year, "0000"))
    valid = pc.if_else(written, array, pa.scalar(None, pa.string()))
    midnight = pc.if_else(
        pc.equal(pc.utf8_length(valid), 10),
        pc.binary_join_element_wise(valid, "T00:00", ""),
        valid,
    )
    has_offset = pc.match_substring_regex(midnight, f"(?:{_OFFSET})$")
    zoned = pc.if_else(has_offset, midnight, pc.binary_join_element_wise(midnight, "Z", ""))
    moments = zoned.cast(pa.timestamp("us", "UTC"))
    if source_timezone == "UTC":
        return moments
    is_local = _true(pc.invert(has_offset))
    utc = pc.fill_null(moments.cast(pa.int64()), 0).to_numpy().copy()
    utc[is_local] -= _offsets(utc[is_local], ZoneInfo(source_timezone))
    return pa.array(utc, mask=~_true(moments.is_valid())).cast(pa.timestamp("us", "UTC"))


def _offsets(local: npt.NDArray[np.int64], zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """Give a zone's offsets from UTC at local times, all in microseconds.

    A time that a clock change skips or repeats gets the offset before the change. Most days have
    one offset, so that only on days of a change each time is looked up.
    """
    days, day_of = np.unique(local // _DAY, return_inverse=True)
    at_midnight = [_offset(day * _DAY, zone) for day in days.tolist()]
    offsets = np.array(at_midnight, dtype="int64")
    at_next = [_offset((day + 1) * _DAY, zone) for day in days.tolist()]
    changes = offsets != np.array(at_next, dtype="int64")
    found = offsets[day_of]
    on_change = changes[day_of]
    times, time_of = np.unique(local[on_change], return_inverse=True)
    at_times = np.array([_offset(time, zone) for time in times.tolist()], dtype="int64")
    found[on_change] = at_times[time_of]
    return found


def _offset(local: int, zone: ZoneInfo) -> int:
    """Give the offset at a local time; past the calendar's end, that of its last day."""
    seconds = min(local // _SECOND, _LAST_SECOND)
    offset = (_EPOCH + dt.timedelta(seconds=seconds)).replace(tzinfo=zone).utcoffset()
    return round((offset or dt.timedelta(0)).total_seconds()) * _SECOND


def _numbers(array: pa.Array, texts: pd.Series, decimals: int | None) -> Parsed:
    """Parse whole numbers, or amounts with `decimals`, each distinct text once."""
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    repeated = pa.chunked_array(chunks, pa.string()).dictionary_encode().combine_chunks()
    value, written, precise = _distinct_numbers(repeated.dictionary, decimals)
    values = value.take(repeated.indices).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    values.index = texts.index
    return Parsed(
        values,
        pc.fill_null(written.take(repeated.indices), True).to_numpy(zero_copy_only=False),
        pc.fill_null(precise.take(repeated.indices), True).to_numpy(zero_copy_only=False),
    )


def _distinct_numbers(array: pa.Array, decimals: int | None) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Give the value of each text, whether it is well written, and whether it is precise."""
    parts = pc.extract_regex(array, _NUMBER)
    whole, fraction = pc.struct_field(parts, "whole"), pc.struct_field(parts, "fraction")
    written = pc.is_valid(parts)
    places = decimals or 0
    if decimals is None:
        written = pc.and_(written, pc.fill_null(pc.equal(pc.utf8_length(fraction), 0), False))
    large = pc.greater(pc.utf8_length(whole), 12)
    sized = pc.if_else(large, str(_SATURATED), whole)
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, places, "0"), 0, places)
    scaled = pc.binary_join_element_wise(sized, digits, "").cast(pa.int64())
    excess = pc.fill_null(pc.greater(pc.utf8_length(fraction), places), False)
    negative = pc.equal(pc.struct_field(parts, "sign"), "-")
    # Rounded down, so that -0.001 is still below 0 and 999999999.999 still below 10⁹.
    rest = pc.utf8_rtrim(pc.utf8_slice_codeunits(fraction, places), "0")
    cut = pc.and_(negative, pc.greater(pc.utf8_length(rest), 0)).cast(pa.int64())
    value = pc.subtract(pc.if_else(negative, pc.negate(scaled), scaled), cut)
    value = pc.if_else(written, value, pa.scalar(None, pa.int64()))
    return value, written, pc.invert(pc.and_(written, excess))


def _true(mask: pa.Array) -> Mask:
    filled: Mask = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return filled


def _all(texts: pd.Series) -> Mask:
    return np.ones(len(texts), dtype=bool)


def _ints(array: pa.Array) -> list[int]:
    values: list[int] = pc.fill_null(array, 2000).to_pylist()
    return values
