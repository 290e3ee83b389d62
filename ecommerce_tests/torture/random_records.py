"""Random records of all seven feeds, of few keys: versions, moves and ties are frequent.

`random_files.py` writes them into files.
"""

import datetime as dt
import random
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from ecommerce_tests.torture.model.contract import FEEDS, STATUSES, Column

Texts = dict[str, str]

TIMES = (
    *("00:00", "00:30", "01:30", "02:30", "03:59:59.999999", "04:00", "04:59:59.999999", "05:00"),
    *("10:00", "12:00", "18:15", "22:00", "22:59:59.999999", "23:00", "23:59:59.999999"),
)
"""Around the midnights and clock changes of the zones below, and few enough to tie."""

REASONS = ("", "too big", 'don\'t; "really", no', "größer\nals gedacht", "exchange")


@dataclass
class RandomRecords:
    """Makes records; remembers what it named, so that most returns fit their lines."""

    rng: random.Random
    source_timezone: str
    bad_share: float = 0.08
    item_orders: dict[str, str] = field(default_factory=dict)
    ordered: dict[str, dt.datetime] = field(default_factory=dict)

    def batch(self, feed: str, day: dt.date) -> list[Texts | str]:
        """Make the records of a file; a text is a line that is no record."""
        most = {"orders": 8, "order_items": 16}.get(feed, 6)
        return [self._one(feed, day) for _ in range(self.rng.randint(0, most))]

    def _one(self, feed: str, day: dt.date) -> Texts | str:
        record: Texts = getattr(self, f"_{feed}")(day)
        record["ingested_at"] = self._write(self._near(day, -2, 0))
        if self.rng.random() < self.bad_share:
            return self._spoiled(feed, record, day)
        return record

    def _pick(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def _id(self, prefix: str, count: int) -> str:
        # Ids sort by code point: I10 before I2, Z before a, Ä after all of them.
        return self._pick("", "", "", "", "a", "Ä") + f"{prefix}{self.rng.randint(1, count)}"

    def _near(self, day: dt.date, first: int, last: int) -> dt.datetime:
        time = dt.time.fromisoformat(self._pick(*TIMES))
        date = day + dt.timedelta(days=self.rng.randint(first, last))
        return dt.datetime.combine(date, time, dt.UTC)

    def _later(self, moment: dt.datetime, days: int) -> dt.datetime:
        return moment + dt.timedelta(
            days=self.rng.randint(0, days), minutes=self.rng.choice((0, 7))
        )

    def _write(self, moment: dt.datetime) -> str:
        """Write a moment in one of the ways that the contract allows."""
        way = self.rng.randrange(6)
        if way == 0:
            local = moment.astimezone(ZoneInfo(self.source_timezone))
            return local.replace(tzinfo=None).isoformat(" ")
        if way == 1:
            east = dt.timezone(dt.timedelta(minutes=self.rng.choice((-300, -210, 60, 345))))
            return moment.astimezone(east).isoformat()
        if way == 2 and (moment.hour, moment.minute) == (0, 0) and self.source_timezone == "UTC":
            return moment.date().isoformat()
        return moment.replace(tzinfo=None).isoformat("T") + "Z"

    def _customers(self, day: dt.date) -> Texts:
        return {
            "customer_id": self._id("C", 3),
            "email": self._pick("", "a@example.com", " A@Example.com ", "ä@example.com"),
            "country": self._pick("DE", "de", "FR", ""),
            "created_at": self._write(self._near(day, -40, 0)),
        }

    def _products(self, day: dt.date) -> Texts:
        return {
            "product_id": self._id("P", 1),
            "updated_at": self._write(self._near(day, -9, 1)),
            "name": self._pick("Spade", "Spade, large", "Gift card"),
            "category": self._pick("garden", "Garden", ""),
            "price": self._pick("10.00", "10", "+10.0000", "12.5", "9.9999", "0"),
            "cost": self._pick("", "4.00", "4", "4.0005", "0", "0.0050"),
        }

    def _orders(self, day: dt.date) -> Texts:
        order_id = self._id("O", 3)
        ordered_at = self._near(day, -6, 0)
        if order_id in self.ordered and self.rng.random() < 0.7:
            ordered_at = self.ordered[order_id]
        self.ordered[order_id] = ordered_at
        steps = {"ordered_at": ordered_at}
        for step in ("paid_at", "fulfilled_at", "delivered_at"):
            steps[step] = self._later(max(steps.values()), 2)
        kept = self.rng.randint(1, 4)
        return {
            "order_id": order_id,
            "customer_id": self._pick("", self._id("C", 4)),
            "status": self._pick("paid", "paid", *STATUSES),
            **{name: self._write(at) for name, at in list(steps.items())[:kept]},
            "currency": self._pick("EUR", "EUR", ""),
            "order_discount": self._pick("", "", "", "0", "0.01", "3.33", "15"),
            "shipping_amount": self._pick("", "4.9", "0.00"),
            "tax_amount": self._pick("", "1.99", "7"),
            "channel": self._pick("", "web", "Instagram, Shop"),
            "country": self._pick("", "DE", "Côte d'Ivoire"),
            "discount_code": self._pick("", "SPRING", "-"),
        }

    def _order_items(self, day: dt.date) -> Texts:
        item_id = self._id("I", 5)
        order_id = self.item_orders.get(item_id, self._id("O", 3))
        if self.rng.random() < 0.2:
            order_id = self._id("O", 3)
        self.item_orders[item_id] = order_id
        sold_at = ""
        if self.rng.random() < 0.4:
            sold_at = self._write(
                self._later(self.ordered.get(order_id, self._near(day, -6, 0)), 1)
            )
        record = {
            "order_item_id": item_id,
            "order_id": order_id,
            "product_id": self._id("P", 2),
            "kind": self._pick("", "product", "product", "gift_card", "other"),
            "quantity": self._pick("0", "1", "1", "2", "2", "+3", "7"),
            "unit_price": self._pick("10.00", "10", "3.3333", "0.005", "19.99", "7.125"),
            "gross_amount": self._pick("", "", "", "", "20.01", "33.3"),
            "discount_amount": self._pick("", "", "", "0", "0.01", "1.5"),
            "sold_at": sold_at,
        }
        if self.rng.random() < 0.03:
            large = {"quantity": "1000", "unit_price": "999999999.9999", "gross_amount": ""}
            record |= large if self.rng.random() < 0.5 else {"gross_amount": "999999999999.99"}
        return record

    def _named_item(self) -> tuple[str, str]:
        if self.item_orders and self.rng.random() < 0.9:
            return self.rng.choice(sorted(self.item_orders.items()))
        return self._id("I", 5), self._id("O", 3)

    def _after_order(self, order_id: str, day: dt.date) -> str:
        ordered_at = self.ordered.get(order_id)
        if ordered_at is None or self.rng.random() < 0.2:
            return self._write(self._near(day, -6, 1))
        return self._write(self._later(ordered_at, 3))

    def _returns(self, day: dt.date) -> Texts:
        item_id, order_id = self._named_item()
        return {
            "return_id": self._id("R", 3),
            "order_item_id": item_id,
            "order_id": order_id,
            "quantity": self._pick("1", "1", "1", "2"),
            "returned_at": self._after_order(order_id, day),
            "refund_amount": self._pick("0", "1", "2.50", "10.00"),
            "reason": self._pick(*REASONS),
        }

    def _adjustments(self, day: dt.date) -> Texts:
        order_id = self._pick(*sorted(self.ordered)) if self.ordered else self._id("O", 3)
        return {
            "adjustment_id": self._id("A", 3),
            "order_id": order_id if self.rng.random() < 0.9 else self._id("O", 4),
            "adjusted_at": self._after_order(order_id, day),
            "amount": self._pick("5.00", "-3.2", "0", "12.34", "+100", "-0.01"),
            "kind": self._pick("", "refund", "shipping"),
            "reason": self._pick(*REASONS),
        }

    def _inventory(self, day: dt.date) -> Texts:
        date = day + dt.timedelta(days=self.rng.randint(-2, 1))
        return {
            "snapshot_date": date.isoformat(),
            "product_id": self._id("P", 2),
            "warehouse_id": self._pick("", "main", "north"),
            "on_hand": self._pick("-5", "0", "12", "30", "1000000000"),
            "allocated": self._pick("0", "10"),
            "reorder_point": self._pick("2", "20"),
        }

    def _spoiled(self, feed: str, record: Texts, day: dt.date) -> Texts | str:
        """Break one row rule of a record, or make it no record at all."""
        if self.rng.random() < 0.1:
            return "nobody@example.com," * 30 if self.rng.random() < 0.5 else "{"
        if self.rng.random() < 0.1 and feed == "orders":
            return record | {"paid_at": "2001-02-03T04:05:06Z"}
        if self.rng.random() < 0.1 and feed == "order_items":
            return record | {"quantity": "1", "gross_amount": "1.00", "discount_amount": "1.01"}
        if self.rng.random() < 0.1 and feed == "orders":
            return record | {"currency": "USD"}
        name, column = self.rng.choice(sorted(FEEDS[feed].columns.items()))
        return record | {name: self._pick(*_spoilers(name, column, day))}


def _spoilers(name: str, column: Column, day: dt.date) -> list[str]:
    """Give values that a column must not, or just may, have."""
    values = ["", "a\0b"]
    if column.kind in ("moment", "date"):
        values += ["yesterday", "2024-02-30", "1989-12-31", "0000-01-01"]
        # Revenue would have a row for every day since.
        values += [] if name == "ordered_at" else ["1990-01-01"]
        values += [f"{day + dt.timedelta(days=days)}" for days in (1, 2, 400)]
    if column.kind == "moment":
        values += ["2024-03-05T24:00", "2024-03-05T10:00:60Z", "2024-03-05T10:00:00+0100"]
        values += [f"{day + dt.timedelta(days=2)}T03:59:59+00:00"]
    if column.kind == "amount":
        values += ["1e3", "1,5", "-1", "-0.01", "999999999.99", "1000000000", "1.00001", "1.001"]
        values += ["-999999999.99", "999999999999.99", "1000000000000", "9" * 40]
    if column.kind == "whole":
        values += ["1.0", "-1", "1000000001", "x", "9" * 40]
    if name.endswith("_id"):
        values += ["x" * 255, "x" * 256, "x" * 6000]
    if column.allowed:
        values += ["Paid", "refunded"]
    return values
