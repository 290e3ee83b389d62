"""Other ways to take the same files in, to measure `ecommerce load` beside: COPY, DuckDB, dbt."""

import atexit
import csv
import os
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.warehouse.server import EmbeddedServer
from ecommerce_assets.warehouse.tables import ANALYTICS, Kind, Table

DBT_PROJECT = Path(__file__).with_name("dbt")


@cache
def floor_server() -> str:
    """Start a server for the bare COPY, which ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="ecommerce-bench-copy-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # after the server's own, later one
    return EmbeddedServer(folder).hold()


def copy_floor(landing: Path) -> float:
    """Copy the files, as they are, into tables of texts, on a server like the embedded one."""
    url = floor_server()
    began = time.perf_counter()
    with psycopg.connect(url) as connection:
        for feed in FEEDS:
            files = sorted((landing / feed).glob("*.csv"))
            if not files:
                continue  # of a few days' rarest feed
            with files[0].open(encoding="utf-8") as file:
                header = next(csv.reader(file))
            columns = sql.SQL(", ").join(
                sql.SQL("{} text").format(sql.Identifier(name)) for name in header
            )
            table = sql.Identifier(f"floor_{feed}")
            connection.execute(sql.SQL("drop table if exists {}").format(table))
            connection.execute(sql.SQL("create table {} ({})").format(table, columns))
            statement = sql.SQL("copy {} from stdin (format csv, header true)").format(table)
            for path in files:
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.write(path.read_bytes())
    return time.perf_counter() - began


def duckdb_way(landing: Path) -> float | None:
    """Let DuckDB read the orders' files, take latest versions and sum revenue; writes nothing.

    No quarantine, dimensions, discounts or checks: a bound from below, not the same work.
    """
    try:
        import duckdb
    except ImportError:
        return None
    began = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            with orders as (
                select order_id, ordered_at, status
                from read_csv('{landing}/orders/*.csv', all_varchar = true,
                              union_by_name = true, ignore_errors = true)
                qualify row_number() over (partition by order_id order by ingested_at desc) = 1
            ), items as (
                select order_id,
                    try_cast(quantity as bigint) * try_cast(unit_price as decimal(18, 2)) as gross
                from read_csv('{landing}/order_items/*.csv', all_varchar = true,
                              union_by_name = true, ignore_errors = true)
                qualify row_number() over (
                    partition by order_item_id order by ingested_at desc) = 1
            )
            select try_cast(ordered_at as timestamptz)::date, sum(gross)
            from orders join items using (order_id)
            where status in ('paid', 'fulfilled', 'delivered') group by 1
            """  # noqa: S608
        ).fetchall()
    return time.perf_counter() - began


def dbt_way(last_day: str) -> float | None:
    """Build all tables with dbt from the tables that `copy_floor` filled.

    Valid records only: no quarantine, no addresses, no checks, no indexes; everything anew each
    time. dbt wants an environment of its own; it is taken from `DBT`, or from the PATH.
    """
    dbt = shutil.which(os.environ.get("DBT", "dbt"))
    if dbt is None:
        return None
    host = parse_qs(urlsplit(floor_server()).query)["host"][0]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        built = subprocess.run(
            [dbt, "--quiet", "run", "--vars", f"last_batch_date: {last_day}"],
            cwd=DBT_PROJECT,
            env={
                **os.environ,
                "BENCH_HOST": host,
                "DBT_PROFILES_DIR": str(DBT_PROJECT),
                "DBT_TARGET_PATH": f"{folder}/target",
                "DBT_LOG_PATH": f"{folder}/logs",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
    if built.returncode:
        raise SystemExit(f"dbt failed: {built.stdout[-2000:]}{built.stderr[-2000:]}")
    return seconds


def compare_with_dbt(home: Path) -> None:
    """Exit if a table of the warehouse in `home` is not the one that dbt has built."""
    server = EmbeddedServer(home / "postgres")
    url = server.start()
    try:
        for table in ANALYTICS:
            schema, name = table.name.split(".")
            ours = _digest(url, sql.Identifier(schema, name), table)
            theirs = _digest(floor_server(), sql.Identifier("dbt", name), table)
            if ours != theirs:
                raise SystemExit(f"{table.name}: ours has {ours}, dbt's has {theirs}")
    finally:
        server.stop()


_OURS_ALONE = {"product_key", "batch_date", "source_file", "line_number"}
_TYPES = {Kind.AMOUNT: "numeric(20, 2)", Kind.COST: "numeric(20, 2)", Kind.RATE: "numeric(5, 4)"}


def _digest(url: str, name: sql.Identifier, table: Table) -> tuple[int, int | None]:
    """Count the rows of a table, and add up the hashes of the texts that both ways have."""
    texts = sql.SQL(", ").join(
        sql.SQL("{}{}").format(
            sql.Identifier(column),
            sql.SQL(f"::{_TYPES[table.columns[column]]}")
            if table.columns[column] in _TYPES
            else sql.SQL(""),
        )
        for column in table.columns
        if column not in _OURS_ALONE
    )
    query = sql.SQL("select count(*), sum(hashtextextended(row({})::text, 0)) from {}")
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        count, hashes = connection.execute(query.format(texts, name)).fetchone() or (0, None)
        return int(count), hashes
