"""How a check's verdicts by batch day are told to Dagster, for one day or a range. No SQL here."""

import warnings
from collections.abc import Sequence
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from ecommerce_assets.event_log import FAILED_DAYS, JUDGED_DAYS


def tell(
    context: dg.AssetCheckExecutionContext,
    asset: dg.AssetKey,
    name: str,
    severity: dg.AssetCheckSeverity,
    verdicts: pd.DataFrame,
) -> dg.AssetCheckResult:
    """Give the result of a check over the run's days, of which each failed one is reported itself.

    `verdicts` has a row a day (its index) with the column `passed`; the others are its figures.
    A result has no partition in a range run, hence the reports.
    """
    failed = verdicts[~verdicts["passed"].astype(bool)]
    if context.has_partition_key:
        return _result(asset, name, severity, failed.empty, _figures(verdicts.iloc[-1]))
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
        JUDGED_DAYS: [_label(day) for day in verdicts.index],
        FAILED_DAYS: [_label(day) for day in failed.index],
    }
    return _result(asset, name, severity, failed.empty, days)


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
