"""A shop whose warehouse is behind its files, and loads of it that die at a step.

After the death the warehouse is as before the load or as after it; the next load completes it.
"""

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.digest import TableDigest, table_digests
from ecommerce_assets.warehouse.schema import migrate
from ecommerce_assets.warehouse.server import EmbeddedServer
from ecommerce_tests.postgres import FAST
from ecommerce_tests.torture.dying import (
    Ended,
    LoadProcess,
    Marks,
    environment_of,
    marks_in_a_process,
)
from ecommerce_tests.torture.lasting import what_lasts
from ecommerce_tests.torture.model import ModelSettings
from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.random_files import RandomShop
from ecommerce_tests.torture.random_records import RandomRecords

TIMEZONE = "America/Havana"
_MAY_LAST = re.compile(r" (INSERT|UPDATE|DELETE) |^/warehouse/transaction\.py")
"""The places of Dagster's writes, and of the run's commit."""


class Server:
    """A PostgreSQL of the test's own, which it may stop."""

    def __init__(self, folder: Path) -> None:
        # What was committed is to be there after a stop.
        self._embedded = EmbeddedServer(folder, {**FAST, "synchronous_commit": "on"})
        self.url = self._embedded.hold()

    def start_when_stopped(self, load: LoadProcess) -> None:
        """Start it again as soon as a load has stopped it."""
        postmaster = psutil.Process(int(self.postmaster()))
        # Started by this process, it stays a zombie once it has ended.
        while load.is_alive() and postmaster.status() != psutil.STATUS_ZOMBIE:
            load.wait(0.05)
        self._embedded.start()

    def postmaster(self) -> str:
        """Give the process id of the server, as text."""
        return (self._embedded.data / "postmaster.pid").read_text().splitlines()[0]

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database and give its URL."""
        statement = sql.SQL("create database {} template {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)
            # Otherwise a copied sequence gives its numbers again after a stop.
            connection.execute("checkpoint")
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    @contextmanager
    def copy_of(self, template: str) -> Iterator[str]:
        """Give the URL of a database that is a copy of another, dropped in the end."""
        name = f"copy_{uuid4().hex[:12]}"
        yield self.create(name, template)
        drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(drop)


@dataclass(frozen=True)
class Edited:
    """Two loaded days, then edited, and a new one that has not been loaded."""

    server: Server
    landing: Path
    home: Path
    days: tuple[str, ...]
    before: list[TableDigest]
    after: list[TableDigest]
    marks: Marks
    places: list[str]
    """Where the load is at each of its steps: a line of the program, and for Dagster its SQL."""
    completed: set[str] = field(default_factory=set)
    """The states that deaths left, and that another load completed."""

    def steps(self) -> list[int]:
        """Give all steps of the load: the first one at each place, then one for each lasting state.

        Only Dagster writes outside of the run's one transaction. So a load that is killed at a step
        after neither a write of Dagster nor the commit leaves the state of the step before it.
        """
        first = dict(zip(reversed(self.places), range(len(self.places), 0, -1), strict=True))
        after_a_change = [
            number + 1
            for number, place in enumerate(self.places[:-1], start=1)
            if _MAY_LAST.search(place)
        ]
        every = range(1, len(self.places) + 1)
        return list(dict.fromkeys([*sorted(first.values()), *after_a_change, *every]))

    def environment(self, url: str) -> dict[str, str]:
        """Give the settings under which the shop is loaded."""
        environment = environment_of(self.landing, url, self.home, self.days[0], TIMEZONE)
        return environment | {"TORTURE_POSTMASTER": self.server.postmaster()}

    def load_dies_at(self, step: int) -> None:
        """Kill a load at a step, and load again."""
        with self.server.copy_of("before") as url:
            environment = self.environment(url)
            LoadProcess(environment, step, "kill").ended()
            found = digests(url)
            assert found in (self.before, self.after), f"killed at step {step}: half a load is left"
            self._load_again(environment, found, f"killed at step {step}")

    def database_stops_at(self, step: int) -> None:
        """Stop PostgreSQL at a step of a load, start it again, and load again."""
        with self.server.copy_of("before") as url:
            environment = self.environment(url)
            load = LoadProcess(environment, step, "stop database")
            self.server.start_when_stopped(load)
            ended = load.ended()
            assert ended.told, f"database stopped at step {step}: the load ended without a word"
            assert ended.told.traceback is None, ended.told.traceback
            self._load_again(environment, digests(url), f"database stopped at step {step}")

    def _load_again(self, environment: dict[str, str], found: list[TableDigest], what: str) -> None:
        """Load again, unless nothing is missing, or a death left the very same database before."""
        url = environment["ECOMMERCE_DATABASE_URL"]
        left = f"{found} {what_lasts(url)}"
        if left in self.completed:
            return
        marks = marks_in_a_process(environment)
        if found == self.before:
            assert marks.asked_for == set(self.days), f"{what}: not asked for again"
        if found != self.after or marks != self.marks:
            completed(LoadProcess(environment).ended(), what)
            assert digests(url) == self.after, what
            assert marks_in_a_process(environment) == self.marks, what
        self.completed.add(left)


def edited_shop(folder: Path, seed: int) -> Edited:
    """Make the shop, load its first days, and change their files."""
    server = Server(folder / "postgres")
    migrate(server.create("migrated"))
    landing, home = folder / "landing", folder / "home"
    rng = random.Random(seed)
    days = RandomShop.draw(rng, 3).days
    shop = RandomShop(ModelSettings(timezone=TIMEZONE), days, RandomRecords(rng, "UTC"))
    for day in days[:-1]:
        for feed in FEEDS:
            shop.land(landing, feed, day)
    before = server.create("before", "migrated")
    environment = environment_of(landing, before, home, str(days[0]), TIMEZONE)
    completed(LoadProcess(environment).ended(), "the first load")
    before_digests = digests(before)
    for feed in FEEDS:
        shutil.rmtree(landing / feed)
        for day in days[1:]:
            shop.land(landing, feed, day)
    with server.copy_of("before") as url:
        environment["ECOMMERCE_DATABASE_URL"] = url
        places = completed(LoadProcess(environment).ended(), "the second load")
        edited = Edited(
            server,
            landing,
            home,
            tuple(map(str, days)),
            before_digests,
            digests(url),
            marks_in_a_process(environment),
            places,
        )
    with server.copy_of("migrated") as url:
        environment["ECOMMERCE_DATABASE_URL"] = url
        completed(LoadProcess(environment).ended(), "the load of an empty warehouse")
        assert digests(url) == edited.after
    return edited


def completed(ended: Ended, what: str) -> list[str]:
    """Give the places of the steps of a load that failed in nothing."""
    assert ended.told, f"{what} ended with {ended.exitcode}"
    assert ended.told.traceback is None, f"{what}: {ended.told.traceback}"
    assert ended.told.failures == [], (what, ended.told.failures)
    return ended.told.places


def digests(url: str) -> list[TableDigest]:
    """Give the digests of a warehouse."""
    with psycopg.connect(url) as connection:
        return table_digests(connection)


def spread(count: int, wanted: int) -> list[int]:
    """Give some of the steps 1 to `count`, evenly spread."""
    return [count * (2 * n + 1) // (2 * wanted) for n in range(wanted)]
