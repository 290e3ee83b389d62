"""How the cost of a day grows, as a table and a picture: `python benchmarks/growth.py PICTURE`.

It loads single days with `ecommerce load` on top of longer histories, with more orders, and with
more late records, and counts the processor seconds of the load's process and of PostgreSQL.
"""

import csv
import datetime as dt
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from loads import ECOMMERCE, run
from machine import machine
from unit_costs import Clock, Work

from ecommerce_assets.warehouse.server import EmbeddedServer

FIRST_DAY = dt.date(2022, 1, 1)
"""So long ago that no day of the longest history is after today."""

HISTORIES = (30, 120, 365, 1095)
ORDERS_OF_HISTORY = 100
ORDERS_A_DAY = (1_000, 3_000, 10_000, 30_000, 100_000)
LATE_FOR_A_NEW_ONE = (0.0, 0.5, 1.0, 2.0)
LATE_HISTORY = 60

Costs = Mapping[float, Work]


class GrowingShop:
    """A shop in a folder of its own, of which single days are loaded and measured."""

    def __init__(self, folder: Path, days: int, orders_per_day: int) -> None:
        self.landing = folder / "landing"
        self._home = folder / "home"
        server = EmbeddedServer(self._home / "postgres")
        server.hold()
        self._clock = Clock(int((server.data / "postmaster.pid").read_text().splitlines()[0]))
        simulated = {"--start": FIRST_DAY, "--days": days, "--orders-per-day": orders_per_day}
        options = [str(word) for option in simulated.items() for word in option]
        self._run("simulate", str(self.landing), *options, "--seed", "1")
        self._run("migrate")

    def load(self, first: int, last: int) -> Work:
        """Load days by their numbers, from 1 on; give what it cost."""
        before = self._clock.now().postgres
        used = self._run("load", "--from", day(first), "--to", day(last))
        return Work(used, self._clock.now().postgres - before)

    def _run(self, *arguments: str) -> float:
        return run([ECOMMERCE, *arguments], home=self._home, landing=self.landing).processor


def day(number: int) -> str:
    """Give the date of a day by its number, from 1 on."""
    return str(FIRST_DAY + dt.timedelta(number - 1))


def by_history(folder: Path) -> Iterator[tuple[float, Work]]:
    """Load one more day on top of longer and longer histories."""
    shop = GrowingShop(folder, max(HISTORIES) + 1, ORDERS_OF_HISTORY)
    held = 0
    for days in HISTORIES:
        shop.load(held + 1, days)
        yield days, shop.load(days + 1, days + 1)
        held = days + 1


def by_orders(folder: Path) -> Iterator[tuple[float, Work]]:
    """Load one day of more and more orders into an empty warehouse."""
    for orders in ORDERS_A_DAY:
        shop = GrowingShop(folder / str(orders), 1, orders)
        yield orders, shop.load(1, 1)


def by_late_records(folder: Path) -> Iterator[tuple[float, Work]]:
    """Load days that bring, beside their own, more and more new versions of old orders."""
    shop = GrowingShop(folder, LATE_HISTORY + len(LATE_FOR_A_NEW_ONE), 1_000)
    shop.load(1, LATE_HISTORY)
    for number, late in enumerate(LATE_FOR_A_NEW_ONE, start=LATE_HISTORY + 1):
        add_late_orders(shop.landing / "orders", day(number), late)
        yield late, shop.load(number, number)


def add_late_orders(orders: Path, batch_day: str, late: float) -> None:
    """Append old orders to a day's file, as many for each record of it as `late` says."""
    old: list[dict[str, str]] = []
    for number in range(1, LATE_HISTORY + 1):
        with (orders / f"{day(number)}.csv").open(newline="", encoding="utf-8") as file:
            old.extend(csv.DictReader(file))
    path = orders / f"{batch_day}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        own = list(csv.DictReader(file))
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(own[0]), extrasaction="ignore")
        wanted = round(late * len(own))
        for record in (old[n * len(old) // wanted] for n in range(wanted)):
            writer.writerow({**record, "ingested_at": f"{batch_day}T23:00:00Z"})


SERIES: Sequence[tuple[str, Callable[[Path], Iterator[tuple[float, Work]]]]] = (
    (f"days of history, {ORDERS_OF_HISTORY} orders a day", by_history),
    ("orders of the day, into an empty warehouse", by_orders),
    (f"late orders for each of the day's own, {LATE_HISTORY} days × 1,000 orders", by_late_records),
)


def draw(measured: Mapping[str, Costs], picture: Path) -> None:
    """Draw a panel for each series: processor seconds, from 0 on."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    panels = figure.subplots(1, len(measured))
    for panel, (what, costs) in zip(panels, measured.items(), strict=True):
        points = list(costs)
        process = [cost.process for cost in costs.values()]
        postgres = [cost.postgres for cost in costs.values()]
        panel.stackplot(points, process, postgres, labels=["the load's process", "PostgreSQL"])
        panel.plot(points, [sum(both) for both in zip(process, postgres, strict=True)], "k.")
        panel.set_xlabel(what, fontsize=8)
        panel.set_ylim(0)
    panels[0].set_ylabel("processor seconds of a day's load")
    panels[0].legend(loc="lower right", fontsize=8)
    figure.savefig(picture, dpi=120)


def main() -> None:
    """Measure, draw the picture, and print the table."""
    measured: dict[str, Costs] = {}
    with tempfile.TemporaryDirectory(prefix="ecommerce-growth-") as folder:
        for number, (what, cost) in enumerate(SERIES):
            measured[what] = dict(cost(Path(folder) / str(number)))
    draw(measured, Path(sys.argv[1]))
    print(f"{machine()}\n\n| | | processor seconds (process + PostgreSQL) |\n|---|---|---|")
    for what, costs in measured.items():
        for point, work in costs.items():
            print(f"| {what} | {point:,g} | {work} |")


if __name__ == "__main__":
    main()
