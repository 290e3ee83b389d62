"""Makes records of a synthetic shop that break a rule (docs/reference/feeds.md, rules.md).

They are written in addition to the good records.
"""

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from ecommerce_assets.shops.synthetic.aftermath import Returns
from ecommerce_assets.shops.synthetic.lines import LINES_PER_ORDER, Lines
from ecommerce_assets.shops.synthetic.orders import Orders
from ecommerce_assets.shops.synthetic.random_numbers import RandomNumbers
from ecommerce_assets.shops.synthetic.records import item_ids, moments, order_ids

_FUTURE = "9 days on"
_LONG_ID = "X" * 256


class Candidates:
    """The lines of a day's orders that broken returns and adjustments can refer to, once each."""

    def __init__(self, orders: Orders, lines: Lines, returns: Returns, end: int) -> None:
        recognised = (orders.paid_at < end) & (orders.cancelled_at >= end)
        untouched = lines.taken_off_at >= end
        untouched[returns.row] = False
        self._lines = lines
        self._ordered_at = orders.ordered_at[lines.order]
        self._number = orders.number[lines.order]
        self._recognised = np.flatnonzero(recognised[lines.order] & untouched).tolist()
        self._unrecognised = np.flatnonzero(~recognised[lines.order] & untouched).tolist()

    def line(self, *, recognised: bool) -> dict[str, str] | None:
        """Take a line of an order that is recognised in the end, or is not; None without one."""
        rows = self._recognised if recognised else self._unrecognised
        if not rows:
            return None
        row = np.array([rows.pop()])
        ordered_at = self._ordered_at[row]
        texts = {
            "order_item_id": item_ids(self._number[row] * LINES_PER_ORDER + self._lines.line[row]),
            "order_id": order_ids(self._number[row]),
            "hour_before": moments(ordered_at - 3600),
            "minute_after": moments(ordered_at + 60),
            "one_more": pa.array(self._lines.quantity[row] + 1),
            "quantity": pa.array(self._lines.quantity[row]),
        }
        return {name: str(text.cast(pa.string())[0]) for name, text in texts.items()}


@dataclass
class _Batch:
    """The material for broken records in a feed's batch."""

    day: dt.date
    record: dict[str, str]
    """A good record of the batch."""
    candidates: Candidates
    serial: int
    is_open: bool = True
    """Whether no quote has been left open yet."""


_Break = Callable[[_Batch], str | None]
"""Makes a broken line, or None if the batch has no record that can be broken in this way."""


def _line(record: Mapping[str, str]) -> str:
    return ",".join(record.values())


def _with(**values: str) -> _Break:
    def make(batch: _Batch) -> str:
        future = f"{batch.day + dt.timedelta(days=9)}"
        written = {name: future if value == _FUTURE else value for name, value in values.items()}
        return _line({**batch.record, **written})

    return make


def _item(**values: str) -> _Break:
    """Make an item of 1 unit at 1.00 that is valid except for the given values."""
    one = {"quantity": "1", "unit_price": "1", "gross_amount": "", "discount_amount": "0"}
    return _with(**{**one, **values})


def _short(batch: _Batch) -> str:
    return _line(batch.record).rpartition(",")[0]


def _long(batch: _Batch) -> str:
    return _line(batch.record) + ",surplus"


def _unclosed(batch: _Batch) -> str | None:
    if not batch.is_open:
        return None
    batch.is_open = False
    return '"' + _line(batch.record)


def _order_without_lines(batch: _Batch) -> str:
    changed = {"order_id": f"OX{batch.serial:06}", "order_discount": "999.00"}
    return _line({**batch.record, **changed})


def _item_without_order(batch: _Batch) -> str:
    changed = {"order_item_id": f"OX{batch.serial:06}-1", "order_id": f"OX{batch.serial:06}"}
    return _line({**batch.record, **changed})


def _return_without_line(batch: _Batch) -> str:
    changed = {"return_id": f"RX{batch.serial:06}", "order_item_id": f"OX{batch.serial:06}-1"}
    return _line({**batch.record, **changed})


def _return_of(
    recognised: bool, quantity: str, refund: str, returned_at: str = "minute_after"
) -> _Break:
    """Return one of the day's lines; each text is a field of `Candidates.line` or a value."""

    def make(batch: _Batch) -> str | None:
        line = batch.candidates.line(recognised=recognised)
        if line is None:
            return None
        return _line(
            {
                **batch.record,
                "return_id": f"RX{batch.serial:06}",
                "order_item_id": line["order_item_id"],
                "order_id": line["order_id"],
                "quantity": line.get(quantity, quantity),
                "returned_at": line[returned_at],
                "refund_amount": line.get(refund, refund),
                "ingested_at": line["minute_after"],
            }
        )

    return make


def _adjustment_without_order(batch: _Batch) -> str:
    changed = {"adjustment_id": f"AX{batch.serial:06}", "order_id": f"OX{batch.serial:06}"}
    return _line({**batch.record, **changed})


def _adjustment_of(recognised: bool, adjusted_at: str = "minute_after") -> _Break:
    """Adjust one of the day's orders."""

    def make(batch: _Batch) -> str | None:
        line = batch.candidates.line(recognised=recognised)
        if line is None:
            return None
        return _line(
            {
                **batch.record,
                "adjustment_id": f"AX{batch.serial:06}",
                "order_id": line["order_id"],
                "adjusted_at": line[adjusted_at],
                "ingested_at": line["minute_after"],
            }
        )

    return make


_ANY_FEED: tuple[tuple[str, _Break], ...] = (
    ("malformed", _short),
    ("type", _with(ingested_at="yesterday")),
    ("required", _with(ingested_at="")),
    ("malformed", _unclosed),
    ("future", _with(ingested_at=_FUTURE)),
    ("malformed", _long),
    ("range", _with(ingested_at="1989-12-31T23:59:59Z")),
)
_UNPAID = {"status": "created", "paid_at": "", "fulfilled_at": "", "delivered_at": ""}
_SENT = {"ordered_at": "2020-01-01", "paid_at": "", "fulfilled_at": "2020-01-03"}

_BREAKS: Mapping[str, tuple[tuple[str, _Break], ...]] = MappingProxyType(
    {
        "customers": (
            ("required", _with(customer_id="")),
            ("type", _with(created_at="31/12/2024")),
            ("range", _with(customer_id=_LONG_ID)),
            ("future", _with(created_at=_FUTURE)),
            ("required", _with(created_at="")),
            ("type", _with(country="D\0")),
            *_ANY_FEED,
        ),
        "products": (
            ("precision", _with(price="1.00001")),
            ("range", _with(price="-1.00")),
            ("required", _with(name="")),
            ("type", _with(price="12.50 EUR")),
            ("future", _with(updated_at=_FUTURE)),
            ("range", _with(cost="1000000000")),
            ("required", _with(price="")),
            *_ANY_FEED,
        ),
        "orders": (
            ("discount_exceeds_gross", _order_without_lines),
            ("enum", _with(status="shipped")),
            ("currency", _with(currency="XXX")),
            ("order_flow", _with(**_SENT, delivered_at="2020-01-02")),
            ("precision", _with(shipping_amount="4.905")),
            ("range", _with(order_discount="-0.01")),
            ("required", _with(status="")),
            ("type", _with(tax_amount="free")),
            ("future", _with(**_UNPAID, ordered_at=_FUTURE)),
            ("order_flow", _with(**{**_SENT, "paid_at": "2020-01-04"}, delivered_at="")),
            ("required", _with(ordered_at="")),
            ("range", _with(**_UNPAID, ordered_at="1970-01-01")),
            ("type", _with(channel="app\0")),
            ("type", _with(country="D\0")),
            ("type", _with(discount_code="JAN\0")),
            *_ANY_FEED,
        ),
        "order_items": (
            ("orphan", _item_without_order),
            ("range", _item(quantity="-1")),
            ("enum", _with(kind="voucher")),
            ("precision", _item(unit_price="1.00001")),
            ("range", _item(discount_amount="1.01")),
            ("range", _item(gross_amount="-0.01")),
            ("future", _with(sold_at=_FUTURE)),
            ("type", _with(quantity="1.5")),
            ("precision", _item(gross_amount="1.001")),
            ("required", _with(product_id="")),
            ("precision", _item(discount_amount="0.001")),
            ("range", _item(quantity="1000000001")),
            ("range", _item(unit_price="9", gross_amount="1", discount_amount="1.01")),
            ("type", _with(sold_at="soon")),
            ("range", _item(gross_amount="1000000000000")),
            ("type", _item(gross_amount="EUR 1")),
            ("range", _with(sold_at="1970-01-01")),
            ("required", _with(quantity="")),
            ("range", _item(quantity="1000000", unit_price="1000000")),
            *_ANY_FEED,
        ),
        "returns": (
            ("return_exceeds_line", _return_of(True, "one_more", "0.01")),
            ("unpaid_return", _return_of(False, "1", "0.01")),
            ("return_before_order", _return_of(True, "1", "0.01", "hour_before")),
            ("orphan", _return_without_line),
            ("range", _with(quantity="0")),
            ("return_exceeds_line", _return_of(True, "quantity", "1000000.00")),
            ("precision", _with(refund_amount="1.005")),
            ("type", _with(quantity="two")),
            ("required", _with(refund_amount="")),
            ("future", _with(returned_at=_FUTURE)),
            *_ANY_FEED,
        ),
        "adjustments": (
            ("unpaid_return", _adjustment_of(False)),
            ("orphan", _adjustment_without_order),
            ("return_before_order", _adjustment_of(True, "hour_before")),
            ("enum", _with(kind="tax")),
            ("range", _with(amount="-1000000000")),
            ("precision", _with(amount="-1.005")),
            ("required", _with(amount="")),
            ("type", _with(amount="five")),
            ("future", _with(adjusted_at=_FUTURE)),
            ("range", _with(amount="1000000000.00")),
            ("type", _with(adjusted_at="2024-02-30")),
            ("required", _with(order_id="")),
            ("required", _with(adjusted_at="")),
            ("range", _with(adjusted_at="1970-01-01")),
            ("range", _with(adjustment_id=_LONG_ID)),
            *_ANY_FEED,
        ),
        "inventory": (
            ("range", _with(allocated="-1")),
            ("type", _with(snapshot_date="2024-06-31")),
            ("required", _with(on_hand="")),
            ("future", _with(snapshot_date=_FUTURE)),
            ("type", _with(on_hand="many")),
            ("range", _with(reorder_point="1000000001")),
            *_ANY_FEED,
        ),
    }
)


class Breakage:
    """Makes broken records for a share of each feed, with each kind in turn at least once."""

    def __init__(self, dirty: Fraction, random: RandomNumbers) -> None:
        self._per_good = dirty / (1 - dirty)
        self._random = random
        self._good: Counter[str] = Counter()
        self._made: Counter[str] = Counter()
        self._turns = {feed: deque(breaks) for feed, breaks in _BREAKS.items()}
        self._serial = 0
        self.broken: Counter[tuple[str, str]] = Counter()
        """The number of records of a feed that break a rule."""

    def lines(self, feed: str, day: dt.date, good: pa.Table, candidates: Candidates) -> bytes:
        """Make the broken lines of a feed's batch, given its good records."""
        self._good[feed] += good.num_rows
        wanted = int(self._per_good * self._good[feed])
        if self._per_good:
            wanted = max(wanted, len(self._turns[feed]))
        # At most as many as good records, since a batch with more broken ones would be refused.
        count = min(wanted - self._made[feed], good.num_rows)
        if count <= 0:
            return b""
        self._made[feed] += count
        rows = self._random.between(0, good.num_rows - 1, count)
        texts = [
            column.take(rows).cast(pa.string()).fill_null("").to_pylist() for column in good.columns
        ]
        made = []
        batch = _Batch(day, {}, candidates, self._serial)
        for values in zip(*texts, strict=True):
            batch.record = dict(zip(good.column_names, values, strict=True))
            batch.serial += 1
            made.append(self._next(feed, batch))
        self._serial = batch.serial
        # An open quote swallows all lines after it, so it comes last.
        made.sort(key=lambda line: line.startswith('"'))
        return "".join(line + "\n" for line in made).encode()

    def _next(self, feed: str, batch: _Batch) -> str:
        """Make a record that is broken in the next way that this batch allows."""
        turns = self._turns[feed]
        for position, (rule, make) in enumerate(turns):
            line = make(batch)
            if line is not None:
                del turns[position]
                turns.append((rule, make))
                self.broken[feed, rule] += 1
                return line
        raise AssertionError("some ways need nothing of the batch")
