"""The names that Dagster's storage of ours takes from Dagster's private modules (`private`)."""

from dagster._core.events import ASSET_EVENTS
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData

__all__ = [
    "ASSET_EVENTS",
    "AssetCheckExecutionsTable",
    "AssetKeyTable",
    "ConfigurableClassData",
    "LocalComputeLogManager",
    "SqlEventLogStorageTable",
]
