"""Backfills by the cluster, each with a fault in its midst, and what must be so in the end.

Each trial lands further days, backfills them in two halves by the UI's API, and compares the
digest of every table with that of a warehouse that one process has loaded.
"""

import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from ecommerce_tests.cluster.machines import Cluster
from ecommerce_tests.cluster.network import Machine
from ecommerce_tests.operator import TABLES, Operator
from ecommerce_tests.waiting import until

TRIAL_SECONDS = 480
UNFINISHED = "('QUEUED', 'NOT_STARTED', 'STARTING', 'STARTED', 'CANCELING')"
ONE_PROCESS = "one_process"
"""The database that one process loads."""

Fault = Callable[[Cluster, Machine], None]
"""Breaks something in the cluster; the machine is the one whose run is writing."""


@dataclass(frozen=True)
class Trial:
    """What came of a backfill; `seconds` are from the request to the end of its last run."""

    name: str
    days: int
    seconds: float
    writers: Sequence[str]
    """The machines whose runs were seen writing, in the order of their first."""
    retries: int
    asked: int
    answered: int
    """How often the API was asked for figures meanwhile, and gave them."""


class Trials:
    """Plays one trial after the other on the days of a landing zone that was written before."""

    def __init__(self, cluster: Cluster, written: Path, landing: Path) -> None:
        self._cluster = cluster
        self._written = written
        self._landing = landing
        self._days = sorted({path.name[:10] for path in written.glob("*/*")})
        self._control = cluster.machines["control"]
        self._key = cluster.ecommerce("ecommerce", "api-key", "create", "cluster-test").strip()
        self._operator = Operator(f"http://{self._control.address}:3000")

    def await_ui(self) -> None:
        """Wait until the UI answers, and switch off what would load days by itself."""

        def answers() -> bool:
            try:
                return bool(self._control.inside(lambda: self._operator.ask("{ __typename }")))
            except OSError:
                return False

        until(answers, pause=0.5)
        self._control.inside(self._operator.switch_off_automation)

    def load_a_day(self) -> None:
        """Load a first day without the cluster, so that the API has figures to give."""
        self._land(1)
        for database in ("ecommerce", ONE_PROCESS):
            self._cluster.ecommerce(database, "load")

    def play(self, name: str, count: int, fault: Fault | None = None) -> Trial:
        """Backfill the next days with a fault as soon as the first of the two runs has written."""
        days = self._land(count)
        known = self._runs()
        began = time.monotonic()
        backfills = [
            self._control.inside(lambda half=half: self._operator.launch_backfill(TABLES, half))
            for half in (days[: count // 2], days[count // 2 :])
        ]
        writers: list[str] = []
        answers: list[bool] = []
        if fault is not None:
            machine = until(self._writer, TRIAL_SECONDS, pause=0.5)
            writers.append(machine.name)
            fault(self._cluster, machine)

        def ended() -> bool:
            answers.append(self._api_answers())
            machine = self._writer()
            if machine is not None and machine.name not in writers:
                writers.append(machine.name)
            return self._unfinished() == 0

        until(ended, TRIAL_SECONDS, pause=0.5)
        seconds = time.monotonic() - began
        statuses = [
            self._control.inside(lambda one=one: self._operator.backfill_ended(one))
            for one in backfills
        ]
        assert statuses == ["COMPLETED_SUCCESS"] * 2, f"{name}: {statuses}"
        self._cluster.ecommerce(ONE_PROCESS, "load")
        assert self._digest("ecommerce") == self._digest(ONE_PROCESS), f"{name}: other digests"
        retries = len(self._runs() - known) - len(backfills)
        return Trial(name, count, seconds, writers, retries, len(answers), sum(answers))

    def _land(self, count: int) -> list[str]:
        days, self._days = self._days[:count], self._days[count:]
        assert len(days) == count, "the landing zone has no further days"
        for file in (file for day in days for file in sorted(self._written.glob(f"*/{day}*"))):
            place = self._landing / file.parent.name
            place.mkdir(parents=True, exist_ok=True)
            file.rename(place / file.name)
        return days

    def _api_answers(self) -> bool:
        url = f"http://{self._cluster.machines['api'].address}:8000/metrics/daily"
        request = urllib.request.Request(url, headers={"X-API-Key": self._key})

        def ask() -> bool:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(answer.read())

        try:
            return self._control.inside(ask)
        except OSError:
            return False

    def _writer(self) -> Machine | None:
        """Give the machine whose run has written and not yet committed."""
        rows = self._rows(
            """
            select host(client_addr) from pg_stat_activity
            where application_name = 'ecommerce load' and backend_xid is not null
                and datname = 'ecommerce'
            """
        )
        machines = {machine.address: machine for machine in self._cluster.machines.values()}
        return machines[rows[0][0]] if rows else None

    def _unfinished(self) -> int | None:
        """Count backfills and runs that have not ended; None while the database is away."""
        rows = self._rows(
            f"""
            select (select count(*) from dagster.bulk_actions
                    where status in ('REQUESTED', 'CANCELING', 'FAILING'))
                 + (select count(*) from dagster.runs where status in {UNFINISHED})
            """
        )
        return int(rows[0][0]) if rows else None

    def _runs(self) -> set[str]:
        return {row[0] for row in self._cluster.query("select run_id from dagster.runs")}

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            return self._cluster.query(query)
        except psycopg.OperationalError:
            return []

    def _digest(self, database: str) -> str:
        return self._cluster.ecommerce(database, "digest")
