"""Dagster's state in memory, for loads that tests make in their own process."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import dagster as dg
import sqlalchemy as db


@contextmanager
def in_memory() -> Iterator[dg.DagsterInstance]:
    """Dagster's ephemeral instance without any runs, in which each storage keeps one connection.

    By itself a storage connects for every statement, which takes a quarter of a small load. An
    instance of the main thread is emptied and used again, since to make its tables takes 60 ms;
    SQLite's connections belong to the thread that opened them.
    """
    is_kept = threading.current_thread() is threading.main_thread()
    instance, empty = _idle.pop() if is_kept and _idle else _make()
    try:
        yield instance
    finally:
        if is_kept:
            for storage, content in empty.items():
                storage._held_conn.rollback()
                _sqlite(storage).deserialize(content)
            _idle.append((instance, empty))
        else:
            instance.dispose()


_idle: list[tuple[dg.DagsterInstance, dict[Any, bytes]]] = []


def _make() -> tuple[dg.DagsterInstance, dict[Any, bytes]]:
    """Make an instance, and give what its storages contain while they are empty."""
    instance = dg.DagsterInstance.ephemeral()
    events: Any = instance.event_log_storage
    runs: Any = instance.run_storage
    events._connect = partial(_held_connection, events)
    runs.connect = partial(_held_connection, runs)
    # An ephemeral storage creates all tables and columns, but looks for them at every event.
    events.has_table = events.has_asset_key_col = lambda _: True
    events._has_asset_key_col_on_connection = lambda *_: True
    return instance, {storage: _sqlite(storage).serialize() for storage in (events, runs)}


@contextmanager
def _held_connection(storage: Any) -> Iterator[db.Connection]:
    with storage._held_conn.begin():
        yield storage._held_conn


def _sqlite(storage: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = storage._held_conn.connection.driver_connection
    return connection
