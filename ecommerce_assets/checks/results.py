"""Report a check's results by batch day to Dagster, and read the failed ones back. No SQL here."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from ecommerce_assets.checks.range_metadata import FAILED_DAYS, JUDGED_DAYS


def check_result(
    context: dg.AssetCheckExecutionContext,
    asset: dg.AssetKey,
    name: str,
    severity: dg.AssetCheckSeverity,
    results: pd.DataFrame,
) -> dg.AssetCheckResult:
    """Make the result of a check over the days of a run, and report each failed day by itself.

    `results` has a row a day (its index) with the column `passed`; its other columns become
    metadata. Over a range the one result has no partition, so each failed day is reported too.
    """
    failed = results[~results["passed"].astype(bool)]
    if context.has_partition_key:
        return _result(asset, name, severity, failed.empty, _figures(results.iloc[-1]))
    for day, row in failed.iterrows():
        context.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=asset,
                check_name=name,
                passed=False,
                severity=severity,
                partition=_label(day),
                metadata={**_figures(row), "run": dg.MetadataValue.dagster_run(context.run.run_id)},
            )
        )
    days = {
        JUDGED_DAYS: [_label(day) for day in results.index],
        FAILED_DAYS: [_label(day) for day in failed.index],
    }
    return _result(asset, name, severity, failed.empty, days)


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed in a run, and the batch days for which it failed."""

    asset: str
    check: str
    severity: str
    days: Sequence[str]

    @property
    def is_error(self) -> bool:
        """Whether somebody has to act before the figures are used (severity ERROR)."""
        return self.severity == dg.AssetCheckSeverity.ERROR.value


def failed_checks(instance: dg.DagsterInstance, run_id: str) -> Iterator[FailedCheck]:
    """Read which checks failed in a run."""
    records = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    for record in records:
        evaluation = record.event_log_entry.get_dagster_event().event_specific_data
        if not isinstance(evaluation, dg.AssetCheckEvaluation) or evaluation.passed:
            continue
        days: Any = evaluation.metadata.get(FAILED_DAYS)
        yield FailedCheck(
            evaluation.asset_key.to_user_string(),
            evaluation.check_name,
            evaluation.severity.value,
            list(days.value) if days else [evaluation.partition or ""],
        )


def _result(
    asset: dg.AssetKey,
    name: str,
    severity: dg.AssetCheckSeverity,
    passed: bool,
    metadata: dict[str, Any],
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset, check_name=name, passed=passed, severity=severity, metadata=metadata
    )


def _label(day: Any) -> str:
    return str(pd.Timestamp(day).date())


def _figures(row: pd.Series) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items() if name != "passed"}  # type: ignore[misc]


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), 4)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return value if isinstance(value, int | str | list | dict) else str(value)


def check_spec(
    asset: dg.AssetKey,
    name: str,
    description: str,
    days: dg.PartitionsDefinition,
    upstream: Sequence[dg.AssetKey] = (),
) -> dg.AssetCheckSpec:
    """Describe a check whose results belong to batch days."""
    with warnings.catch_warnings():
        # Partitioned checks may change; a test pins what is used of them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name,
            asset=asset,
            description=description,
            partitions_def=days,
            additional_deps=list(upstream),
        )
