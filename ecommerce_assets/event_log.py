"""Dagster's event log in PostgreSQL, made fast for graphs with many checks and partitions.

What is kept is Dagster's own; only how it is written differs. Tests pin what this leans on.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

import psycopg2
import sqlalchemy as db
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._serdes import serialize_value
from dagster_postgres.event_log import PostgresEventLogStorage

JUDGED_DAYS = "judged_days"
FAILED_DAYS = "failed_days"
"""The metadata by which a check's one result of a range run names what it judged."""


class TriedConnections:
    """A storage whose pooled connections are tried before use.

    The UI holds on to its connections; after a restart of the database each would fail once.
    """

    _engine: db.Engine

    def optimize_for_webserver(self, *arguments: Any, **options: Any) -> None:
        """Let the UI hold on to connections."""
        super().optimize_for_webserver(*arguments, **options)  # type: ignore[misc]
        db.event.listen(self._engine, "checkout", _try)


def _try(connection: Any, *_: object) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error as error:
        raise db.exc.DisconnectionError from error  # the pool opens another one


class EventLog(TriedConnections, PostgresEventLogStorage):
    """Keeps a connection open, and writes a range's check results in one statement.

    Dagster opens two connections an event: 60 checks of a day took 2.6 s of a run, and 0.9 s so.
    """

    def __init__(self, postgres_url: str, *arguments: Any, **options: Any) -> None:
        super().__init__(postgres_url, *arguments, **options)
        self._engine = db.create_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            max_overflow=-1,
            pool_pre_ping=True,
        )

    def dispose(self) -> None:
        """Close the connection."""
        super().dispose()
        self._engine.dispose()

    @property
    def supports_asset_checks(self) -> bool:
        """Say so without a look at the tables for every event."""
        return True

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """Plan all partitions of a range in one statement."""
        planned: Any = event.get_dagster_event().event_specific_data
        if planned.partitions_subset is None or len(planned.partitions_subset) == 1:
            super()._store_asset_check_evaluation_planned(event, event_id)
            return
        row = self._row(event, event_id, AssetCheckExecutionRecordStatus.PLANNED)
        partitions = sorted(planned.partitions_subset.get_partition_keys())
        table = AssetCheckExecutionsTable
        columns = ["asset_key", "check_name", "run_id", *row, "partition"]
        values = [
            db.literal(planned.asset_key.to_string()),
            db.literal(planned.check_name),
            db.literal(event.run_id),
            *map(db.literal, row.values()),
            db.func.unnest(db.cast(partitions, db.ARRAY(db.Text))),
        ]
        with self.index_connection() as connection:
            connection.execute(table.insert().from_select(columns, db.select(*values)))

    def _store_runless_asset_check_evaluation(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """Let a day's newer report replace its older one: Dagster's table has room for one."""
        evaluation = cast(AssetCheckEvaluation, event.get_dagster_event().event_specific_data)
        table = AssetCheckExecutionsTable
        older = (
            (table.c.asset_key == evaluation.asset_key.to_string())
            & (table.c.check_name == evaluation.check_name)
            & (table.c.run_id == event.run_id)
            & (table.c.partition == evaluation.partition)
        )
        with self.index_connection() as connection:
            connection.execute(table.delete().where(older))
        super()._store_runless_asset_check_evaluation(event, event_id)

    def _update_asset_check_evaluation(self, event: EventLogEntry, event_id: int | None) -> None:
        """Let a range's one result stand for each of its days that has none of its own."""
        super()._update_asset_check_evaluation(event, event_id)
        evaluation = cast(AssetCheckEvaluation, event.get_dagster_event().event_specific_data)
        if evaluation.partition is not None:
            return
        if JUDGED_DAYS not in evaluation.metadata:
            return
        judged, failed = (
            cast(list[str], evaluation.metadata[name].value) for name in (JUDGED_DAYS, FAILED_DAYS)
        )
        table = AssetCheckExecutionsTable
        planned = (
            (table.c.asset_key == evaluation.asset_key.to_string())
            & (table.c.check_name == evaluation.check_name)
            & (table.c.run_id == event.run_id)
            & (table.c.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value)
            & table.c.partition.is_not(None)
        )
        with self.index_connection() as connection:
            # A day that was not judged keeps the result that it had; one that failed has a report.
            connection.execute(
                table.delete().where(
                    planned & (table.c.partition.not_in(judged) | table.c.partition.in_(failed))
                )
            )
            passed = self._row(event, event_id, AssetCheckExecutionRecordStatus.SUCCEEDED)
            connection.execute(table.update().where(planned).values(passed))

    def _row(
        self,
        event: EventLogEntry,
        event_id: int | None,
        status: AssetCheckExecutionRecordStatus,
    ) -> Mapping[str, Any]:
        return {
            "execution_status": status.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": dt.datetime.fromtimestamp(
                event.timestamp, dt.UTC
            ).replace(tzinfo=None),
            "evaluation_event_storage_id": event_id,
        }
