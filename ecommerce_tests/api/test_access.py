"""Access control: without keys only this machine is answered, with keys only requests with one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from ecommerce_api.main import create_app
from ecommerce_assets.api_keys import ApiKeyError, create_key, list_keys, revoke_key
from ecommerce_assets.settings import Settings
from ecommerce_tests.api.test_errors import problem
from ecommerce_tests.waiting import until

OPEN = ["/", "/docs", "/openapi.json", "/assets/docs.js", "/health/live", "/health/ready"]
WITH_DATA = [
    "/metrics",
    "/metrics/daily",
    "/metrics/summary",
    "/ltv/30",
    "/retention/30",
    "/inventory/alerts",
    "/orders",
    "/quarantine",
    "/quarantine/summary",
    "/restatements",
    "/reports",
    "/reports/revenue.png",
    "/lineage/order/O00000001",
    "/nothing-of-that-name",
]


@pytest.fixture
def connection(plain_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(plain_url, autocommit=True) as connection:
        yield connection


def until_seen(client: httpx.Client, status: int, **given: Any) -> httpx.Response:
    """Ask until a change of the keys is known, which must be within a second."""

    def look() -> httpx.Response | None:
        response = client.get("/metrics", **given)
        return response if response.status_code == status else None

    return until(look, 1)


def test_with_a_key_set_all_data_wants_one(
    api: httpx.Client, connection: psycopg.Connection
) -> None:
    assert api.get("/metrics/daily").status_code == 200  # and is cached
    key = create_key(connection, "page")
    until_seen(api, 401)

    for path in WITH_DATA:
        response = api.get(path)
        told = problem(response, 401)
        assert "ecommerce api-key create" in told["detail"]
        assert response.headers["www-authenticate"] == 'Bearer realm="ecommerce"'
        assert api.get(path, headers={"X-API-Key": "eck_wrong"}).status_code == 401
        assert api.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert api.get(path, headers={"Authorization": f"Basic {key}"}).status_code == 401
        for given in ({"X-API-Key": key}, {"Authorization": f"bearer {key}"}):
            assert api.get(path, headers=given).status_code in (200, 404)
    for path in OPEN:
        assert api.get(path).status_code == 200


def test_a_revoked_key_is_refused_while_another_is_not(
    api: httpx.Client, connection: psycopg.Connection
) -> None:
    first, second = create_key(connection, "first"), create_key(connection, "second")
    until_seen(api, 200, headers={"X-API-Key": first})

    revoke_key(connection, "first")

    response = until_seen(api, 401, headers={"X-API-Key": first})
    assert "revoked" in problem(response, 401)["detail"]
    assert api.get("/metrics", headers={"X-API-Key": second}).status_code == 200


def test_keys_are_kept_as_hashes_and_listed_without(connection: psycopg.Connection) -> None:
    key = create_key(connection, "till-1")
    rows = connection.execute("select * from ops.api_keys").fetchall()

    assert key not in str(rows)
    (listed,) = list_keys(connection)
    assert (listed.name, listed.revoked_at) == ("till-1", None)
    revoke_key(connection, "till-1")
    (listed,) = list_keys(connection)
    assert listed.revoked_at is not None
    revoke_key(connection, "till-1")
    assert list_keys(connection) == [listed]


@pytest.mark.parametrize("name", ["", "two words", "-x", "x" * 65, "a\nb"])
def test_a_key_needs_a_name(connection: psycopg.Connection, name: str) -> None:
    with pytest.raises(ApiKeyError, match="cannot be used"):
        create_key(connection, name)


def test_a_keys_name_is_used_once(connection: psycopg.Connection) -> None:
    create_key(connection, "page")
    revoke_key(connection, "page")
    with pytest.raises(ApiKeyError, match="There is or was a key named page"):
        create_key(connection, "page")
    with pytest.raises(ApiKeyError, match="There is no key named other"):
        revoke_key(connection, "other")


LOCAL = "127.0.0.1"


@contextmanager
def asked_from(
    url: str, client: str, server: str, headers: dict[str, str] | None = None
) -> Iterator[Any]:
    """Ask an app as if over a connection between these two addresses."""
    app = create_app(Settings(database_url=url, _env_file=None))  # type: ignore[call-arg]
    host = f"[{server}]" if ":" in server else server

    async def ask(path: str, **more: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(client, 50_000))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=f"http://{host}:8000") as asker,
        ):
            return await asker.get(path, headers={**(headers or {}), **more})

    yield lambda path, **more: asyncio.run(ask(path, **more))


@pytest.mark.parametrize(
    ("client", "server", "headers"),
    [
        ("192.0.2.7", "192.0.2.1", {}),
        ("192.0.2.7", LOCAL, {}),
        (LOCAL, "192.0.2.1", {}),
        ("::ffff:192.0.2.7", LOCAL, {}),
        (LOCAL, LOCAL, {"X-Forwarded-For": "127.0.0.1"}),
        (LOCAL, LOCAL, {"Forwarded": "for=192.0.2.7"}),
        (LOCAL, LOCAL, {"Via": "1.1 proxy"}),
        (LOCAL, LOCAL, {"Host": "shop.example.com"}),
        (LOCAL, LOCAL, {"Host": "localhost.example.com:8000"}),
    ],
)
def test_without_keys_what_may_come_from_elsewhere_is_refused(
    plain_url: str, client: str, server: str, headers: dict[str, str]
) -> None:
    with asked_from(plain_url, client, server, headers) as ask:
        for path in ("/metrics/daily", "/openapi.json", "/", "/internal/metrics"):
            told = problem(ask(path), 403)
            assert "No API key is set" in told["detail"]


@pytest.mark.parametrize(
    ("client", "server", "headers"),
    [
        (LOCAL, LOCAL, {}),
        ("::1", "::1", {}),
        ("::ffff:127.0.0.1", LOCAL, {}),
        (LOCAL, LOCAL, {"Host": "localhost:8000"}),
        (LOCAL, LOCAL, {"Host": "Shop.localhost"}),
    ],
)
def test_without_keys_this_machine_is_answered(
    plain_url: str, client: str, server: str, headers: dict[str, str]
) -> None:
    with asked_from(plain_url, client, server, headers) as ask:
        for path in ("/metrics/daily", "/openapi.json", "/internal/metrics"):
            assert ask(path).status_code == 200


def test_with_a_key_others_are_answered(plain_url: str, connection: psycopg.Connection) -> None:
    key = create_key(connection, "page")
    with asked_from(plain_url, "192.0.2.7", "192.0.2.1") as ask:
        assert ask("/metrics/daily").status_code == 401
        assert ask("/internal/metrics").status_code == 401
        assert ask("/health/ready").status_code == 200
        for path in ("/metrics/daily", "/internal/metrics"):
            assert ask(path, **{"X-API-Key": key}).status_code == 200
    with asked_from(plain_url, LOCAL, LOCAL) as ask:
        assert ask("/internal/metrics").status_code == 200
        assert ask("/metrics/daily").status_code == 401


def test_no_page_is_shown_in_the_frame_of_another(plain_api: httpx.Client) -> None:
    for path in [*OPEN, "/metrics/daily", "/nothing"]:
        headers = plain_api.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers.get_list("content-security-policy")[-1]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Host": "x" * 300 + ".localhost"},
    ],
)
def test_without_keys_no_other_web_page_is_answered(
    plain_api: httpx.Client, headers: dict[str, str]
) -> None:
    problem(plain_api.get("/metrics/daily", headers=headers), 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        # Somebody follows a link to the page.
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
        },
    ],
)
def test_without_keys_ones_own_pages_are_answered(
    plain_api: httpx.Client, headers: dict[str, str]
) -> None:
    assert plain_api.get("/metrics/daily", headers=headers).status_code == 200
    origin = {"Origin": str(plain_api.base_url).rstrip("/")}
    assert plain_api.get("/metrics/daily", headers={**headers, **origin}).status_code == 200
