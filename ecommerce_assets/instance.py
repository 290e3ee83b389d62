"""Dagster's own state: the database it lives in, the folder it calls home. No asset belongs here.

`dagster.yaml` names these classes, so Dagster makes them from the settings of its environment
before any other code of this project runs.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from psycopg import errors, sql
from sqlalchemy.engine import make_url

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.event_log import EventLog, TriedConnections
from ecommerce_assets.settings import PROJECT_ROOT, Settings, load_settings
from ecommerce_assets.warehouse.server import database_url

SCHEMA = "dagster"

_PROCESS_TAG = "ecommerce/process"

_BOOKKEEPING = {
    # Each event on its own took 44 ms per asset and partition, in batches about 1 ms.
    "DAGSTER_EVENT_BATCH_SIZE": "500",
    # One event for the planned range of an asset, and not one for each of its partitions.
    "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "true",
}
"""What Dagster reads from the environment of every process that writes events."""


class RunStorage(TriedConnections, PostgresRunStorage):
    """Dagster's runs."""


class ScheduleStorage(TriedConnections, PostgresScheduleStorage):
    """Dagster's schedules, sensors and their ticks."""


class InstanceStorage(DagsterPostgresStorage):
    """Runs, events and schedules, in a schema of the warehouse's database."""

    def __init__(self, postgres_url: str, **options: Any) -> None:
        super().__init__(postgres_url, **options)
        self._run_storage = RunStorage(postgres_url)
        self._event_log_storage = EventLog(postgres_url)
        self._schedule_storage = ScheduleStorage(postgres_url)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Take no configuration: all of it is in the settings."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make the storage of this process.

        Raises:
            OperatorError: the settings are wrong, or the database cannot be reached.
        """
        for name, value in _BOOKKEEPING.items():
            os.environ.setdefault(name, value)
        url = database_url(load_settings())
        _make_schema(url)
        return cls(_storage_url(url), inst_data=inst_data)


class ComputeLogs(LocalComputeLogManager):
    """What the steps of a run printed, in Dagster's home even where `DAGSTER_HOME` is not set."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Take no configuration: all of it is in the settings."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make the log store of this process."""
        return cls(str(dagster_home(load_settings()) / "storage"), inst_data=inst_data)


def dagster_home(settings: Settings) -> Path:
    """Return Dagster's home, made ready: `DAGSTER_HOME`, or else the folder `dagster` of our home.

    A `dagster.yaml` of one's own in it stays; otherwise it is a link to that of the checkout.

    Raises:
        OperatorError: the folder cannot be written, or there is no `dagster.yaml` to link to.
    """
    home = (
        PROJECT_ROOT
        / Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster").expanduser()
    )
    link, target = home / "dagster.yaml", PROJECT_ROOT / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not link.exists() and not target.exists():
            raise OperatorError(f"{target} is missing, which says where Dagster keeps its state.")
        if not link.exists() or (link.is_symlink() and not link.samefile(target)):
            fresh = home / f"dagster.yaml.{os.getpid()}"
            fresh.symlink_to(target)
            fresh.replace(link)
    except OSError as error:
        raise OperatorError(
            f"Dagster's home {home} cannot be written ({error.strerror}); "
            "set ECOMMERCE_HOME, or DAGSTER_HOME, to a folder that can."
        ) from None
    return home


def open_instance(settings: Settings) -> DagsterInstance:
    """Open Dagster's instance, and name its home to the processes that this one starts.

    Raises:
        ValueError: the settings are not those of the environment, which Dagster reads.
        OperatorError: the home cannot be written, or the database cannot be reached.
    """
    if settings != load_settings():
        raise ValueError("Dagster reads its settings from the environment; these are others.")
    home = str(dagster_home(settings))
    os.environ["DAGSTER_HOME"] = home
    return DagsterInstance.from_config(home)


def process_tags() -> dict[str, str]:
    """Return the tags by which `fail_dead_runs` knows a run that this process executes itself."""
    process = psutil.Process()
    return {_PROCESS_TAG: f"{socket.gethostname()} {process.pid} {process.create_time():.0f}"}


def fail_dead_runs(instance: DagsterInstance) -> int:
    """Mark as failed the runs that killed processes of this machine left as running.

    Otherwise they count as running for a day, and Dagster's queue waits for them. Returns how many.
    """
    unfinished = RunsFilter(statuses=[*IN_PROGRESS_RUN_STATUSES, DagsterRunStatus.NOT_STARTED])
    dead = [run for run in instance.get_runs(unfinished) if _process_is_gone(run.tags)]
    for run in dead:
        instance.report_run_failed(run, "The process that executed this run was killed.")
    return len(dead)


def _process_is_gone(tags: Mapping[str, str]) -> bool:
    host, pid, created = tags.get(_PROCESS_TAG, "elsewhere 0 0").split()
    if host != socket.gethostname():
        return False
    try:
        # The clock may have been set since; ids are not used again within seconds.
        return abs(psutil.Process(int(pid)).create_time() - float(created)) > 5
    except psutil.NoSuchProcess:
        return True


def _make_schema(url: str) -> None:
    create = sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA))
    try:
        with psycopg.connect(url) as connection:
            # Whoever may not make schemas has been given this one.
            known = connection.execute("select from pg_namespace where nspname = %s", [SCHEMA])
            if known.fetchone() is None:
                connection.execute(create)
    except errors.UniqueViolation:  # another process made it at the same moment
        pass
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise OperatorError(f"The database cannot hold Dagster's state: {reason}.") from None


def _storage_url(url: str) -> str:
    storage_url = make_url(url).set(drivername="postgresql+psycopg2")
    options = f"{storage_url.query.get('options', '')} -csearch_path={SCHEMA}".strip()
    return storage_url.update_query_dict({"options": options}).render_as_string(hide_password=False)
