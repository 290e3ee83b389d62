"""Runs the steps of assets in the run's one transaction, publishes it, and retries lost steps."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

from ecommerce_assets.assets.specs import asset_key
from ecommerce_assets.memory import give_back_freed_memory
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.calendar import covers_facts
from ecommerce_assets.warehouse.frozen_settings import empty, freeze_settings
from ecommerce_assets.warehouse.session import PassingFaultError
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_DATE,
    DIM_PRODUCT,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDERS,
    FCT_REVENUE_DAILY,
)
from ecommerce_assets.warehouse.touched import nothing_waits
from ecommerce_assets.warehouse.transaction import RunTransaction

RETRIES = 3
FIRST_WAIT_SECONDS = 5
"""Each further wait is three times as long: 65 s in all, enough for a restart of a server."""

_CONSUMERS = (
    DIM_PRODUCT,
    DIM_CUSTOMER,
    DIM_DATE,
    FCT_ORDERS,
    FCT_INVENTORY_DAILY,
    FCT_REVENUE_DAILY,
    FCT_COHORT_LTV,
)
"""The tables that a run has to compute, or else a queue keeps entries."""


def run_transaction(shop: Shop) -> dg.ResourceDefinition:
    """Make the resource of a run's transaction; at its end it undoes unpublished changes."""

    @contextmanager
    def of_run(_: dg.InitResourceContext) -> Iterator[RunTransaction]:
        give_back_freed_memory()

        def begin(connection: psycopg.Connection) -> None:
            if shop.is_rebuild and not transaction.has_published:
                empty(connection)
            freeze_settings(connection, shop.settings)

        transaction = RunTransaction(lambda: shop.database_url, begin)
        try:
            yield transaction
        finally:
            transaction.close()

    return dg.ResourceDefinition(of_run)


@contextmanager
def warehouse_step(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, transaction: RunTransaction
) -> Iterator[psycopg.Connection]:
    """Connect a step to the warehouse, and publish the run's changes after its last step.

    A run without some of the downstream assets publishes after each step.

    Raises:
        RetryRequested: the connection was lost or refused, without loss of an earlier step's
            changes; the step runs again later.
    """
    try:
        with transaction.step() as connection:
            yield connection
            is_finished = nothing_waits(connection) and covers_facts(connection)
        if is_finished or not _will_finish(context):
            transaction.publish()
    except PassingFaultError as fault:
        attempt = context.op_execution_context.retry_number
        raise dg.RetryRequested(RETRIES, FIRST_WAIT_SECONDS * 3**attempt) from fault


def _will_finish(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> bool:
    return set(context.job_def.asset_layer.executable_asset_keys) >= set(map(asset_key, _CONSUMERS))
