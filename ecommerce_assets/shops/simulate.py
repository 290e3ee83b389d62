"""Runs a synthetic shop day by day and writes its landing zone.

How its orders, customers, stock and broken records come about is in `shops.synthetic`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.shops.landing_files import claim, write_batch
from ecommerce_assets.shops.synthetic.broken import Breakage, Candidates
from ecommerce_assets.shops.synthetic.catalogue import CATEGORIES, Catalogue
from ecommerce_assets.shops.synthetic.customers import Customers
from ecommerce_assets.shops.synthetic.dice import Dice, Ints
from ecommerce_assets.shops.synthetic.orders import (
    DAY,
    NEVER,
    STATUSES,
    Lines,
    Orders,
    Returns,
    flow,
    line_discounts,
    lines_of,
    returns_of,
    taken_off,
    times_of_day,
)
from ecommerce_assets.shops.synthetic.outbox import Outbox
from ecommerce_assets.shops.synthetic.records import FEEDS, table
from ecommerce_assets.shops.synthetic.seasons import Campaign, campaign_of, orders_of_days
from ecommerce_assets.shops.synthetic.stock import Stock

_EPOCH = dt.date(1970, 1, 1)


class SimulationError(OperatorError):
    """A shop like that cannot be simulated."""


@dataclass(frozen=True)
class Simulation:
    """What was written: good records by feed, and broken ones by feed and the rule they break."""

    days: int
    orders: int
    records: Mapping[str, int]
    broken: Mapping[tuple[str, str], int]


def simulate(
    out: Path,
    *,
    start: dt.date,
    days: int,
    orders_per_day: int,
    seed: int = 0,
    dirty: float = 0.0,
    currency: str = "USD",
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Write the landing zone of a synthetic shop, as docs/simulate.md describes.

    The same arguments write the same bytes; `dirty` changes nothing but the broken records.

    Args:
        out: the landing zone; it may not hold landing files yet.
        start: the first day; all moments are UTC.
        days: how many batch days.
        orders_per_day: how many orders on average.
        seed: of the random numbers.
        dirty: the share of broken records, up to a half: more would have batches refused.
        currency: the store's.
        progress: called with the days written and the days there are.

    Raises:
        SimulationError: an argument is out of its range.
        LandingWriteError: `out` holds landing files, or cannot be written.
    """
    _check(start, days, orders_per_day, seed, dirty)
    claim(out)
    shop = _Shop(start, days, orders_per_day, seed)
    breakage = Breakage(Fraction(str(dirty)), Dice(seed, 1))
    names = shop.catalogue.names()
    written: Counter[str] = Counter()
    for day in range(days):
        candidates = shop.trade(day)
        for feed in FEEDS:
            records = shop.outbox.take(feed, day)
            if records is None:
                continue
            date = start + dt.timedelta(days=day)
            good = table(feed, records, currency, names)
            broken = breakage.lines(feed, date, good, candidates)
            write_batch(out, feed, date, good, broken_lines=broken)
            written[feed] += good.num_rows
        if progress:
            progress(day + 1, days)
    return Simulation(days, days * orders_per_day, dict(written), dict(breakage.broken))


def _check(start: dt.date, days: int, orders_per_day: int, seed: int, dirty: float) -> None:
    if not 1 <= days <= 3660:
        raise SimulationError(f"{days} days cannot be simulated; give from 1 to 3660.")
    if not dt.date(1990, 2, 1) <= start <= dt.date(9900, 1, 1):
        raise SimulationError(f"{start} is no day to start on; give one from 1990-02-01 to 9900.")
    if not 1 <= orders_per_day <= 1_000_000:
        raise SimulationError(
            f"{orders_per_day} orders a day cannot be simulated; give from 1 to 1000000."
        )
    if seed < 0:
        raise SimulationError(f"The seed {seed} is below 0; give a whole number from 0.")
    if not 0 <= dirty <= 0.5:
        raise SimulationError(f"A share of {dirty} cannot be broken; give from 0 to 0.5.")


class _Shop:
    """The state of the shop, and the records that wait for their day."""

    def __init__(self, start: dt.date, days: int, orders_per_day: int, seed: int) -> None:
        self._dice = Dice(seed, 0)
        self._dates = [start + dt.timedelta(days=day) for day in range(days)]
        self._midnight = (start - _EPOCH).days * DAY
        self._end = self._midnight + days * DAY
        self._sizes = orders_of_days(self._dates, orders_per_day, len(CATEGORIES), self._dice)
        products = min(max(orders_per_day // 4, 30), 600)
        self.catalogue = Catalogue(products, self._dice)
        self._stock = Stock(self.catalogue.popularity, orders_per_day * 7 // 2, self._dice)
        self._customers = Customers(self._dice)
        self._orders = 0
        self._returns = 0
        self.outbox = Outbox(days - 1, self._dice)

    def trade(self, day: int) -> Candidates:
        """Live through a day; everything it leads to goes to the outbox."""
        midnight = self._midnight + day * DAY
        size = int(self._sizes[day])
        date = self._dates[day]
        campaign = campaign_of(date, len(CATEGORIES))
        self._price(day, midnight)
        self._stock.receive(day)

        ordered_at = midnight + times_of_day(size, self._dice)
        customer, new = self._customers.buy(ordered_at, date, campaign is not None)
        self._send_customers(new, self._customers.created_at[new])
        orders, lines, cell = self._order(customer, ordered_at, campaign)
        returns = returns_of(orders, lines, self._dice)
        self._plan_stock(orders, lines, returns, cell)
        self._send_orders(orders)
        self._send_lines(orders, lines)
        self._send_returns(orders, lines, returns)
        moved = self._customers.move()
        self._send_customers(moved, np.full(len(moved), midnight + DAY * 3 // 4))

        self._stock.close(day)
        self._count_stock(day, midnight)
        return Candidates(orders, lines, returns, self._end)

    def _day(self, moment: Ints) -> Ints:
        return (moment - self._midnight) // DAY

    def _price(self, day: int, midnight: int) -> None:
        changed = self.catalogue.change() if day else np.arange(self.catalogue.count)
        size = len(changed)
        self.outbox.add(
            "products",
            np.full(size, day),
            {
                "product": changed,
                "updated_at": np.full(size, midnight),
                "category": self.catalogue.category[changed],
                "price": self.catalogue.price[changed],
                "cost": self.catalogue.cost[changed],
                "ingested_at": midnight + self._dice.between(60, 3600, size),
            },
            late_per_mille=100,
        )

    def _order(
        self, customer: Ints, ordered_at: Ints, campaign: Campaign | None
    ) -> tuple[Orders, Lines, Ints]:
        size = len(customer)
        order, line, quantity = lines_of(size, self._dice)
        wanted = self._dice.pick(self.catalogue.popularity, len(order))
        warehouse = self._stock.choose_warehouse(size)
        cell = self._stock.serve(warehouse[order] * self.catalogue.count + wanted, quantity)
        product = cell % self.catalogue.count
        price = self.catalogue.price[product]
        gross = quantity * price
        discount = line_discounts(gross, self.catalogue.category[product], campaign, self._dice)
        value = np.zeros(size, dtype=np.int64)
        np.add.at(value, order, gross - discount)
        number = self._orders + np.arange(size)
        self._orders += size
        orders = flow(number, customer, value, ordered_at, campaign, self._dice)
        off = taken_off(orders, order, line, self._dice)
        return orders, Lines(order, line, product, quantity, price, discount, off), cell

    def _plan_stock(self, orders: Orders, lines: Lines, returns: Returns, cell: Ints) -> None:
        fulfilled_at = orders.fulfilled_at[lines.order]
        leaves_at = np.minimum(fulfilled_at, orders.cancelled_at[lines.order])
        leaves_at = np.minimum(leaves_at, lines.taken_off_at)
        shipped = np.where(leaves_at == fulfilled_at, lines.quantity, 0)
        self._stock.plan(self._day(leaves_at), cell, shipped, lines.quantity)
        back = -returns.quantity
        self._stock.plan(
            self._day(returns.returned_at), cell[returns.row], back, np.zeros_like(back)
        )

    def _send_customers(self, customer: Ints, at: Ints) -> None:
        self.outbox.add(
            "customers",
            self._day(at),
            {
                "customer": customer,
                "email": self._customers.email[customer],
                "country": self._customers.country[customer],
                "created_at": self._customers.created_at[customer],
                "ingested_at": at + self._dice.between(60, 3600, len(customer)),
            },
        )

    def _send_orders(self, orders: Orders) -> None:
        moments = np.stack(orders.moments)
        days = self._day(moments)
        for status in range(len(STATUSES)):
            at, day = moments[status], days[status]
            # A day's export tells the last that happened to an order on it.
            later_that_day = ((days == day) & (moments > at)).any(axis=0)
            told = (at != NEVER) & ~later_that_day
            so_far = np.where(moments <= at, moments, NEVER)[:, told]
            self.outbox.add(
                "orders",
                day[told],
                {
                    "order": orders.number[told],
                    "customer": orders.customer[told],
                    "status": np.full(told.sum(), status),
                    "ordered_at": so_far[0],
                    "paid_at": so_far[1],
                    "fulfilled_at": so_far[2],
                    "delivered_at": so_far[3],
                    "discount": orders.discount[told],
                    "shipping": orders.shipping[told],
                    "tax": orders.tax[told],
                    "ingested_at": (at + orders.read_after)[told],
                },
            )

    def _send_lines(self, orders: Orders, lines: Lines) -> None:
        read_after = orders.read_after[lines.order]
        number = orders.number[lines.order]
        off = np.flatnonzero(lines.taken_off_at != NEVER)
        ordered_at = orders.ordered_at[lines.order]
        for rows, at, keep in (
            (np.arange(len(number)), ordered_at, 1),
            (off, lines.taken_off_at[off], 0),
        ):
            self.outbox.add(
                "order_items",
                self._day(at),
                {
                    "item": number[rows] * 16 + lines.line[rows],
                    "order": number[rows],
                    "product": lines.product[rows],
                    "quantity": lines.quantity[rows] * keep,
                    "price": lines.price[rows],
                    "discount": lines.discount[rows] * keep,
                    "ingested_at": at + read_after[rows],
                },
            )

    def _send_returns(self, orders: Orders, lines: Lines, returns: Returns) -> None:
        order = orders.number[lines.order[returns.row]]
        size = len(order)
        self.outbox.add(
            "returns",
            self._day(returns.returned_at),
            {
                "return": self._returns + np.arange(size),
                "item": order * 16 + lines.line[returns.row],
                "order": order,
                "quantity": returns.quantity,
                "returned_at": returns.returned_at,
                "refund": returns.refund,
                "reason": returns.reason,
                "ingested_at": returns.returned_at + self._dice.between(60, 3600, size),
            },
        )
        self._returns += size

    def _count_stock(self, day: int, midnight: int) -> None:
        cells = np.arange(self._stock.cells)
        self.outbox.add(
            "inventory",
            np.full(len(cells), day),
            {
                "snapshot_date": np.full(len(cells), midnight // DAY),
                "product": cells % self.catalogue.count,
                "warehouse": cells // self.catalogue.count,
                "on_hand": self._stock.on_hand.copy(),
                "allocated": self._stock.allocated.copy(),
                "reorder_point": self._stock.reorder_point,
                "ingested_at": np.full(len(cells), midnight + DAY - 60),
            },
            late_per_mille=2,
        )
