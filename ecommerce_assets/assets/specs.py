"""The keys and specs of the assets of tables."""

from collections.abc import Iterable
from functools import cache

import dagster as dg

from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.tables import Table

BATCH_NOTE = (
    "\n\nA partition is the batch that arrived on a day: what it changes may lie on other dates."
)
SINGLE_RUN = dg.BackfillPolicy.single_run()


@cache
def store_prefix() -> tuple[str, ...]:
    """What the keys of this process's store begin with: nothing where it is the only one.

    One Dagster knows an asset by its key alone, in whichever code location it is, so that two
    stores need two keys. A process works for one store (docs/decisions/many-stores.md).
    """
    store_id = load_settings().store_id
    return (store_id,) if store_id else ()


def key_of(*parts: str) -> dg.AssetKey:
    """The key of an asset of this process's store."""
    return dg.AssetKey([*store_prefix(), *parts])


def asset_key(table: Table) -> dg.AssetKey:
    """The key of a table's asset: schema and name."""
    return key_of(*table.name.split("."))


def pool_of(name: str) -> str:
    """The name of a pool of this process's store: stores do not wait for each other."""
    return "/".join((*store_prefix(), name))


def warehouse_pool() -> str:
    """The pool of all that writes the warehouse."""
    return pool_of("warehouse")


def table_spec(
    table: Table,
    description: str,
    *,
    key: dg.AssetKey | None = None,
    deps: Iterable[dg.AssetKey] = (),
) -> dg.AssetSpec:
    """Make the spec of a table's asset, or, with another `key`, of a part of a table."""
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
