"""The names that the graph takes from Dagster's private modules.

Dagster may change or move them in any release. `ecommerce_tests/dagster_instance/test_private.py`
pins what we need of each, and that no other modules import one. Those that pull in SQLAlchemy or
gRPC are in `private_storage` and `private_serving`, so that the graph is imported without them.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.source_asset import (
    SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION as WITHOUT_MATERIALIZATIONS,
)
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)
from dagster._core.execution.context.metadata_logging import (
    AssetMetadataHandle,
    OutputMetadataAccumulator,
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
    "add_partition_metadata",
]


def add_partition_metadata(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    metadata: Mapping[str, Mapping[str, Any]],
) -> None:
    """Add metadata to an asset's partitions; `metadata` is by partition key.

    `context.add_asset_metadata` copies and checks all metadata of the step for each partition: of
    eleven assets and 654 days that took 5.7 s.
    """
    step = context.get_step_execution_context()
    added = [(AssetMetadataHandle(asset_key=key, partition_key=p), m) for p, m in metadata.items()]
    step._metadata_accumulator = OutputMetadataAccumulator(
        per_output_metadata={**step._metadata_accumulator.per_output_metadata, **dict(added)}
    )
