"""Computes a digest of each table, to compare two warehouses without moving their rows."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.tables import ANALYTICS, QUARANTINE, STAGING, Table

TABLES = (*STAGING.values(), QUARANTINE, *ANALYTICS)


@dataclass(frozen=True)
class TableDigest:
    """A table's name with its schema, its number of rows, and 32 hexadecimal digits."""

    table: str
    rows: int
    digest: str


def table_digests(connection: psycopg.Connection) -> list[TableDigest]:
    """Give the digests of all tables of `staging`, `quarantine` and `analytics` in one snapshot.

    A digest depends on the rows alone: not on the order in which they were written, the server's
    collation or version, or the session's time zone. It is the sum of the rows' SHA-256 digests,
    modulo 2^64 for each half of 16 bytes, which needs neither sorting nor memory.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        # The settings on which the text of a row depends.
        connection.execute("set local timezone to 'UTC'")
        connection.execute("set local datestyle to 'ISO'")
        return [_digest(connection, table) for table in TABLES]


def _digest(connection: psycopg.Connection, table: Table) -> TableDigest:
    query = sql.SQL(
        """
        with rows as (
            select encode(sha256(convert_to(row({columns})::text, 'UTF8')), 'hex') as digest
            from {table}
        )
        select count(*),
               coalesce(sum(('x' || substr(digest, 1, 16))::bit(64)::bigint), 0),
               coalesce(sum(('x' || substr(digest, 17, 16))::bit(64)::bigint), 0)
        from rows
        """
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        table=sql.Identifier(*table.name.split(".")),
    )
    ((count, *halves),) = connection.execute(query).fetchall()
    return TableDigest(table.name, count, "".join(f"{int(half) % 2**64:016x}" for half in halves))
