"""Creates and refills the temporary tables of a run.

A run is one transaction, and a dropped table keeps its locks until the transaction ends. Creating a
table for each chunk would exhaust the lock table that all sessions of the server share.
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
    """Fill a temporary table with exactly the rows of a query; give their number."""
    name = sql.Identifier(table)
    rows = sql.SQL(query) if isinstance(query, str) else query
    create = sql.SQL("create temporary table if not exists {} as {} with no data")
    connection.execute(create.format(name, rows), parameters)
    connection.execute(sql.SQL("truncate {}").format(name))
    filled = connection.execute(sql.SQL("insert into {} {}").format(name, rows), parameters)
    connection.execute(sql.SQL("analyze {}").format(name))
    return filled.rowcount


def empty(connection: psycopg.Connection, table: str, columns: str) -> None:
    """Create an empty temporary table with these columns, or empty an existing one."""
    name = sql.Identifier(table)
    create = sql.SQL("create temporary table if not exists {} ({})")
    connection.execute(create.format(name, sql.SQL(columns)))
    connection.execute(sql.SQL("truncate {}").format(name))
