"""Loads in processes of their own, which die or lose their database at a given step.

A step is what a load does outside its own memory: an exchange with PostgreSQL, of the warehouse's
driver or of Dagster's, or a landing file that is opened. Imported first by the server that forks
these processes, so that each begins with all that a load needs.
"""

import datetime as dt
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import psycopg
import sqlalchemy
import sqlalchemy.event

from ecommerce_assets import loading
from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings, load_settings
from ecommerce_assets.shop import Shop
from ecommerce_tests.torture.model.contract import FEEDS

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "ecommerce_assets.dagster_instance.storage"])
# Otherwise each process would import what this needs. With a first day it asks no warehouse.
build_defs(Shop(Settings(_env_file=None, first_day=dt.date(2024, 1, 1))))

_PROGRAM = str(Path(loading.__file__).parent)

How = Literal["kill", "stop database", "nothing"]


@dataclass(frozen=True)
class Told:
    """What a load said in the end: the place of each step, what failed, an unforeseen traceback."""

    places: list[str]
    failures: list[str]
    traceback: str | None


@dataclass(frozen=True)
class Ended:
    """How a load's process ended, and what it told before, if it came so far."""

    exitcode: int | None
    told: Told | None


class LoadProcess:
    """A load in another process, of a range of days, or of all, or a rebuild; it may die."""

    def __init__(
        self,
        environment: Mapping[str, str],
        at_step: int = 0,
        how: How = "nothing",
        days: tuple[str, str] | Literal["all", "rebuild"] = "all",
    ) -> None:
        self._receiver, sender = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(
            target=_load, args=(dict(environment), at_step, how, days, sender)
        )
        self._process.start()
        sender.close()

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait for the end for so long."""
        self._process.join(seconds)

    def ended(self) -> Ended:
        """Wait for the end."""
        try:
            told = self._receiver.recv()
        except EOFError:
            told = None
        self._process.join()
        return Ended(self._process.exitcode, told)


def _load(
    environment: dict[str, str],
    at_step: int,
    how: How,
    days: tuple[str, str] | Literal["all", "rebuild"],
    sender: Connection,
) -> None:
    os.environ.update(environment)
    places = _note_steps(at_step, lambda: _die(how))
    failures: list[str] = []
    unforeseen = None
    settings = load_settings()
    try:
        with open_instance(settings) as instance:
            shop = Shop(settings)
            if days == "rebuild":
                load = loading.rebuild(shop, instance)
            elif days == "all":
                load = loading.load(shop, instance)
            else:
                load = loading.load(shop, instance, *map(dt.date.fromisoformat, days))
            failures = list(load.failures)
    except Exception as error:
        # The command line tells these in a sentence.
        known = (OperatorError, sqlalchemy.exc.DBAPIError)
        if isinstance(error, known) or isinstance(error.__cause__, sqlalchemy.exc.DBAPIError):
            failures = [str(error)]
        else:
            unforeseen = traceback.format_exc()
    sender.send(Told(places, failures, unforeseen))


def _die(how: How) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "stop database":
        # PostgreSQL's immediate shutdown: no client is asked, nothing is written.
        os.kill(int(os.environ["TORTURE_POSTMASTER"]), signal.SIGQUIT)


def _note_steps(at_step: int, die: Callable[[], None]) -> list[str]:
    """Note the place of each step from now on, and call `die` before that one."""
    places: list[str] = []

    def step(place: str) -> None:
        places.append(place)
        if len(places) == at_step:
            die()

    wait = psycopg.Connection.wait

    def noted(self: psycopg.Connection, *arguments: Any, **options: Any) -> Any:
        step(_line_of_the_program())
        return wait(self, *arguments, **options)

    def of_dagster(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        step(f"{_line_of_the_program()} {' '.join(statement.split())[:80]}")

    psycopg.Connection.wait = noted  # type: ignore[method-assign, assignment]
    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", of_dagster)
    landing = os.environ["ECOMMERCE_LANDING"]

    def opened(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(landing):
            step(f"{_line_of_the_program()} opens a file")

    sys.addaudithook(opened)
    return places


def _line_of_the_program() -> str:
    """Give the innermost line of the program itself that is being executed: its file and number."""
    frame = sys._getframe()
    while frame.f_back and not frame.f_code.co_filename.startswith(_PROGRAM):
        frame = frame.f_back
    return f"{frame.f_code.co_filename.removeprefix(_PROGRAM)}:{frame.f_lineno}"


@dataclass(frozen=True)
class Marks:
    """What Dagster believes: materialized days of each staged feed, and the days it would load."""

    materialized: dict[str, set[str]]
    asked_for: set[str]


def marks_in_a_process(environment: Mapping[str, str]) -> Marks:
    """Read Dagster's marks, and look once through its sensor, in another process."""
    receiver, sender = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_marks, args=(dict(environment), sender))
    process.start()
    sender.close()
    marks: Marks = receiver.recv()
    process.join()
    return marks


def _marks(environment: dict[str, str], sender: Connection) -> None:
    os.environ.update(environment)
    settings = load_settings()
    repository = build_defs(Shop(settings)).get_repository_def()
    with open_instance(settings) as instance:
        materialized = {
            feed: set(instance.get_materialized_partitions(dg.AssetKey(["staging", feed])))
            for feed in FEEDS
        }
        context = dg.build_sensor_context(instance, repository_def=repository)
        asked = repository.get_sensor_def("late_files").evaluate_tick(context)
    days = [_days_of(request.tags) for request in asked.run_requests or []]
    sender.send(Marks(materialized, set().union(*days)))


def _days_of(tags: Mapping[str, str]) -> set[str]:
    first = tags.get("dagster/asset_partition_range_start") or tags["dagster/partition"]
    last = tags.get("dagster/asset_partition_range_end", first)
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return {str(start + dt.timedelta(days=n)) for n in range((end - start).days + 1)}


def environment_of(
    landing: Path, url: str, home: Path, first_day: str, timezone: str
) -> dict[str, str]:
    """Give the settings of a shop as variables."""
    return {
        "ECOMMERCE_LANDING": str(landing),
        "ECOMMERCE_DATABASE_URL": url,
        "ECOMMERCE_HOME": str(home),
        "ECOMMERCE_FIRST_DAY": first_day,
        "ECOMMERCE_CURRENCY": "EUR",
        "ECOMMERCE_TIMEZONE": timezone,
        "DAGSTER_HOME": "",
    }
