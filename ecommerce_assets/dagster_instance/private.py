"""The names that the graph takes from Dagster's private modules.

Dagster may change or move them in any release. `ecommerce_tests/dagster_instance/test_private.py`
pins what we need of each, and that no other modules import one. Those that pull in SQLAlchemy or
gRPC are in `private_storage` and `private_serving`, so that the graph is imported without them.
"""

from dagster._core.definitions.source_asset import (
    SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION as WITHOUT_MATERIALIZATIONS,
)
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    RETRY_STRATEGY_TAG,
)

__all__ = [
    "ASSET_PARTITION_RANGE_END_TAG",
    "ASSET_PARTITION_RANGE_START_TAG",
    "IN_PROGRESS_RUN_STATUSES",
    "PARTITION_NAME_TAG",
    "RETRY_STRATEGY_TAG",
    "WITHOUT_MATERIALIZATIONS",
    "AssetCheckExecutionRecordStatus",
    "UnresolvedAssetJobDefinition",
]
