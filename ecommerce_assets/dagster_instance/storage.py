"""The classes that `dagster.yaml` names: where Dagster stores runs, events, schedules and logs.

Dagster makes them from the settings of its environment before any other code of this project runs.
"""

import os
from collections.abc import Mapping
from typing import Any, Self

import psycopg
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from psycopg import errors, sql
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext, make_url

from ecommerce_assets.dagster_instance.event_log import EventLog, PrePingedConnections
from ecommerce_assets.dagster_instance.home import dagster_home
from ecommerce_assets.dagster_instance.private_storage import (
    ConfigurableClassData,
    LocalComputeLogManager,
)
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.database_url import dagster_database_url
from ecommerce_assets.warehouse.session import NOTICE_A_LOST_SERVER

SCHEMA = "dagster"
_TABLES = ("runs", "event_logs", "jobs")
"""The table by which each of the three storages knows that it need not make its tables."""

_EVENT_SETTINGS = {
    # Events written one by one took 44 ms per asset and partition, in batches about 1 ms.
    "DAGSTER_EVENT_BATCH_SIZE": "500",
    # One event for the planned range of an asset, and not one for each of its partitions.
    "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "true",
}
"""What Dagster reads from the environment of every process that writes events."""


class RunStorage(PrePingedConnections, PostgresRunStorage):
    """Dagster's runs."""


class ScheduleStorage(PrePingedConnections, PostgresScheduleStorage):
    """Dagster's schedules, sensors and their ticks."""


class InstanceStorage(DagsterPostgresStorage):
    """Runs, events and schedules, in a schema of the warehouse's database or of another one."""

    def __init__(
        self, postgres_url: str, inst_data: ConfigurableClassData | None, *, has_tables: bool
    ) -> None:
        # Dagster's own constructor would make its three storages first, each with a connection.
        super(DagsterPostgresStorage, self).__init__()  # type: ignore[no-untyped-call]
        self.postgres_url = postgres_url
        self.should_autocreate_tables = not has_tables
        self._inst_data = inst_data
        self._run_storage = RunStorage(postgres_url, not has_tables)
        self._event_log_storage = EventLog(postgres_url, not has_tables)
        self._schedule_storage = ScheduleStorage(postgres_url, not has_tables)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            event.listen(storage._engine, "handle_error", _without_statement)

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
        for name, value in _EVENT_SETTINGS.items():
            os.environ.setdefault(name, value)
        url = dagster_database_url(load_settings())
        return cls(_storage_url(url), inst_data, has_tables=_make_schema(url))


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


def _without_statement(context: ExceptionContext) -> None:
    """Keep a statement and its values out of its error, which Dagster prints."""
    error = context.sqlalchemy_exception
    if error is not None:
        error.statement = error.params = error.code = None


def _make_schema(url: str) -> bool:
    """Make the schema of Dagster's state; give whether the tables of all storages are in it."""
    create = sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA))
    try:
        with psycopg.connect(url) as connection:
            # A role without the right to create schemas is given this one by its administrator.
            known = connection.execute("select from pg_namespace where nspname = %s", [SCHEMA])
            if known.fetchone() is None:
                connection.execute(create)
                return False
            tables = connection.execute(
                "select count(*) from pg_tables where schemaname = %s and tablename = any(%s)",
                [SCHEMA, list(_TABLES)],
            )
            return tables.fetchone() == (len(_TABLES),)
    except errors.UniqueViolation:  # another process made it at the same moment
        return False
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise OperatorError(f"The database cannot hold Dagster's state: {reason}.") from None


def _storage_url(url: str) -> str:
    storage_url = make_url(url).set(drivername="postgresql+psycopg2")
    options = f"{storage_url.query.get('options', '')} -csearch_path={SCHEMA}".strip()
    query = {"options": options, **NOTICE_A_LOST_SERVER}
    return storage_url.update_query_dict(query).render_as_string(hide_password=False)
