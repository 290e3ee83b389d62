"""The queue of runs where Dagster itself retries those that fail, as on several machines."""

from dagster import DagsterRun, QueuedRunCoordinator, SubmitRunContext

from ecommerce_assets.dagster_instance.private import RETRY_STRATEGY_TAG
from ecommerce_assets.dagster_instance.private_serving import ReexecutionStrategy


class WholeRunsQueue(QueuedRunCoordinator):
    """Queues runs, each to be retried from its first step.

    A run is one transaction, so one that fails keeps nothing. From the failed step on, which is
    Dagster's own choice, a retry would compute tables from batches that are not staged.
    """

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue a run."""
        strategy = {RETRY_STRATEGY_TAG: ReexecutionStrategy.ALL_STEPS.value}
        self._instance.add_run_tags(context.dagster_run.run_id, strategy)
        return super().submit_run(context)
