"""The long run: random shops, histories, crowds, kills and stops, for so many minutes.

`TORTURE_MINUTES` (60 unless set) says how long, `TORTURE_SEED` which random numbers to begin with,
`TORTURE_PART` which part to play alone. A failure names its part and seed:
`make torture TORTURE_PART=<part> TORTURE_SEED=<seed> TORTURE_MINUTES=0` plays it again.

The parts kills and stops end when they have been at every step of their load. With
`TORTURE_SHARD=2/3` a process takes every third seed, from the second on, beside two others.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from ecommerce_assets.warehouse.schema import migrate
from ecommerce_tests import postgres
from ecommerce_tests.conftest import template
from ecommerce_tests.torture import crowd, histories
from ecommerce_tests.torture.kills import Edited, edited_shop
from ecommerce_tests.torture.torture_shop import TortureShop

SEEDS_A_PART = 5
"""How many seeds a part plays before the next has its turn."""


class PlayedOutError(Exception):
    """A part has been played with all its seeds."""


class LongRun:
    """The parts of the run, each playable by a seed, and how often each was played."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = template("migrated", migrate)
        self._edited: Edited | None = None
        self.played: Counter[str] = Counter()

    def parts(self) -> dict[str, Callable[[int], None]]:
        """Give the parts by name."""
        return {
            "shops": self.shop,
            "histories": self.history,
            "crowds": self.crowd,
            "kills": self.kill,
            "stops": self.stop,
        }

    def shop(self, seed: int) -> None:
        """Load a random shop at once."""
        with self._place() as (folder, url):
            shop = TortureShop(folder, url, seed)
            shop.random.land_all(shop.landing)
            shop.load(shop.days[0], shop.days[-1])
            shop.assert_like_the_model()

    def history(self, seed: int) -> None:
        """Play a history."""
        machine = type("History", (histories.Histories,), {"template": self._template})
        run_state_machine_as_test(
            hypothesis.seed(seed)(machine),
            settings=hypothesis.settings(
                max_examples=1,
                stateful_step_count=30,
                deadline=None,
                derandomize=False,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )

    def crowd(self, seed: int) -> None:
        """Load by several at once."""
        with self._place() as (folder, url), postgres.database(self._template) as empty_url:
            self.played["snapshots"] += crowd.play(folder, url, empty_url, seed)

    def kill(self, seed: int) -> None:
        """Kill a load at a step: seeds from 0 on go through all, in the order of `Edited.steps`."""
        self._shop_behind().load_dies_at(self._step(seed))

    def stop(self, seed: int) -> None:
        """Stop the database at a step of a load, in the same order."""
        self._shop_behind().database_stops_at(self._step(seed))

    def _shop_behind(self) -> Edited:
        if self._edited is None:
            self._edited = edited_shop(self._folder / "kills", seed=3)
        return self._edited

    def _step(self, seed: int) -> int:
        edited = self._shop_behind()
        self.played["steps of a load"] = len(edited.places)
        self.played["places in its code"] = len(set(edited.places))
        self.played["states left by deaths"] = len(edited.completed)
        if seed >= len(edited.places):
            raise PlayedOutError
        return edited.steps()[seed]

    @contextmanager
    def _place(self) -> Iterator[tuple[Path, str]]:
        with (
            tempfile.TemporaryDirectory(dir=self._folder) as folder,
            postgres.database(self._template) as url,
        ):
            yield Path(folder), url


def main() -> int:
    """Play until the time is up or something fails; 1 if it did. Something is always played."""
    minutes = float(os.environ.get("TORTURE_MINUTES", "60"))
    first = int(os.environ.get("TORTURE_SEED", "0"))
    alone = os.environ.get("TORTURE_PART")
    shard, shards = map(int, os.environ.get("TORTURE_SHARD", "1/1").split("/"))
    until = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        run = LongRun(Path(folder))
        parts = {alone: run.parts()[alone]} if alone else run.parts()
        for start in count(first, SEEDS_A_PART):
            for part, play in list(parts.items()):
                for seed in range(start, start + SEEDS_A_PART):
                    if seed % shards != shard - 1:
                        continue
                    if run.played and time.monotonic() > until:
                        print(_figures(run.played))
                        return 0
                    try:
                        play(seed)
                    except PlayedOutError:
                        del parts[part]
                        break
                    except Exception as failure:
                        print(_figures(run.played), flush=True)
                        again = f"TORTURE_PART={part} TORTURE_SEED={seed} TORTURE_MINUTES=0"
                        failure.add_note(f"Play it again: make torture {again}")
                        raise
                    run.played[part] += 1
            print(_figures(run.played), flush=True)
            if not parts:
                return 0
    return 0


def _figures(played: Counter[str]) -> str:
    return " · ".join(f"{number:,} {part}" for part, number in played.items())


if __name__ == "__main__":
    sys.exit(main())
