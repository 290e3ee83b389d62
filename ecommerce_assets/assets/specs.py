"""What all assets of the graph have in common: how a table is described, and its partitions."""

from collections.abc import Iterable

import dagster as dg

from ecommerce_assets.warehouse.tables import Table

BATCH_NOTE = (
    "\n\nA partition is the batch that arrived on a day: what it changes may lie on other dates."
)
POOL = "warehouse"
SINGLE_RUN = dg.BackfillPolicy.single_run()


def asset_key(table: Table) -> dg.AssetKey:
    """The key of a table's asset: schema and name."""
    return dg.AssetKey(table.name.split("."))


def table_spec(
    table: Table,
    description: str,
    *,
    key: dg.AssetKey | None = None,
    deps: Iterable[dg.AssetKey] = (),
) -> dg.AssetSpec:
    """Describe the asset of a table, or, under another `key`, of a part of one."""
    return dg.AssetSpec(
        key or asset_key(table),
        deps=list(deps),
        description=description + BATCH_NOTE,
        group_name=table.name.split(".")[0],
        kinds={"postgres", "pandas"},
        owners=["team:data"],
        metadata={
            "dagster/table_name": table.name,
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(
                        name, kind.sql_type, description="key" if name in table.key else None
                    )
                    for name, kind in table.columns.items()
                ]
            ),
        },
    )
