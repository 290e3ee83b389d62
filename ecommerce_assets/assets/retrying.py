"""How a step meets the warehouse in a run: faults of the database that pass are waited out."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.session import PassingFaultError

RETRIES = 3
FIRST_WAIT_SECONDS = 5
"""The next waits are three times as long each: 65 s in all, in which a server has restarted."""


@contextmanager
def run_warehouse(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, shop: Shop
) -> Iterator[psycopg.Connection]:
    """Connect to the warehouse in order to load it.

    Raises:
        RetryRequested: the database broke off or could not be reached; the step runs again later.
    """
    try:
        with shop.warehouse() as connection:
            yield connection
    except PassingFaultError as fault:
        attempt = context.op_execution_context.retry_number
        raise dg.RetryRequested(RETRIES, FIRST_WAIT_SECONDS * 3**attempt) from fault
