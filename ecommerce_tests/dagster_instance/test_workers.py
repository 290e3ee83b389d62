"""Runs on several machines: how a dead one is noticed, and from which step it is retried."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ecommerce_assets.dagster_instance.private_serving import ReexecutionStrategy, WorkerStatus
from ecommerce_assets.dagster_instance.workers import CeleryLauncher
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import Settings
from ecommerce_tests.dagster_instance.test_dead_runs import run_in_a_process
from ecommerce_tests.dagster_private import get_reexecution_strategy
from ecommerce_tests.waiting import until


@pytest.fixture
def several_machines(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The instance of `docker/dagster.celery.yaml`; its broker is asked for nothing."""
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    (tmp_path / "dagster.yaml").symlink_to(PROJECT_ROOT / "docker" / "dagster.celery.yaml")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def test_a_run_is_lost_when_its_process_is_killed(
    settings: Settings, several_machines: dg.DagsterInstance
) -> None:
    launcher = several_machines.run_launcher
    assert isinstance(launcher, CeleryLauncher)
    with run_in_a_process(settings) as (run_id, process):
        run = several_machines.get_run_by_id(run_id)
        assert run is not None
        assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING

        process.kill()
        process.wait()

        until(lambda: launcher.check_run_worker_health(run).status is WorkerStatus.FAILED)
        assert launcher.get_run_worker_debug_info(run) is None
        several_machines.report_run_failed(run)


def test_a_run_is_retried_from_its_first_step(several_machines: dg.DagsterInstance) -> None:
    job = dg.GraphDefinition("work").to_job()
    # A run without a code location cannot be queued; the tag is set on any.
    run = several_machines.create_run_for_job(job, status=dg.DagsterRunStatus.STARTING)
    context = dg.SubmitRunContext(run, workspace=None)  # type: ignore[arg-type]

    submitted = several_machines.run_coordinator.submit_run(context)

    strategy = get_reexecution_strategy(submitted, several_machines)
    assert strategy is ReexecutionStrategy.ALL_STEPS
    assert several_machines.run_retries_enabled
    several_machines.delete_run(run.run_id)
