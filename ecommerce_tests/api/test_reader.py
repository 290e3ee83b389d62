"""The API's database role: it can SELECT what the API needs, and nothing else."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import psycopg
import pytest

from ecommerce_api.database import Database, reader_url
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.schema import READER, migrate
from ecommerce_assets.warehouse.tables import ANALYTICS, QUARANTINE, STAGING
from ecommerce_tests import postgres
from ecommerce_tests.api.live import served
from ecommerce_tests.api.test_errors import problem

READABLE = [
    *(table.name for table in (*ANALYTICS, QUARANTINE, *STAGING.values())),
    "ops.staged_files",
    "ops.settings",
    "ops.warehouse_version",
    "ops.restatements",
    "ops.api_keys",
]


@pytest.fixture
def reader(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, options=f"-c role={READER}", autocommit=True) as connection:
        yield connection


def test_it_reads_the_warehouse(reader: psycopg.Connection) -> None:
    for table in READABLE:
        reader.execute(f"select * from {table}".encode())


def test_it_writes_nowhere(reader: psycopg.Connection) -> None:
    for table in READABLE:
        for statement in (
            f"delete from {table}",
            f"insert into {table} default values",
            f"truncate {table}",
            f"drop table {table}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.encode())
    for schema in ("analytics", "staging", "quarantine", "ops"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"create table {schema}.mine (x int)".encode())


def test_it_reads_nowhere_else(reader: psycopg.Connection, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        rows = owner.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'ops'"
        ).fetchall()
        owner.execute("create schema dagster; create table dagster.runs (id int)")
    others = {name for (name,) in rows} - set(READABLE) | {"dagster.runs"}
    assert "ops.touched_orders" in others

    for table in others:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"select * from {table}".encode())


def test_it_reads_tables_that_a_later_migration_adds(
    reader: psycopg.Connection, database_url: str
) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("create table analytics.later (x int); create table ops.later (x int)")

    reader.execute("select * from analytics.later")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select * from ops.later")


def test_the_api_takes_on_the_role_and_cannot_write(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "insert into ops.staged_files"
            " values ('orders', '2024-03-29', 'x.csv', '', 1, 1, 0, '[]')"
        )

    async def try_to_write() -> tuple[str, str, bool]:
        settings = Settings(database_url=database_url, _env_file=None)  # type: ignore[call-arg]
        database = Database(settings)
        await database.open()
        try:
            with pytest.raises(asyncpg.PostgresError, match="read-only transaction"):
                async with database.snapshot() as snapshot:
                    await snapshot.connection.execute("delete from analytics.fct_orders")
            async with database.snapshot() as snapshot:
                row = await snapshot.row(
                    "select current_user::text as name,"
                    " current_setting('statement_timeout') as timeout,"
                    " has_table_privilege('analytics.fct_orders', 'delete') as may_delete"
                )
                return row["name"], row["timeout"], row["may_delete"]
        finally:
            await database.close()

    assert asyncio.run(try_to_write()) == (READER, "10s", False)


def test_a_url_of_the_apis_own_is_used_as_it_is() -> None:
    own = "postgresql://api@db.example/shop"
    settings = Settings(
        database_url="postgresql://loader@db.example/shop",
        api_database_url=own,
        _env_file=None,  # type: ignore[call-arg]
    )
    assert reader_url(settings) == (own, None)


def url_as(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))


@pytest.fixture
def limited_loader() -> Iterator[tuple[str, str]]:
    """The URLs of an empty database, as its owner, who may make no roles, and as who may."""
    user, password = f"loader_{uuid4().hex[:8]}", uuid4().hex
    with postgres.database() as url:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"create role {user} login password '{password}'".encode())
            database = urlsplit(url).path[1:]
            admin.execute(f"alter database {database} owner to {user}".encode())
        yield url_as(url, user, password), url
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"reassign owned by {user} to current_user".encode())
            admin.execute(f"drop owned by {user}; drop role {user}".encode())


def test_where_the_loader_may_make_no_roles_it_prints_the_sql_and_goes_on(
    limited_loader: tuple[str, str], migrated_template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    loader, admin = limited_loader

    migrate(loader)

    printed = capsys.readouterr().err
    assert "Have an administrator of the database run:" in printed
    statements = printed.partition("\n\n")[2]
    assert f"grant {READER} to loader_" in statements
    with served(loader) as client:
        refused = client.get("/health/ready")
        assert READER in problem(refused, 503)["detail"]
        assert client.get("/health/live").status_code == 200
        with psycopg.connect(admin) as connection:
            connection.execute(statements.encode())
        # The role is there, and the warehouse is not loaded: the next thing to do.
        detail = problem(client.get("/health/ready"), 503)["detail"]
        assert detail == "The warehouse holds no data yet; run `ecommerce load`."
