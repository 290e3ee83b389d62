"""What a load leaves in the database, comparable between loads: without ids, clock times, runs."""

import hashlib
import re

import psycopg
from psycopg import sql

# Dates stay, since they say which batch days have been loaded; other numbers differ by clock or id.
_RUN = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.:+]*")
_NUMBER = re.compile(r"(?<![\d-])\d+(?![\d-])")


def what_lasts(url: str) -> str:
    """Digest every row that Dagster, the queues and the logs keep."""
    digest = hashlib.sha256()
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            """
            select schemaname, tablename from pg_tables
            where schemaname in ('dagster', 'ops') order by schemaname, tablename
            """
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL("select t::text from {} t").format(sql.Identifier(schema, table))
            rows = sorted(_comparable(row) for (row,) in connection.execute(query))
            digest.update(f"{schema}.{table} {rows}".encode())
    return digest.hexdigest()


def _comparable(row: str) -> str:
    for passing in (_RUN, _CLOCK, _NUMBER):
        row = passing.sub("?", row)
    return row
