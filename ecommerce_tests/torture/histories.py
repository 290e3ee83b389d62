"""Histories of a shop as a Hypothesis state machine: files come, change and go; days are loaded.

After every load the tables are those of the model, and in the end those of a rebuild, too.
"""

import dataclasses
import datetime as dt
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ecommerce_assets.assets.reports import GROUP as REPORTS_GROUP
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import load, rebuild
from ecommerce_tests import postgres
from ecommerce_tests.chunks import chunks_of
from ecommerce_tests.contents import contents
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.random_files import SEASONS, land_broken
from ecommerce_tests.torture.torture_shop import TortureShop

SEEDS = st.integers(0, 2**32 - 1)
CHUNKS = st.sampled_from((1, 2, 3, 7, 50_000))
DAYS = st.integers(0, 4)
ONE_DAY = dt.timedelta(days=1)


class Histories(RuleBasedStateMachine):
    """A random shop and what may happen to its files and its warehouse."""

    template = ""
    """The database that a warehouse begins as."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = postgres.database(self.template)
        self.url = self.database.__enter__()
        self.contents: list[tuple[Path, bytes]] = []

    def teardown(self) -> None:
        """Load what is left, and compare with a rebuild."""
        try:
            if hasattr(self, "shop"):
                self._mend_and_load_all()
                self._compare_with_a_rebuild()
        finally:
            self.database.__exit__(None, None, None)
            self.folder.cleanup()

    @initialize(seed=SEEDS)
    def open_shop(self, seed: int) -> None:
        """Draw the shop, and let some files land before anything is loaded."""
        self.shop = TortureShop(Path(self.folder.name), self.url, seed)
        self.shop.random.land_all(self.shop.landing, share=0.4)

    @rule(seed=SEEDS, feed=st.sampled_from(sorted(FEEDS)), day=DAYS)
    def land(self, seed: int, feed: str, day: int) -> None:
        """A file comes, or replaces one of that name."""
        self.shop.random.records.rng = random.Random(seed)
        path = self.shop.random.land(self.shop.landing, feed, self.shop.days[day])
        self.contents.append((path, path.read_bytes()))

    @rule(seed=SEEDS, feed=st.sampled_from(sorted(FEEDS)), day=DAYS)
    def land_what_is_refused(self, seed: int, feed: str, day: int) -> None:
        """A file comes that is not its feed."""
        land_broken(random.Random(seed), self.shop.landing, feed, self.shop.days[day])

    @precondition(lambda self: self.contents)
    @rule(data=st.data())
    def land_again(self, data: st.DataObject) -> None:
        """A file of before comes again as it was."""
        path, content = data.draw(st.sampled_from(self.contents))
        path.write_bytes(content)

    @precondition(lambda self: self._files())
    @rule(seed=SEEDS, way=st.sampled_from(("remove", "remove", "shorten", "empty")))
    def take_away(self, seed: int, way: str) -> None:
        """A file goes, or a part of it, or all but its header."""
        path = random.Random(seed).choice(self._files())
        lines = path.read_bytes().splitlines(keepends=True)
        if way == "remove" or path.suffix not in (".csv", ".jsonl"):
            path.unlink()
        else:
            kept = (len(lines) + 1) // 2 if way == "shorten" else path.suffix == ".csv"
            path.write_bytes(b"".join(lines[:kept]))

    @rule(first=DAYS, days=DAYS, chunk=CHUNKS, times=st.sampled_from((1, 1, 2)))
    def load_range(self, first: int, days: int, chunk: int, times: int) -> None:
        """A range of days is loaded in one run, or twice."""
        last = min(first + days, 4)
        with chunks_of(chunk):
            for _ in range(times):
                self.shop.load(self.shop.days[first], self.shop.days[last])
        self.shop.assert_like_the_model()

    @rule(order=st.permutations(range(5)), count=st.integers(1, 3), chunk=CHUNKS)
    def load_days_alone(self, order: Sequence[int], count: int, chunk: int) -> None:
        """Some days are loaded one by one, in any order."""
        with chunks_of(chunk):
            for day in order[:count]:
                self.shop.load(self.shop.days[day], self.shop.days[day])
        self.shop.assert_like_the_model()

    @rule(data=st.data(), day=DAYS, chunk=CHUNKS)
    def materialize_one_asset(self, data: st.DataObject, day: int, chunk: int) -> None:
        """One asset is materialized by itself; others are behind until the next load."""
        defs = build_defs(self.shop.small.shop)
        graph = defs.resolve_asset_graph()
        keys = sorted(
            key for key in graph.get_all_asset_keys() if graph.get(key).group_name != REPORTS_GROUP
        )
        key = data.draw(st.sampled_from(keys))
        date = self.shop.days[day]
        with chunks_of(chunk), in_memory() as instance:
            done = defs.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=instance,
                partition_key=str(date),
                asset_selection=sorted(graph.get(key).execution_set_asset_keys),
                raise_on_error=False,
            )
        assert done.success or key.path[0] in ("staging", "quarantine")
        if key.path[0] in ("staging", "quarantine") and key.path[1] in FEEDS:
            self.shop.hold(date, date, [key.path[1]])

    @rule(
        season=st.sampled_from(SEASONS),
        return_days=st.sampled_from((0, 2, 30)),
        tolerate=st.sampled_from(((), ("order_flow",))),
        hash_key=st.sampled_from((None, "another key")),
    )
    def change_settings(
        self,
        season: tuple[str, str],
        return_days: int,
        tolerate: tuple[str, ...],
        hash_key: str | None,
    ) -> None:
        """Settings change, so the warehouse is rebuilt from what has landed by now."""
        settings = dataclasses.replace(
            self.shop.settings,
            timezone=season[0],
            return_days=return_days,
            tolerate=frozenset(tolerate),
            hash_key=hash_key,
        )
        self._remove_broken()
        if not self._files():
            return
        self.shop.use(settings)
        with in_memory() as instance:
            assert rebuild(self.shop.small.shop, instance).failures == []
        self.shop.held.clear()
        self.shop.hold(self.shop.days[0], self.shop.days[-1])
        self.shop.assert_like_the_model()

    def _files(self) -> list[Path]:
        return sorted(path for path in self.shop.landing.rglob("*") if path.is_file())

    def _remove_broken(self) -> None:
        for path in self._files():
            if "_broken" in path.name:
                path.unlink()

    def _mend_and_load_all(self) -> None:
        self._remove_broken()
        self.shop.load(self.shop.days[0], self.shop.days[-1])
        self.shop.assert_like_the_model()

    def _compare_with_a_rebuild(self) -> None:
        if not self._files():
            return
        with postgres.database(self.template) as url:
            other = TortureShop(Path(self.folder.name), url, 0)
            other.random = self.shop.random
            other.use(self.shop.settings)
            with in_memory() as instance:
                assert load(other.small.shop, instance).failures == []
            assert contents(self.url) == contents(url)
