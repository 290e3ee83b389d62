"""The jobs: one loads batch days, one fetches them from shops, one checks all loaded days."""

from collections.abc import Sequence

import dagster as dg

from ecommerce_assets.assets.sources import SOURCES
from ecommerce_assets.assets.specs import store_prefix
from ecommerce_assets.dagster_instance.private import UnresolvedAssetJobDefinition

LOAD_JOB = "load"
AUDIT_JOB = "audit"
FETCH_JOB = "fetch"


def load_job() -> UnresolvedAssetJobDefinition:
    """Build the job that materializes everything, for a batch day or a range of them."""
    return dg.define_asset_job(
        LOAD_JOB,
        dg.AssetSelection.all() - dg.AssetSelection.key_prefixes([*store_prefix(), SOURCES]),
        description="Everything, for a batch day or a range of them: what `ecommerce load` runs.",
    )


def fetch_job(days: dg.PartitionsDefinition) -> UnresolvedAssetJobDefinition:
    """Build the job that fetches a batch day from all configured shops."""
    return dg.define_asset_job(
        FETCH_JOB,
        dg.AssetSelection.key_prefixes([*store_prefix(), SOURCES]),
        description="A batch day from each shop that is configured, into the landing zone.",
        partitions_def=days,
    )


def audit_job(
    days: dg.PartitionsDefinition, checks: Sequence[dg.AssetChecksDefinition]
) -> UnresolvedAssetJobDefinition:
    """Build the job that runs all checks over a range of days.

    Over all days the checks examine every row. `checks` are those of feeds and tables.
    """
    return dg.define_asset_job(
        AUDIT_JOB,
        dg.AssetSelection.checks(*checks),
        description="All checks over a range of days; over all days they judge whole tables.",
        partitions_def=days,  # Dagster infers a job's partitions from assets, not from checks
    )
