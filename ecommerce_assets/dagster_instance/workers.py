"""Runs on several machines: the classes that `docker/dagster.celery.yaml` and `k8s/` name.

They need an optional dependency, so nothing else imports this module.
"""

from typing import cast

from dagster import DagsterRun
from dagster_celery.launcher import CeleryRunLauncher

from ecommerce_assets.dagster_instance.event_log import EventLog
from ecommerce_assets.dagster_instance.private_serving import CheckRunHealthResult, WorkerStatus


class CeleryLauncher(CeleryRunLauncher):
    """Starts runs as Celery tasks, and notices when the process that executes one has died.

    Celery reports the task of a killed worker as started for ever. So this checks the run's lock
    (`dead_runs`), which does not depend on the broker.
    """

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Give whether a process executes a started run."""
        event_log = cast(EventLog, self._instance.event_log_storage)
        with event_log.if_dead(run.run_id) as is_dead:
            if is_dead:
                return CheckRunHealthResult(
                    WorkerStatus.FAILED, "The worker was killed, or its machine cannot be reached."
                )
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def get_run_worker_debug_info(
        self, run: DagsterRun, include_container_logs: bool | None = True
    ) -> str | None:
        """Give nothing: it would be in the results of tasks, which nobody keeps."""
        return None
