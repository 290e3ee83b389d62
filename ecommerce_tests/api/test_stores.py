"""One API for several stores: what a key of one store gets of the others, which is nothing."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from ecommerce_api.stores import Stores, StoresError, read_routes
from ecommerce_assets.api_keys import create_key, new_key
from ecommerce_assets.settings import Settings
from ecommerce_tests import postgres
from ecommerce_tests.api.live import serving
from ecommerce_tests.api.test_access import WITH_DATA

NORTH, SOUTH, CLOSED, DOWN, NONE = "north", "south", "zz-closed", "zz-down", "zz-none"
SOUTH_ONLY = "XPF"
"""The currency of the store south: what shows that an answer is of it."""


@dataclass(frozen=True)
class Shops:
    """The API of several stores, and keys of them."""

    api: httpx.Client
    north: str
    south: str
    both: str

    def get(self, target: str, key: str = "", **headers: str) -> httpx.Response:
        return self.api.get(target, headers={"X-API-Key": key, **headers} if key else headers)

    def get_as_written(self, target: str, key: str, **headers: str) -> tuple[int, bytes]:
        """Ask for a target that no client library has tidied."""
        connection = http.client.HTTPConnection(self.api.base_url.host, self.api.base_url.port)
        connection.request("GET", target, headers={"X-API-Key": key, **headers})
        response = connection.getresponse()
        try:
            return response.status, response.read()
        finally:
            connection.close()


def settings(url: str, name: str) -> Settings:
    return Settings(database_url=url, store=name, store_id=name, _env_file=None)


@pytest.fixture(scope="module")
def shops(plain_template: str, migrated_template: str) -> Iterator[Shops]:
    """Two stores with keys, one that has none, one whose database is not there."""
    with (
        postgres.database(plain_template) as north,
        postgres.database(plain_template) as south,
        postgres.database(migrated_template) as closed,
    ):
        with psycopg.connect(south) as connection:
            connection.execute(
                "update ops.settings set value = %s where name = 'currency'", [SOUTH_ONLY]
            )
        both = new_key()
        keys = {}
        for name, url in ((NORTH, north), (SOUTH, south)):
            with psycopg.connect(url) as connection:
                keys[name] = create_key(connection, "owner")
                create_key(connection, "owner-of-both", both)
        stores = {NORTH: north, SOUTH: south, CLOSED: closed, DOWN: postgres.url_of("gone")}
        app = Stores({name: settings(url, name) for name, url in stores.items()})
        with serving(app) as api:
            yield Shops(api, keys[NORTH], keys[SOUTH], both)


@pytest.mark.parametrize("path", [*WITH_DATA, "/health/ready", "/internal/metrics"])
def test_a_key_of_one_store_is_a_wrong_key_of_the_others_and_of_those_that_are_not(
    shops: Shops, path: str
) -> None:
    assert shops.get(f"/stores/{NORTH}{path}", shops.north).status_code in (200, 404)
    refused = shops.get(f"/stores/{NORTH}{path}", "eck_wrong")
    assert refused.status_code == 401
    for name in (SOUTH, CLOSED, DOWN, NONE):
        given = {"X-API-Key": shops.north}
        assert told(shops.get(f"/stores/{name}{path}", shops.north)) == told(refused), name
        for method in ("HEAD", "POST", "OPTIONS"):
            answer = shops.api.request(method, f"/stores/{name}{path}", headers=given)
            assert answer.status_code == 401, (name, method)


def told(response: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that an answer tells, but for its time and its number."""
    headers = [
        (name, value)
        for name, value in response.headers.items()
        if name not in ("date", "x-request-id")
    ]
    return response.status_code, response.content, headers


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/health/live", "", "/assets/x"])
def test_without_a_key_nobody_learns_whether_a_store_is_there(shops: Shops, path: str) -> None:
    of_store = told(shops.get(f"/stores/{NORTH}{path}"))
    for name in (SOUTH, CLOSED, DOWN, NONE):
        of_other = told(shops.get(f"/stores/{name}{path}"))
        assert str(of_other).replace(name, NORTH) == str(of_store)


@pytest.mark.parametrize(
    "target",
    [
        "/stores/north/../south/metrics",
        "/stores/north/..%2fsouth/metrics",
        "/stores/north/%2e%2e/south/metrics",
        "/stores/north/..%5csouth/metrics",
        "/stores/north%2f..%2fsouth/metrics",
        "/stores/north/assets/..%2f..%2fsouth/metrics",
        "/stores/north/stores/south/metrics",
        "/stores/south/assets/../metrics",
        "/stores/south/assets/..%2fmetrics",
        "/stores/south/health/live/../../metrics",
        "/stores/south/docs/..%2fmetrics",
        "/stores/south//metrics",
        "/stores/south/./metrics",
        "/stores//south/metrics",
        "//stores/south/metrics",
        "/stores/south%2fmetrics",
        "/stores/south%00/metrics",
        "/stores/SOUTH/metrics",
        "/stores/south;north/metrics",
        "/stores/south/metrics?store=north",
        "/stores/south/metrics#/stores/north",
        "http://north/stores/south/metrics",
        "/metrics",
    ],
)
def test_no_path_leads_from_one_store_to_another(shops: Shops, target: str) -> None:
    shops.get("/stores/south/metrics", shops.south)  # is kept
    status, body = shops.get_as_written(target, shops.north)
    assert status in (400, 401, 404), target
    assert SOUTH_ONLY.encode() not in body


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Original-URL": "/stores/south/metrics"},
        {"X-Rewrite-URL": "/stores/south/metrics"},
        {"X-Forwarded-Prefix": "/stores/south"},
        {"X-Forwarded-Host": "south"},
        {"X-Forwarded-Path": "/stores/south/metrics"},
        {"X-Script-Name": "/stores/south"},
        {"X-Store": "south"},
        {"Host": "south"},
        {"Referer": "http://127.0.0.1/stores/south/"},
    ],
)
def test_no_header_leads_from_one_store_to_another(shops: Shops, headers: dict[str, str]) -> None:
    for target, expected in (("/stores/north/metrics", 200), ("/stores/south/metrics", 401)):
        status, body = shops.get_as_written(target, shops.north, **headers)
        assert status == expected
        assert SOUTH_ONLY.encode() not in body


def test_an_etag_of_one_store_tells_nothing_of_it_and_nothing_at_another(shops: Shops) -> None:
    etag = shops.get("/stores/south/metrics", shops.south).headers["etag"]
    assert (
        shops.get("/stores/south/metrics", shops.south, **{"If-None-Match": etag}).status_code
        == 304
    )
    for given in (etag, "*", f"W/{etag}"):
        asked = {"If-None-Match": given}
        assert shops.get("/stores/south/metrics", shops.north, **asked).status_code == 401
        assert shops.get("/stores/south/metrics", "", **asked).status_code == 401
        assert shops.get("/stores/unknown/metrics", shops.south, **asked).status_code == 401
    north = shops.get("/stores/north/metrics", shops.north, **{"If-None-Match": etag})
    assert north.status_code == 200
    assert SOUTH_ONLY not in north.text


def test_links_between_pages_stay_within_the_store(shops: Shops) -> None:
    first = shops.get("/stores/north/orders?limit=1", shops.north)
    following = first.url.join(first.links["next"]["url"])
    assert following.path == "/stores/north/orders"
    assert shops.get(str(following), shops.north).status_code == 200


def test_the_list_has_a_row_for_each_store_that_the_key_reads(shops: Shops) -> None:
    def listed(key: str) -> dict[str, str]:
        answer = shops.get("/stores", key)
        assert answer.headers["cache-control"] == "no-store"
        return {row["store"]: row["currency"] for row in answer.json().get("items", [])}

    assert listed(shops.both).keys() == {NORTH, SOUTH}
    assert listed(shops.south) == {SOUTH: SOUTH_ONLY}
    assert listed(shops.north).keys() == {NORTH}
    assert listed("eck_wrong") == {}
    assert shops.get("/stores").status_code == 401

    (row,) = shops.get("/stores", shops.north).json()["items"]
    summary = shops.get(
        "/stores/north/metrics/summary",
        shops.north,
    )
    assert summary.status_code == 200
    assert row["as_of"] == summary.json()["as_of"]


def test_a_store_without_keys_answers_nobody_not_even_this_machine(shops: Shops) -> None:
    assert shops.get(f"/stores/{CLOSED}/metrics").status_code == 401
    assert shops.get(f"/stores/{CLOSED}/health/ready").status_code == 401


def test_readiness_is_of_all_stores_and_names_none(shops: Shops) -> None:
    ready = shops.get("/health/ready")
    assert ready.status_code == 503
    assert not any(name in ready.text for name in (NORTH, SOUTH, CLOSED, "gone"))
    assert shops.get("/health/live").json() == {"status": "up"}


def test_the_file_of_the_stores_is_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "stores.yaml"
    file.write_text("north: {store: Garden, home: /srv, api_database_url: postgresql://r@db/north}")
    assert read_routes(file)["north"].store == "Garden"
    for wrong in ("north", "North: {}", "north: {currency: euros}", "north: {a: [}"):
        file.write_text(wrong)
        with pytest.raises(StoresError, match=str(file)):
            read_routes(file)
