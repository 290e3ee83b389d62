"""Dagster's state in memory, for loads that tests make in their own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import dagster as dg
import sqlalchemy as db


@contextmanager
def in_memory() -> Iterator[dg.DagsterInstance]:
    """Dagster's ephemeral instance, in which each storage keeps to one connection.

    By itself a storage connects for every statement, which takes a quarter of a small load.
    """
    with dg.DagsterInstance.ephemeral() as instance:
        events: Any = instance.event_log_storage
        runs: Any = instance.run_storage
        events._connect = partial(_held_connection, events)
        runs.connect = partial(_held_connection, runs)
        # An ephemeral storage creates all tables and columns, but looks for them at every event.
        events.has_table = events.has_asset_key_col = lambda _: True
        events._has_asset_key_col_on_connection = lambda *_: True
        yield instance


@contextmanager
def _held_connection(storage: Any) -> Iterator[db.Connection]:
    with storage._held_conn.begin():
        yield storage._held_conn
