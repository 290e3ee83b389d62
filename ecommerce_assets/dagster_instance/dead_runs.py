"""Runs whose process was killed before it could report how they ended.

The process that executes a run holds a lock in the database until it ends (`event_log`). PostgreSQL
frees the lock when the connection breaks: at once when the process is killed, within a minute when
its machine is gone. A run that counts as started and whose lock is free is dead, wherever it ran.
So is a run of the command line that has not started: its process takes the lock before it creates
the run.
"""

from collections.abc import Sequence

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from ecommerce_assets.dagster_instance.private import IN_PROGRESS_RUN_STATUSES

STORE_TAG = "ecommerce/store"
"""On the runs of the command line: for which of several stores they are."""


def is_of_store(run: DagsterRun, store_id: str) -> bool:
    """Whether a run is a store's own; without an id the store is the only one."""
    if not store_id:
        return True
    origin = run.remote_job_origin
    return (origin.location_name if origin else run.tags.get(STORE_TAG)) == store_id


def unfinished_runs(instance: DagsterInstance) -> Sequence[DagsterRun]:
    """The runs that are queued or running."""
    waiting = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED]
    return instance.get_runs(RunsFilter(statuses=[*waiting, *IN_PROGRESS_RUN_STATUSES]))


def hold_run(instance: DagsterInstance, run_id: str) -> None:
    """Show until this process ends that it executes a run, which it is about to create."""
    from ecommerce_assets.dagster_instance.event_log import EventLog

    if isinstance(instance.event_log_storage, EventLog):
        instance.event_log_storage.lock_run(run_id)


def fail_dead_runs(instance: DagsterInstance) -> int:
    """Mark as failed the runs that no process executes any more; gives how many.

    Otherwise they count as running for a day, and what waits for them waits too. A run of the UI,
    a schedule or a sensor that has not started has no process yet; Dagster's own monitoring gives
    those up.
    """
    from ecommerce_assets.dagster_instance.event_log import EventLog  # and with it SQLAlchemy

    event_log = instance.event_log_storage
    if not isinstance(event_log, EventLog):
        return 0  # Dagster's state in memory ends with its process
    statuses = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    dead = 0
    for run in instance.get_runs(RunsFilter(statuses=statuses)):
        if run.status is DagsterRunStatus.NOT_STARTED and run.remote_job_origin:
            continue
        with event_log.if_dead(run.run_id) as is_dead:
            # It may have ended since the list was read.
            current = instance.get_run_by_id(run.run_id) if is_dead else None
            if current is not None and not current.is_finished:
                instance.report_run_failed(run, "The process that executed this run was killed.")
                dead += 1
    return dead
