"""Names of Dagster's private modules for starting its programs and watching runs (`private`)."""

from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.execution.plan.resume_retry import ReexecutionStrategy
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc.client import DagsterGrpcClient

DAEMON_MODULE = "dagster._daemon"
"""The program that runs schedules, sensors and queued runs."""

__all__ = [
    "DAEMON_MODULE",
    "CheckRunHealthResult",
    "DagsterGrpcClient",
    "DagsterUserCodeUnreachableError",
    "ReexecutionStrategy",
    "WorkerStatus",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
]
