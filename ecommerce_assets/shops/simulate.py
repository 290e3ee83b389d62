"""Runs a synthetic shop day by day and writes its landing zone.

`shops.synthetic` makes its orders, customers, stock and broken records.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.shops.landing_files import claim, write_batch
from ecommerce_assets.shops.synthetic.broken import Breakage
from ecommerce_assets.shops.synthetic.random_numbers import RandomNumbers
from ecommerce_assets.shops.synthetic.records import FEEDS, table
from ecommerce_assets.shops.synthetic.shop import SyntheticShop


class SimulationError(OperatorError):
    """An argument of the simulation is out of range."""


@dataclass(frozen=True)
class Simulation:
    """The numbers of good records by feed, and of broken records by feed and broken rule."""

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

    The same arguments write the same bytes; `dirty` changes only the broken records.

    Args:
        out: the landing zone; it may not hold landing files yet.
        start: the first day; all moments are UTC.
        days: the number of batch days.
        orders_per_day: the average number of orders a day.
        seed: the seed of the random numbers.
        dirty: the share of broken records, at most a half, above which batches are refused.
        currency: the store's currency.
        progress: called with the days written and the days there are.

    Raises:
        SimulationError: an argument is out of its range.
        LandingWriteError: `out` holds landing files, or cannot be written.
    """
    _check(start, days, orders_per_day, seed, dirty)
    claim(out)
    shop = SyntheticShop(start, days, orders_per_day, seed)
    breakage = Breakage(Fraction(str(dirty)), RandomNumbers(seed, 1))
    names = shop.catalogue.names()
    written: Counter[str] = Counter()
    for day in range(days):
        candidates = shop.trade(day)
        for feed in FEEDS:
            records = shop.take(feed, day)
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
