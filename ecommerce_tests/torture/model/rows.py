"""The row rules of `docs/reference/feeds.md`: a record on its own is staged or quarantined."""

import datetime as dt
import hashlib
import hmac
import re
from decimal import Decimal
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from ecommerce_tests.torture.model.contract import FEEDS, Column
from ecommerce_tests.torture.model.files import NoScalar, Raw
from ecommerce_tests.torture.model.settings import EXACT, UTC, ModelSettings, half_up

Record = dict[str, Any]

_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::\d{2})?)?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_EARLIEST = dt.date(1990, 1, 1)
_STEPS = ("ordered_at", "paid_at", "fulfilled_at", "delivered_at")


def judge(
    feed: str, raw: Raw, batch_date: dt.date, settings: ModelSettings
) -> tuple[Record, set[str]]:
    """Give the typed record and the row rules that it breaks; it is staged if there are none.

    Values that do not parse are missing from the record; null ones are None, or their default.
    """
    if raw.values is None:
        return {}, {"malformed"}
    record: Record = {}
    broken: set[str] = set()
    for name, column in FEEDS[feed].columns.items():
        text = raw.values.get(name)
        if text is None:
            record[name] = column.default
            if column.required:
                broken.add("required")
            continue
        try:
            record[name] = _parse(text, column, settings)
        except ValueError:
            broken.add("type")
            continue
        broken |= _of_a_value(name, record[name], text, column)
    broken |= _of_a_record(feed, record, batch_date, settings)
    if feed == "customers" and record.get("email"):
        record["email"] = _hashed(record["email"], settings.hash_key)
    return record, broken


def _parse(text: str, column: Column, settings: ModelSettings) -> Any:
    if "\0" in text or isinstance(text, NoScalar):
        raise ValueError("no scalar of PostgreSQL")
    if column.kind == "text":
        return str(text)
    if column.kind == "moment":
        return _moment(text, settings.source_timezone)
    pattern = {"date": _DATE, "amount": _AMOUNT, "whole": _WHOLE}[column.kind]
    if not pattern.fullmatch(text):
        raise ValueError(text)
    if column.kind == "date":
        return dt.date.fromisoformat(text)
    return Decimal(text) if column.kind == "amount" else int(Decimal(text))


def _moment(text: str, source_timezone: str) -> dt.datetime:
    match = _MOMENT.fullmatch(text)
    if not match:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    local = dt.datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "").ljust(6, "0")),
    )
    if offset == "Z":
        return local.replace(tzinfo=UTC)
    if offset:
        hours, minutes = int(offset[1:3]), int(offset[4:6] or 0)
        if hours > 23 or minutes > 59:
            raise ValueError(text)
        east = dt.timedelta(hours=hours, minutes=minutes)
        return (local - east if offset[0] == "+" else local + east).replace(tzinfo=UTC)
    # fold=0 is the offset before a clock change, both where it skips and where it repeats.
    return local.replace(tzinfo=ZoneInfo(source_timezone)).astimezone(UTC)


def _of_a_value(name: str, value: Any, text: str, column: Column) -> set[str]:
    broken = set()
    if column.kind == "amount":
        if len(text.partition(".")[2]) > column.decimals:
            broken.add("precision")
        if abs(value) >= column.limit:
            broken.add("range")
    if column.kind == "whole" and abs(value) > 10**9:
        broken.add("range")
    if column.minimum is not None and value < column.minimum:
        broken.add("range")
    if column.kind == "moment" and value < dt.datetime(1990, 1, 1, tzinfo=UTC):
        broken.add("range")
    if column.kind == "date" and value < _EARLIEST:
        broken.add("range")
    if name.endswith("_id") and len(value) > 255:
        broken.add("range")
    if column.allowed and value not in column.allowed:
        broken.add("enum")
    return broken


def _of_a_record(
    feed: str, record: Record, batch_date: dt.date, settings: ModelSettings
) -> set[str]:
    broken = set()
    tomorrow = batch_date + dt.timedelta(days=1)
    for value in record.values():
        if isinstance(value, dt.datetime):
            value = settings.business_date(value)
        if isinstance(value, dt.date) and value > tomorrow:
            broken.add("future")
    if feed == "orders":
        if record.get("currency") not in (None, settings.currency):
            broken.add("currency")
        steps = [record[step] for step in _STEPS if record.get(step)]
        backwards = any(earlier > later for earlier, later in combinations(steps, 2))
        if backwards and "order_flow" not in settings.tolerate:
            broken.add("order_flow")
    if feed == "order_items" and _line_out_of_range(record):
        broken.add("range")
    return broken


def _line_out_of_range(record: Record) -> bool:
    gross = line_gross(record)
    if gross is None:
        return False
    return gross >= 10**12 or record.get("discount_amount", gross) > gross


def line_gross(record: Record) -> Decimal | None:
    """Give a line's gross; None where a value that it takes is null or does not parse."""
    quantity, given, price = (
        record.get("quantity"),
        record.get("gross_amount", "does not parse"),
        record.get("unit_price"),
    )
    if quantity is None or given == "does not parse":
        return None
    if given is not None:
        return half_up(given) if quantity else Decimal("0.00")
    return None if price is None else half_up(EXACT.multiply(Decimal(quantity), price))


def _hashed(email: str, key: str | None) -> str:
    trimmed = email.strip().lower().encode()
    if key:
        return hmac.new(key.encode(), trimmed, hashlib.sha256).hexdigest()
    return hashlib.sha256(trimmed).hexdigest()
