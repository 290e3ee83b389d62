"""Temporary tables that a run fills again for each chunk of its work.

A run is one transaction, and a table that is dropped keeps its locks until that ends: a table made
anew for each chunk would fill the table of locks, which all sessions of the server share.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql


def fill(
    connection: psycopg.Connection,
    table: str,
    query: str | sql.Composed,
    parameters: Sequence[Any] | Mapping[str, Any] | None = None,
) -> int:
    """Make a temporary table hold the rows of a query, and nothing else; give how many."""
    name = sql.Identifier(table)
    rows = sql.SQL(query) if isinstance(query, str) else query
    create = sql.SQL("create temporary table if not exists {} as {} with no data")
    connection.execute(create.format(name, rows), parameters)
    connection.execute(sql.SQL("truncate {}").format(name))
    filled = connection.execute(sql.SQL("insert into {} {}").format(name, rows), parameters)
    connection.execute(sql.SQL("analyze {}").format(name))
    return filled.rowcount


def empty(connection: psycopg.Connection, table: str, columns: str) -> None:
    """Make a temporary table with these columns, or empty the one that is there."""
    name = sql.Identifier(table)
    create = sql.SQL("create temporary table if not exists {} ({})")
    connection.execute(create.format(name, sql.SQL(columns)))
    connection.execute(sql.SQL("truncate {}").format(name))
