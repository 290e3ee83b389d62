"""What it costs to write the rows of a loaded warehouse, and nothing else.

`ECOMMERCE_HOME=… python benchmarks/writing.py` reads each table's rows, and writes them by binary
COPY into a table without keys, one with the primary key alone, and one with all indexes.
"""

import sys
import time

import psycopg
from machine import machine
from psycopg import sql

from ecommerce_assets.settings import load_settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.tables import ANALYTICS, STAGING, Table

COPIES = {
    "without keys": "create table public.copied (like {table})",
    "with the primary keys": "create table public.copied (like {table}, primary key ({key}))",
    "with all indexes": "create table public.copied (like {table} including all)",
}


def main() -> int:
    """Measure, and print the table."""
    seconds = dict.fromkeys(COPIES, 0.0)
    with Shop(load_settings()).warehouse() as connection:
        for table in (*STAGING.values(), *ANALYTICS):
            rows = binary_rows(connection, table)
            for kind, create in COPIES.items():
                seconds[kind] += write(connection, table, create, rows)
    print(f"{machine()}\n\n| into tables | s |\n|---|---|")
    for kind, taken in seconds.items():
        print(f"| {kind} | {taken:.1f} |")
    return 0


def binary_rows(connection: psycopg.Connection, table: Table) -> bytes:
    """Read a table's rows in the format of binary COPY."""
    statement = sql.SQL("copy {} to stdout (format binary)").format(named(table))
    with connection.cursor().copy(statement) as copy:
        return b"".join(bytes(chunk) for chunk in copy)


def write(connection: psycopg.Connection, table: Table, create: str, rows: bytes) -> float:
    """Write rows into a new table; give the seconds."""
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    # Not a temporary table, which would write no log.
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL(create).format(table=named(table), key=key))
        began = time.perf_counter()
        with connection.cursor().copy("copy public.copied from stdin (format binary)") as copy:
            copy.write(rows)
        return time.perf_counter() - began


def named(table: Table) -> sql.Identifier:
    """The table's name in a statement."""
    return sql.Identifier(*table.name.split("."))


if __name__ == "__main__":
    sys.exit(main())
