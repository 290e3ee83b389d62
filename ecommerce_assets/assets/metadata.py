"""Formats the result of a run as metadata of its assets."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd
import psycopg

from ecommerce_assets.warehouse.previews import latest_rows, row_count
from ecommerce_assets.warehouse.restatements import Restatement
from ecommerce_assets.warehouse.tables import Table

_RESTATEMENTS_SHOWN = 50


def table_metadata(connection: psycopg.Connection, table: Table) -> dict[str, Any]:
    """Give the number of rows of a table, and a few rows."""
    return {
        "dagster/row_count": row_count(connection, table),
        **preview(latest_rows(connection, table)),
    }


def of_the_last_day(
    context: dg.AssetExecutionContext, key: dg.AssetKey, metadata: Mapping[str, Any]
) -> dg.MaterializeResult[None]:
    """Give a run's result for an asset, with metadata on the last of its days alone.

    It says what the whole run did, so that it would be the same on each day of a range.
    """
    context.add_asset_metadata(metadata, asset_key=key, partition_key=context.partition_keys[-1])
    return dg.MaterializeResult(asset_key=key)


def preview(rows: pd.DataFrame) -> dict[str, Any]:
    """Format rows of texts as a table; nothing without rows."""
    if rows.empty:
        return {}
    return {"preview": dg.MetadataValue.md(_markdown(rows))}


def restatement_metadata(
    restatements: Sequence[Restatement],
) -> Mapping[str, Any]:
    """List the figures of loaded days that a run changed, as `ecommerce restatements` does."""
    dates = sorted({str(restatement.date) for restatement in restatements})
    rows = pd.DataFrame(
        [
            {
                "date": str(restatement.date),
                "figure": restatement.figure,
                "old": _shown(restatement.old_value),
                "new": _shown(restatement.new_value),
            }
            for restatement in restatements[:_RESTATEMENTS_SHOWN]
        ]
    )
    return {
        "restated_dates": dates,
        "restated_figures": len(restatements),
        **({} if rows.empty else {"restatements": dg.MetadataValue.md(_markdown(rows))}),
    }


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _markdown(rows: pd.DataFrame) -> str:
    lines = [list(rows.columns), ["---"] * len(rows.columns), *rows.fillna("").to_numpy().tolist()]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )
