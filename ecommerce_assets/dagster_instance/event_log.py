"""Dagster's event log in PostgreSQL, made fast for graphs with many checks and partitions.

It writes the same rows as Dagster's own event log, in fewer statements. Tests pin the methods of
Dagster that it overrides.
"""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg2
import sqlalchemy as db
from dagster import AssetKey, DagsterEventType, EventLogEntry
from dagster_postgres import PostgresEventLogStorage

from ecommerce_assets.dagster_instance import check_executions
from ecommerce_assets.dagster_instance.private_storage import (
    ASSET_EVENTS,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from ecommerce_assets.warehouse.session import NOTICE_A_LOST_CLIENT


class PrePingedConnections:
    """A storage that tests a pooled connection before it uses it.

    The UI keeps its connections open; after a restart of the database each would fail once.
    """

    _engine: db.Engine

    def optimize_for_webserver(self, *arguments: Any, **options: Any) -> None:
        """Keep connections open, as the UI asks, and test each before use."""
        super().optimize_for_webserver(*arguments, **options)  # type: ignore[misc]
        db.event.listen(self._engine, "checkout", _ping)


def _ping(connection: Any, *_: object) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error as error:
        raise db.exc.DisconnectionError from error  # the pool opens another one


def _lock_key(run_id: str) -> Any:
    return db.func.hashtextextended(f"dagster run {run_id}", 0)


_MAY_WAIT = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.STEP_OUTPUT,
}


_INSERT = SqlEventLogStorageTable.insert().returning(
    SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
)


class EventLog(PrePingedConnections, PostgresEventLogStorage):
    """Keeps a connection open, and stores the events of a run's plan and checks together.

    Dagster opens two connections an event, and commits each of its up to four statements.
    """

    def __init__(self, postgres_url: str, *arguments: Any, **options: Any) -> None:
        super().__init__(postgres_url, *arguments, **options)
        self._engine = db.create_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            max_overflow=-1,
            pool_pre_ping=True,
            executemany_mode="values_plus_batch",
        )
        self._waiting: list[EventLogEntry] = []
        self._found_tables: set[str] = set()
        self._lock_connection: db.Connection | None = None
        self._locked_run_id: str | None = None

    def dispose(self) -> None:
        """Close the connections; a run that this process executes counts as ended."""
        self._release_lock()
        super().dispose()
        self._engine.dispose()

    @property
    def supports_asset_checks(self) -> bool:
        """Answer without a query; Dagster asks for every event."""
        return True

    def has_table(self, table_name: str) -> bool:
        """Look for a table until it is found; Dagster asks for every event with tags."""
        if table_name not in self._found_tables and super().has_table(table_name):
            self._found_tables.add(table_name)
        return table_name in self._found_tables

    @cached_property
    def _asset_key_columns(self) -> Set[str]:
        with self.index_connection() as connection:
            columns = db.inspect(connection).get_columns(AssetKeyTable.name)
        return {column["name"] for column in columns}

    def has_asset_key_col(self, column_name: str) -> bool:
        """Read the columns of `asset_keys` once; Dagster asks for every event of an asset."""
        return column_name in self._asset_key_columns

    def _has_asset_key_col_on_connection(self, conn: db.Connection, column_name: str) -> bool:
        return self.has_asset_key_col(column_name)

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event; with a run's first, lock the run for as long as this process lives.

        While this process executes the run, the plans and results of its checks wait for the next
        event of another kind, and are stored with it.
        """
        if event.is_dagster_event and event.dagster_event_type is DagsterEventType.RUN_START:
            self.lock_run(event.run_id)
        if event.run_id == self._locked_run_id and event.dagster_event_type in _MAY_WAIT:
            self._waiting.append(event)
        else:
            self._store_with_waiting([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events together, as Dagster without those of assets that failed."""
        self._store_with_waiting(
            [
                event
                for event in events
                if not event.get_dagster_event().is_asset_failed_to_materialize
            ]
        )

    def _store_with_waiting(self, events: Sequence[EventLogEntry]) -> None:
        events, self._waiting = [*self._waiting, *events], []
        if not events:
            return
        with self.index_transaction() as connection:
            # Dagster's own statement for many events is compiled anew for each batch.
            ids = connection.execute(_INSERT, [self._event_to_row(event) for event in events])
            stored = list(zip(events, ids.scalars(), strict=True))
            self._store_events_of_assets(connection, stored)
            check_executions.store(connection, stored)

    def _store_events_of_assets(
        self, connection: db.Connection, stored: Sequence[tuple[EventLogEntry, int]]
    ) -> None:
        """Store tags of events, and of each kind the latest in its asset's row."""
        of_assets = [pair for pair in stored if pair[0].dagster_event_type in ASSET_EVENTS]
        if not of_assets:
            return
        events, ids = zip(*of_assets, strict=True)
        self._store_asset_event_tags(connection, events, ids)
        latest = {
            (event.get_dagster_event().asset_key, event.dagster_event_type): (event, event_id)
            for event, event_id in of_assets
        }
        for event, event_id in latest.values():
            self._store_asset_event(connection, event, event_id)

    def lock_run(self, run_id: str) -> None:
        """Hold the lock of a run until the process ends, or executes another run."""
        if run_id == self._locked_run_id:
            return
        self._release_lock()
        connection = self._engine.connect()
        for name, value in NOTICE_A_LOST_CLIENT.items():
            connection.execute(db.select(db.func.set_config(name, value, False)))
        connection.execute(db.select(db.func.pg_advisory_lock(_lock_key(run_id))))
        self._lock_connection, self._locked_run_id = connection, run_id

    def _release_lock(self) -> None:
        if self._lock_connection is not None:
            self._lock_connection.invalidate()
            self._lock_connection.close()
            self._lock_connection = self._locked_run_id = None

    @contextmanager
    def if_dead(self, run_id: str) -> Iterator[bool]:
        """Give whether no process executes a started run, holding its lock if so."""
        key = _lock_key(run_id)
        with self._engine.connect() as connection:
            is_free = connection.execute(db.select(db.func.pg_try_advisory_lock(key))).scalar_one()
            try:
                yield is_free
            finally:
                if is_free:
                    connection.execute(db.select(db.func.pg_advisory_unlock(key)))

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget that partitions of an asset were materialized; Dagster's own log cannot."""
        table = SqlEventLogStorageTable
        with self.index_connection() as connection:
            connection.execute(
                table.delete().where(
                    table.c.asset_key == asset_key.to_string(),
                    table.c.partition.in_(partition_keys),
                )
            )
        self.wipe_asset_cached_status(asset_key)
