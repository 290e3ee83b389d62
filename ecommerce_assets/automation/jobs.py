"""The two jobs: one loads batch days, one audits what is held."""

from collections.abc import Sequence

import dagster as dg

from ecommerce_assets.dagster_instance.private import UnresolvedAssetJobDefinition

LOAD_JOB = "load"
AUDIT_JOB = "audit"


def load_job() -> UnresolvedAssetJobDefinition:
    """Build the job that materializes everything, for a batch day or a range of them."""
    return dg.define_asset_job(
        LOAD_JOB,
        dg.AssetSelection.all(),
        description="Everything, for a batch day or a range of them: what `ecommerce load` runs.",
    )


def audit_job(
    days: dg.PartitionsDefinition, checks: Sequence[dg.AssetChecksDefinition]
) -> UnresolvedAssetJobDefinition:
    """Build the job that runs the checks over a range of days; over all days they cover all rows.

    `checks` are those of feeds and tables.
    """
    return dg.define_asset_job(
        AUDIT_JOB,
        dg.AssetSelection.checks(*checks),
        description="All checks over a range of days; over all days they judge whole tables.",
        partitions_def=days,  # Dagster infers a job's partitions from assets, not from checks
    )
