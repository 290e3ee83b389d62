"""A run whose process was killed counts as failed; one that a process executes does not.

PostgreSQL frees the lock of a killed process as soon as its session gets processor time, which on a
busy machine is after the process has ended.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from ecommerce_assets.dagster_instance.dead_runs import fail_dead_runs, hold_run, unfinished_runs
from ecommerce_assets.dagster_instance.home import dagster_home
from ecommerce_assets.settings import Settings
from ecommerce_tests.dagster_private import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from ecommerce_tests.waiting import until

RUN = """
import sys
import dagster as dg

@dg.asset
def waits_for_a_line(context):
    print(context.run.run_id, flush=True)
    sys.stdin.readline()

with dg.DagsterInstance.get() as instance:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    dg.materialize([waits_for_a_line], instance=instance, run_config=quiet)
"""


@contextmanager
def run_in_a_process(settings: Settings) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A run that has started, and the process that executes it until it is given a line."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        env={**os.environ, "DAGSTER_HOME": str(dagster_home(settings))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        process.kill()


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_run_of_a_killed_process_is_failed(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    with run_in_a_process(settings) as (dead, process), run_in_a_process(settings) as (alive, _):
        assert fail_dead_runs(instance) == 0
        process.send_signal(signal.SIGKILL)
        process.wait()

        assert until(lambda: fail_dead_runs(instance)) == 1

        assert status(instance, dead) is dg.DagsterRunStatus.FAILURE
        assert status(instance, alive) is dg.DagsterRunStatus.STARTED
        assert [run.run_id for run in unfinished_runs(instance)] == [alive]
    assert until(lambda: fail_dead_runs(instance)) == 1


def test_a_run_that_ends_by_itself_is_left_alone(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    with run_in_a_process(settings) as (run_id, process):
        process.communicate("\n")

        assert fail_dead_runs(instance) == 0
        assert status(instance, run_id) is dg.DagsterRunStatus.SUCCESS


def created(instance: dg.DagsterInstance, origin: RemoteJobOrigin | None = None) -> str:
    """A run that somebody has created and nobody has started yet."""
    job = dg.GraphDefinition("work").to_job()
    return instance.create_run_for_job(job, remote_job_origin=origin).run_id


def test_a_run_of_the_ui_that_has_not_started_is_not_dead(instance: dg.DagsterInstance) -> None:
    location = RegisteredCodeLocationOrigin("ecommerce_assets")
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), "work")
    run_id = created(instance, origin)

    assert fail_dead_runs(instance) == 0
    assert run_id in {run.run_id for run in unfinished_runs(instance)}
    instance.delete_run(run_id)


def test_a_run_whose_process_was_killed_before_it_started_it_is_failed(
    instance: dg.DagsterInstance,
) -> None:
    run_id = created(instance)
    hold_run(instance, run_id)
    assert fail_dead_runs(instance) == 0

    hold_run(instance, "another run, so that nobody executes the first")

    assert until(lambda: fail_dead_runs(instance)) == 1
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
