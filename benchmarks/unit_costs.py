"""What a load costs, and how much of it needs the lock: `python benchmarks/unit_costs.py`.

It loads the landing zone of the settings into the embedded server of the settings, which is to be
empty, and prints processor seconds, which other work of the machine changes little, and bytes.
docs/scaling.md computes with them.
"""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg

from ecommerce_assets import loading
from ecommerce_assets.assets import batches
from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.settings import load_settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.transaction import RunTransaction

BYTES = """
    select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
    where relkind = 'r'
      and relnamespace::regnamespace::text in ('staging', 'quarantine', 'analytics', 'ops')
"""


@dataclass
class Work:
    """Processor seconds of the load's process and of PostgreSQL's."""

    process: float
    postgres: float

    def since(self, before: "Work") -> "Work":
        """Give the work that was done since another moment."""
        return Work(self.process - before.process, self.postgres - before.postgres)

    def __str__(self) -> str:
        return f"{self.process + self.postgres:8.2f} s ({self.process:.2f} + {self.postgres:.2f})"


class Clock:
    """Reads the work done so far, and counts what is done with the lock held."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = psutil.Process(postmaster)
        self.locked: list[Work] = []
        self.reading = Work(0, 0)
        self._locked_since: Work | None = None

    def now(self) -> Work:
        """Give the work done so far."""
        own = self._postmaster.cpu_times()
        ended = own.user + own.system + own.children_user + own.children_system
        sessions = [child.cpu_times() for child in self._postmaster.children(recursive=True)]
        return Work(time.process_time(), ended + sum(t.user + t.system for t in sessions))

    def lock(self) -> None:
        """The lock is held from now on."""
        self._locked_since = self._locked_since or self.now()

    def unlock(self) -> None:
        """The lock is free again."""
        if self._locked_since is not None:
            self.locked.append(self.now().since(self._locked_since))
            self._locked_since = None

    @contextmanager
    def reads(self) -> Iterator[None]:
        """Count what is done within as reading and judging files."""
        before = time.process_time()
        yield
        self.reading.process += time.process_time() - before


def watch(clock: Clock) -> None:
    """Have the load tell the clock what it does."""

    def counted(read: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            with clock.reads():
                return read(*arguments)

        return call

    for name in ("_read_day", "split"):
        setattr(batches, name, counted(getattr(batches, name)))
    begun, publish, close = RunTransaction._begun, RunTransaction.publish, RunTransaction.close

    def begin(transaction: RunTransaction) -> psycopg.Connection:
        connection = begun(transaction)
        clock.lock()
        return connection

    def end(finish: Callable[[RunTransaction], None]) -> Callable[[RunTransaction], None]:
        def call(transaction: RunTransaction) -> None:
            finish(transaction)
            clock.unlock()

        return call

    for name, method in {"_begun": begin, "publish": end(publish), "close": end(close)}.items():
        setattr(RunTransaction, name, method)


def main() -> None:
    """Load, and print what it cost."""
    settings = load_settings()
    shop = Shop(settings)
    with psycopg.connect(shop.database_url, autocommit=True) as connection:

        def ask(query: str, *parameters: Any) -> int:
            row = connection.execute(query, parameters).fetchone()
            return int(row[0]) if row else 0

        def written() -> int:
            return ask("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")

        with open_instance(settings) as instance:
            postmaster = (settings.home / "postgres/data/postmaster.pid").read_text()
            clock = Clock(int(postmaster.splitlines()[0]))
            watch(clock)
            bytes_before, written_before, before = ask(BYTES), written(), clock.now()
            loading.load(shop, instance)
            done = clock.now().since(before)
        orders = ask("select count(*) from analytics.fct_orders")
        print(f"{orders:,} orders")
        print("processor, in all      ", done)
        for held in clock.locked:
            print("  while it had the lock", held)
        print("  reading and judging  ", clock.reading)
        print(f"bytes of tables an order {(ask(BYTES) - bytes_before) / max(orders, 1):8,.0f}")
        print(f"bytes of WAL an order    {(written() - written_before) / max(orders, 1):8,.0f}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"memory of the process at its peak, MB {peak:,}")


if __name__ == "__main__":
    main()
