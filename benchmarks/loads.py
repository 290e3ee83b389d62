"""What a load costs beside a bare COPY of the same files: `make bench`.

It makes a landing zone, measures every way on it in turn, and prints one table of medians. Figures
of different runs or machines do not compare; the ratios do. The API's figures are in `api`.
"""

import argparse
import datetime as dt
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import machine
from other_ways import compare_with_dbt, copy_floor, dbt_way, duckdb_way

from ecommerce_assets.feeds.contract import FEEDS

FIRST_DAY = dt.date(2025, 1, 1)
SHORT_HISTORY = 30
QUARTER = 90
SMALL_DAYS = 654
ECOMMERCE = str(Path(sys.executable).with_name("ecommerce"))


@dataclass(frozen=True)
class Cost:
    """What a process took from start to exit; `processor` includes that of its server."""

    seconds: float
    processor: float
    peak_mb: float


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python benchmarks/loads.py", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--orders-per-day", type=int, default=2700)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecommerce-bench-") as folder:
        shop = BenchmarkShop(Path(folder), arguments.days, arguments.orders_per_day)
        shop.simulate()
        rounds = [measure(shop) for _ in range(arguments.repeats)]
        print(f"{machine()}\n")
        print(
            f"{arguments.days} days of {arguments.orders_per_day:,} orders,"
            f" {shop.megabytes():,.0f} MB of CSV; medians of {arguments.repeats}\n"
        )
    print_table(rounds)
    return 0


@dataclass(frozen=True)
class BenchmarkShop:
    """A landing zone in a folder, its last day kept aside, and homes beside it."""

    folder: Path
    days: int
    orders_per_day: int

    @property
    def landing(self) -> Path:
        """The landing zone."""
        return self.folder / "landing"

    def simulate(self) -> None:
        """Write the landing zone, and move what comes after its days aside."""
        options = {
            "--start": FIRST_DAY,
            "--days": self.days + 1,
            "--orders-per-day": self.orders_per_day,
            "--seed": 1,
        }
        words = [str(word) for option in options.items() for word in option]
        run([ECOMMERCE, "simulate", str(self.landing), *words])
        for path in self.files():
            if path.name[:10] == self.next_day:
                aside = self.folder / "next" / path.parent.name
                aside.mkdir(parents=True, exist_ok=True)
                path.rename(aside / path.name)

    @property
    def last_day(self) -> str:
        """The last landed batch day."""
        return str(FIRST_DAY + dt.timedelta(self.days - 1))

    @property
    def next_day(self) -> str:
        """The batch day after it, which is kept aside."""
        return str(FIRST_DAY + dt.timedelta(self.days))

    def files(self) -> list[Path]:
        """The landed files, in the order of their names."""
        return sorted(self.landing.glob("*/*"))

    def megabytes(self) -> float:
        """How large the landed files are."""
        return megabytes(self.files())

    def load(self, home: Path, *options: str, landing: Path | None = None) -> Cost:
        """Run `ecommerce load` from start to exit, the embedded server's start included."""
        return run([ECOMMERCE, "load", *options], home=home, landing=landing or self.landing)

    def load_next_day(self, home: Path, landing: Path) -> Cost:
        """Land the next day for as long as it takes to load it."""
        landed = []
        for path in (self.folder / "next").glob("*/*"):
            landed.append(landing / path.parent.name / path.name)
            shutil.copy(path, landed[-1])
        try:
            day = self.next_day
            return self.load(home, "--from", day, "--to", day, landing=landing)
        finally:
            for path in landed:
                path.unlink()


def measure(shop: BenchmarkShop) -> dict[str, float | None]:
    """Measure every way once; a way whose program is not installed is None."""
    home = shop.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    help_ = run([ECOMMERCE, "--help"])
    graph = run([sys.executable, "-c", "import ecommerce_assets.definitions"])
    copy = copy_floor(shop.landing)
    dbt = dbt_way(shop.last_day)
    full = shop.load(home)
    if dbt is not None:
        compare_with_dbt(home)
    disk = megabytes(home.rglob("*"))
    one = shop.load(home, "--from", shop.last_day, "--to", shop.last_day)
    unchanged = shop.load(home)
    after_all = shop.load_next_day(home, shop.landing)
    after_short = next_day_on_short_history(shop)
    quarter = load_quarter(shop)
    few, few_with_reports, disk_of_few = few_records_on_many_days(shop.folder / "small")
    return {
        "bare COPY into text tables without indexes, s": copy,
        "`ecommerce load`, cold to exit, s": full.seconds,
        "the load's processor time, s": full.processor,
        "÷ bare COPY (goal 5, then 4)": full.seconds / copy,
        "dbt builds the same tables, its COPY included, s": dbt and copy + dbt,
        "`ecommerce load` ÷ dbt": dbt and full.seconds / (copy + dbt),
        "DuckDB reads the files and sums revenue by day, s": duckdb_way(shop.landing),
        "peak memory of the load, MB (goal 1,500)": full.peak_mb,
        f"÷ that of {QUARTER} days (goal 1.1)": full.peak_mb / quarter.peak_mb,
        "disk after the load ÷ CSV (goal 4)": disk / shop.megabytes(),
        "the next day, s (goal 6)": after_all.seconds,
        "the next day's processor time, s": after_all.processor,
        f"÷ the same on {SHORT_HISTORY} days, processor (goal 1.15)": (
            after_all.processor / after_short.processor
        ),
        "nothing changed, one day, s (goal 3)": one.seconds,
        "nothing changed, all days, s (goal 5)": unchanged.seconds,
        f"a small shop of {SMALL_DAYS} days, first load, s (goal 12)": few.seconds,
        "the same with reports, s": few_with_reports.seconds,
        "its disk without reports, MB (goal 120)": disk_of_few,
        "`ecommerce --help`, s (goal 0.4)": help_.seconds,
        "import of the code location, s (goal 2.5)": graph.seconds,
    }


def next_day_on_short_history(shop: BenchmarkShop) -> Cost:
    """Load the next day on top of no more than the last days before it."""
    landing, home = shop.folder / "short", shop.folder / "short_home"
    days = sorted({path.name[:10] for path in shop.files()})[-SHORT_HISTORY:]
    for feed in FEEDS:
        (landing / feed).mkdir(parents=True)
    try:
        for path in shop.files():
            if path.name[:10] in days:
                shutil.copy(path, landing / path.parent.name / path.name)
        shop.load(home, landing=landing)
        return shop.load_next_day(home, landing)
    finally:
        shutil.rmtree(landing)
        shutil.rmtree(home, ignore_errors=True)


def load_quarter(shop: BenchmarkShop) -> Cost:
    """Load the last quarter of a year by itself."""
    home = shop.folder / "quarter_home"
    first = dt.date.fromisoformat(shop.last_day) - dt.timedelta(QUARTER - 1)
    try:
        return shop.load(home, "--from", str(first), "--to", shop.last_day)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def few_records_on_many_days(folder: Path) -> tuple[Cost, Cost, float]:
    """Load 4,400 records for the first time, and with reports; give the megabytes on disk, too."""
    shop, home = BenchmarkShop(folder, SMALL_DAYS, 1), folder / "home"
    shop.simulate()
    shutil.rmtree(shop.landing / "inventory")
    try:
        without = shop.load(home)
        disk = megabytes(home.rglob("*"))
        shutil.rmtree(home)
        return without, shop.load(home, "--reports"), disk
    finally:
        shutil.rmtree(folder)


def megabytes(paths: Iterable[Path]) -> float:
    """How large the files among some paths are."""
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def run(command: Sequence[str], *, home: Path | None = None, landing: Path | None = None) -> Cost:
    """Run a program to its end."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, env=environment(home, landing), stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed: {errors.read().decode()[-2000:]}")
    return Cost(
        time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    )


def environment(home: Path | None, landing: Path | None) -> dict[str, str]:
    """Give a program the shop's folders, and no setting of this machine."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ECOMMERCE_")}
    folders = {"ECOMMERCE_HOME": home, "ECOMMERCE_LANDING": landing}
    return own | {name: str(folder) for name, folder in folders.items() if folder}


def print_table(rounds: Sequence[dict[str, float | None]]) -> None:
    """Print the medians as a table in Markdown."""
    print("| what | median |\n|---|---|")
    for name in rounds[0]:
        values = [value for measured in rounds if (value := measured[name]) is not None]
        print(f"| {name} | {f'{statistics.median(values):.2f}' if values else 'not installed'} |")


if __name__ == "__main__":
    sys.exit(main())
