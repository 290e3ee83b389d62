"""The names that tests alone take from Dagster's private modules."""

from dagster._config.validate import process_config
from dagster._core.instance import InstanceRef
from dagster._core.launcher import LaunchRunContext
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._core.storage.event_log.base import PartitionKeyFilter
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import get_reexecution_strategy
from dagster._utils.schedules import cron_string_iterator

__all__ = [
    "InstanceRef",
    "LaunchRunContext",
    "PartitionKeyFilter",
    "RegisteredCodeLocationOrigin",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "RepositorySnap",
    "cron_string_iterator",
    "get_reexecution_strategy",
    "process_config",
]
