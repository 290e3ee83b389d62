"""The API answers 503 while the database is away, and recovers by itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg
import pytest

from ecommerce_api.database import STATEMENT_SECONDS
from ecommerce_assets.warehouse.schema import READER, migrate
from ecommerce_assets.warehouse.server import EmbeddedServer
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_tests.api.live import served
from ecommerce_tests.api.test_errors import problem
from ecommerce_tests.waiting import until

PATHS = ["/metrics/daily", "/metrics/summary", "/ltv/30", "/quarantine", "/reports"]


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL that a test may stop."""
    # Not in tmp_path: the next pytest to start closes the folders above that to other users.
    with TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "postgres")
        yield server
        server.stop()


def load_something(url: str) -> None:
    """Fill in as much as makes a warehouse a loaded one."""
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            insert into ops.settings values ('currency', 'EUR');
            insert into ops.staged_files values ('orders', '2024-03-29', 'x.csv', '', 1, 1, 0, '[]')
            """
        )
        bump_version(connection)


def until_answered(client: httpx.Client, path: str, seconds: float) -> None:
    """Wait until the API answers with data again, which it must within some seconds."""
    until(lambda: client.get(path).status_code == 200, seconds)


def test_it_goes_on_when_the_database_is_back(server: EmbeddedServer) -> None:
    url = server.start()
    migrate(url)
    load_something(url)
    with served(url) as client:
        for path in (*PATHS, "/health/ready"):
            assert client.get(path).status_code == 200

        server.stop()

        until(lambda: client.get("/metrics/daily").status_code != 200, 1)  # nor from its cache
        for path in (*PATHS, "/health/ready"):
            response = client.get(path)
            assert "does not answer" in problem(response, 503)["detail"]
            assert int(response.headers["retry-after"]) > 0
        assert client.get("/health/live").status_code == 200
        assert client.get("/docs").status_code == 200

        server.start()

        until_answered(client, "/health/ready", 10)
        for path in PATHS:
            until_answered(client, path, 2)


def test_it_starts_before_the_database_and_its_role_are_there(
    server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = server.start()
    with served(url) as client:
        assert "no role" in problem(client.get("/health/ready"), 503)["detail"]
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"create role {READER}".encode())
        assert "holds no warehouse" in problem(client.get("/health/ready"), 503)["detail"]
        migrate(url)
        assert "holds no data" in problem(client.get("/health/ready"), 503)["detail"]
        load_something(url)
        until_answered(client, "/health/ready", 10)
    assert capsys.readouterr().err == ""


def test_a_migration_while_it_serves_costs_a_connection_one_answer(plain_url: str) -> None:
    with psycopg.connect(plain_url, autocommit=True) as admin, served(plain_url) as client:
        orders = admin.execute("select order_id from analytics.fct_orders limit 2").fetchall()
        one, other = ({"order_id": order_id} for (order_id,) in orders)
        assert client.get("/lineage/order", params=one).status_code == 200

        admin.execute("alter table analytics.fct_orders add column gift_note text")

        refused = client.get("/lineage/order", params=other)
        assert "has just been migrated" in problem(refused, 503)["detail"]
        assert client.get("/lineage/order", params=other).status_code == 200


def test_a_role_that_only_an_administrator_can_make(
    server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = server.start()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("create role loader login; alter database ecommerce owner to loader")
    as_loader = url.replace("postgres@", "loader@")

    migrate(as_loader)

    statements = capsys.readouterr().err.partition("\n\n")[2]
    assert f"create role {READER} nologin;" in statements
    with psycopg.connect(url) as admin:
        admin.execute(statements.encode())
    load_something(as_loader)
    with served(as_loader) as client:
        assert client.get("/metrics/daily").status_code == 200


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    with psycopg.connect(url) as connection:
        connection.execute(f"lock table {table}".encode())
        yield
        connection.rollback()


def test_a_statement_that_takes_too_long_is_ended(api: httpx.Client, plain_url: str) -> None:
    assert api.get("/ltv/30").status_code == 200
    with locked(plain_url, "analytics.fct_revenue_daily"):
        begun = time.monotonic()
        response = api.get("/metrics/daily")
        took = time.monotonic() - begun

        assert "took over 10 s" in problem(response, 503)["detail"]
        assert STATEMENT_SECONDS <= took < STATEMENT_SECONDS + 3
        # Cached answers, and answers from other tables, are given all the same.
        assert api.get("/ltv/30").status_code == 200
        assert api.get("/health/ready").status_code == 200
    assert api.get("/metrics/daily").status_code == 200
