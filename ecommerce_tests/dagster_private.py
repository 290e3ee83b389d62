"""The names that tests alone take from Dagster's private modules."""

from dagster._core.instance import InstanceRef
from dagster._core.storage.event_log.base import PartitionKeyFilter
from dagster._utils.schedules import cron_string_iterator

__all__ = ["InstanceRef", "PartitionKeyFilter", "cron_string_iterator"]
