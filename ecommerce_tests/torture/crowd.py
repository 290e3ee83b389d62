"""Loads, ranges and a rebuild at once, while readers look: every snapshot makes sense.

And in the end the tables are what one load after the other would have made.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from ecommerce_tests.torture.consistency import contradictions
from ecommerce_tests.torture.dying import LoadProcess, environment_of
from ecommerce_tests.torture.kills import completed, digests
from ecommerce_tests.torture.model import ModelSettings
from ecommerce_tests.torture.torture_shop import TortureShop


@dataclass
class Seen:
    """How many snapshots readers took, and what made no sense in any of them."""

    snapshots: int = 0
    contradictions: list[dict[str, int]] = field(default_factory=list)


@contextmanager
def readers(url: str, count: int = 1) -> Iterator[Seen]:
    """Look again and again, and hold one snapshot all the while, which must not change."""
    seen = Seen()
    stop = threading.Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.is_set():
                found = contradictions(connection)
                seen.snapshots += 1
                if found:
                    seen.contradictions.append(found)
                stop.wait(0.05)

    threads = [threading.Thread(target=look) for _ in range(count)]
    with psycopg.connect(url) as lasting:
        lasting.execute("set transaction isolation level repeatable read read only")
        held = "select count(*), sum(hashtext(o::text)) from analytics.fct_orders o"
        before = lasting.execute(held).fetchall()
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert lasting.execute(held).fetchall() == before, "a snapshot changed while it was held"


def play(folder: Path, url: str, empty_url: str, seed: int, rounds: int = 2) -> int:
    """Edit files and load them by several at once, a few times over; give the snapshots taken."""
    rng = random.Random(seed)
    shop = TortureShop(folder, url, seed)
    settings = ModelSettings(timezone=shop.settings.timezone)
    shop.use(settings)
    days = [str(day) for day in shop.days]
    environment = environment_of(shop.landing, url, folder / "home", days[0], settings.timezone)
    shop.random.land_all(shop.landing)
    completed(LoadProcess(environment).ended(), "the first load")
    snapshots = 0
    for _ in range(rounds):
        shop.random.land_all(shop.landing, share=0.3)
        middle = rng.randrange(1, len(days) - 1)
        with readers(url) as seen:
            loads = [
                LoadProcess(environment, days=(days[0], days[middle])),
                LoadProcess(environment, days=(days[middle - 1], days[-1])),
                LoadProcess(environment, days=rng.choice(("all", "rebuild"))),
            ]
            for load in loads:
                completed(load.ended(), "a load among others")
        assert seen.contradictions == []
        snapshots += seen.snapshots
        shop.hold(shop.days[0], shop.days[-1])
        shop.assert_like_the_model()
    environment["ECOMMERCE_DATABASE_URL"] = empty_url
    completed(LoadProcess(environment).ended(), "the load of an empty warehouse")
    assert digests(url) == digests(empty_url)
    return snapshots
