"""The rows of checks in Dagster's table of check executions, written many at once.

A check has a row that is planned when the run begins. Its result replaces it, and of a range gives
each day a row: a plan for each day, too, would take as much of the disk as the results.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as db
from dagster import AssetCheckEvaluation, DagsterEventType, EventLogEntry, serialize_value

from ecommerce_assets.checks.range_metadata import FAILED_DAYS, JUDGED_DAYS
from ecommerce_assets.dagster_instance.private import AssetCheckExecutionRecordStatus
from ecommerce_assets.dagster_instance.private_storage import AssetCheckExecutionsTable

_TABLE = AssetCheckExecutionsTable.c
_COLUMNS = (
    "asset_key",
    "check_name",
    "run_id",
    "execution_status",
    "evaluation_event",
    "evaluation_event_timestamp",
    "evaluation_event_storage_id",
    "materialization_event_storage_id",
)
_PLANNED = AssetCheckExecutionRecordStatus.PLANNED.value
_SUCCEEDED = AssetCheckExecutionRecordStatus.SUCCEEDED.value
_FAILED = AssetCheckExecutionRecordStatus.FAILED.value


_INSERT = AssetCheckExecutionsTable.insert().from_select(
    [*_COLUMNS, "partition"],
    db.select(
        *(db.bindparam(name, type_=_TABLE[name].type) for name in _COLUMNS),
        db.func.unnest(db.bindparam("partitions", type_=db.ARRAY(db.Text))),
    ),
)
_DELETE = AssetCheckExecutionsTable.delete().where(
    _TABLE.asset_key == db.bindparam("of_asset"),
    _TABLE.check_name == db.bindparam("of_check"),
    _TABLE.run_id == db.bindparam("of_run"),
    _TABLE.partition.is_not_distinct_from(db.bindparam("of_partition"))
    # The plan of a range of one day is of that day.
    | (db.bindparam("is_of_range") & (_TABLE.execution_status == _PLANNED)),
)


def store(connection: db.Connection, events: Sequence[tuple[EventLogEntry, int]]) -> None:
    """Store the plans and results of checks among some events, given with their ids."""
    planned, results = [], []
    for event, event_id in events:
        if event.dagster_event_type is DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            planned.append(_plan(event, event_id))
        elif event.dagster_event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            results.append((event, event_id))
    if planned:
        connection.execute(_INSERT, planned)
    if results:
        connection.execute(_DELETE, [_replaced(event) for event, _ in results])
        connection.execute(_INSERT, [row for result in results for row in _results(*result)])


def _replaced(event: EventLogEntry) -> Mapping[str, Any]:
    """Name the row that a result replaces: its plan, or an earlier report on the same day."""
    evaluation = _evaluation(event)
    return {
        "of_asset": evaluation.asset_key.to_string(),
        "of_check": evaluation.check_name,
        "of_run": event.run_id,
        "of_partition": evaluation.partition,
        "is_of_range": JUDGED_DAYS in evaluation.metadata,
    }


def _plan(event: EventLogEntry, event_id: int) -> Mapping[str, Any]:
    planned: Any = event.get_dagster_event().event_specific_data
    days = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else ()
    return {
        **_row(event, event_id, _PLANNED),
        "partitions": list(days) if len(days) == 1 else [None],
    }


def _results(event: EventLogEntry, event_id: int) -> list[Mapping[str, Any]]:
    """Make the rows of a result; a range's one result gives each passed day its own.

    A day that was not judged keeps its earlier result. A day that failed has its own result: the
    check reported it.
    """
    evaluation = _evaluation(event)
    materialization = evaluation.target_materialization_data
    own = {
        **_row(event, event_id, _SUCCEEDED if evaluation.passed else _FAILED),
        "materialization_event_storage_id": materialization and materialization.storage_id,
        "partitions": [evaluation.partition],
    }
    if JUDGED_DAYS not in evaluation.metadata:
        return [own]
    judged, failed = (
        cast(list[str], evaluation.metadata[name].value) for name in (JUDGED_DAYS, FAILED_DAYS)
    )
    passed = {
        **_row(event, event_id, _SUCCEEDED),
        "evaluation_event": _of_a_passed_day(event),
        "partitions": sorted(set(judged) - set(failed)),
    }
    return [own, passed]


def _of_a_passed_day(event: EventLogEntry) -> str:
    """Shorten the event of a range's one result of a check to what it says of each passed day.

    Whole, it has a list of all days of the range, so that a year's checks took 165 MB.
    """
    reported = event.get_dagster_event()
    evaluation = _evaluation(event)
    short = event._replace(
        user_message="",
        dagster_event=reported._replace(
            event_specific_data=AssetCheckEvaluation(
                asset_key=evaluation.asset_key,
                check_name=evaluation.check_name,
                passed=True,
                severity=evaluation.severity,
                blocking=evaluation.blocking,
                metadata={},
            ),
            logging_tags={},
            message=None,
            node_handle=None,
            step_handle=None,
        ),
    )
    return json.dumps(_without_nulls(json.loads(serialize_value(short))), separators=(",", ":"))


def _without_nulls(value: Any) -> Any:
    """Leave out what Dagster takes as null if it is absent: all but the error of an event."""
    if not isinstance(value, dict):
        return value
    return {
        name: _without_nulls(member)
        for name, member in value.items()
        if member is not None or name == "error_info"
    }


def _evaluation(event: EventLogEntry) -> AssetCheckEvaluation:
    return cast(AssetCheckEvaluation, event.get_dagster_event().event_specific_data)


def _row(event: EventLogEntry, event_id: int, status: str) -> Mapping[str, Any]:
    reported: Any = event.get_dagster_event().event_specific_data
    return {
        "asset_key": reported.asset_key.to_string(),
        "check_name": reported.check_name,
        "run_id": event.run_id,
        "execution_status": status,
        "evaluation_event": serialize_value(event),
        "evaluation_event_timestamp": dt.datetime.fromtimestamp(event.timestamp, dt.UTC).replace(
            tzinfo=None
        ),
        "evaluation_event_storage_id": event_id,
        "materialization_event_storage_id": None,
    }
