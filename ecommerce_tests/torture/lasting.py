"""What a load leaves in the database, comparable between loads: without ids, clock times, runs."""

import hashlib
import re

import psycopg
from psycopg import sql

# Dates stay, since they say which batch days have been loaded. The rest differs from load to load.
_PASSING = (
    re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),  # a run
    re.compile(r"[0-9a-f]{64}"),  # a data version, which Dagster makes of the ids of events
    re.compile(r'(?<=key"": "")[a-z]{8}(?=")'),  # the file of a step's output
    re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.:+]*"),  # a clock time
    re.compile(r"(?<![\d-])\d+(?![\d-])"),  # any other number
)


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
    for passing in _PASSING:
        row = passing.sub("?", row)
    return row
