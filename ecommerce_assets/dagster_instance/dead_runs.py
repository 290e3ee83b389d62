"""Runs whose process was killed before it could report how they ended."""

import socket
from collections.abc import Mapping

import psutil
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from ecommerce_assets.dagster_instance.private import IN_PROGRESS_RUN_STATUSES

_PROCESS_TAG = "ecommerce/process"


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
