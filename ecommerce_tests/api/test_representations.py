"""ETags, gzip, CSV and pages of answers; and no answer is older than a second."""

import csv
import datetime as dt
import gzip
import io
import time
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from http.client import HTTPConnection

import httpx
import psycopg
import pytest

from ecommerce_api.caching import CACHE_BYTES, AnswerCache, CachedAnswer
from ecommerce_api.fields import Amount, Fields, Listing, quotient
from ecommerce_api.representations import as_csv, prefers_csv
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_tests.api.live import served

LISTS = [
    "/metrics",
    "/metrics/daily",
    "/ltv/30",
    "/retention/30",
    "/inventory/alerts",
    "/orders",
    "/quarantine",
    "/quarantine/summary",
    "/restatements",
    "/reports",
]
OTHERS = ["/metrics/summary", "/lineage/order/O00000001", "/health/live", "/health/ready", "/"]


@pytest.mark.parametrize("path", [*LISTS, *OTHERS, "/openapi.json", "/docs", "/assets/docs.js"])
def test_every_answer_has_a_tag_that_is_answered_with_304(
    plain_api: httpx.Client, path: str
) -> None:
    first = plain_api.get(path)
    again = plain_api.get(path, headers={"If-None-Match": first.headers["etag"]})
    other = plain_api.get(path, headers={"If-None-Match": '"something-else"'})

    assert first.status_code == other.status_code == 200
    assert other.headers["etag"] == first.headers["etag"]
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("given", ["*", 'W/{}, "x"', '"x", {}'])
def test_a_tag_is_found_in_a_list(plain_api: httpx.Client, given: str) -> None:
    tag = plain_api.get("/metrics/daily").headers["etag"]

    response = plain_api.get("/metrics/daily", headers={"If-None-Match": given.format(tag)})

    assert response.status_code == 304


def test_answers_of_the_warehouse_carry_its_date_and_currency(plain_api: httpx.Client) -> None:
    for path in [*LISTS, "/metrics/summary", "/lineage/order/O00000001", "/health/ready"]:
        answer = plain_api.get(path).json()
        assert (answer["as_of"], answer["currency"]) == ("2024-03-29", "EUR")


def test_the_tag_changes_when_the_data_does(api: httpx.Client, plain_url: str) -> None:
    before = api.get("/metrics/daily")
    with psycopg.connect(plain_url) as connection:
        connection.execute("update analytics.fct_revenue_daily set orders = orders + 1")
        bump_version(connection)
    time_of_commit = time.monotonic()

    while (after := api.get("/metrics/daily")).text == before.text:
        assert time.monotonic() - time_of_commit < 1, "an answer was older than a second"

    assert after.headers["etag"] != before.headers["etag"]
    conditional = api.get("/metrics/daily", headers={"If-None-Match": before.headers["etag"]})
    assert conditional.status_code == 200


def test_what_the_change_did_not_touch_keeps_its_tag(api: httpx.Client, plain_url: str) -> None:
    before = api.get("/ltv/30")
    with psycopg.connect(plain_url) as connection:
        version = connection.execute("select version from ops.warehouse_version").fetchone()
        bump_version(connection)
    assert version is not None

    tag = {"If-None-Match": before.headers["etag"]}
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        assert api.get("/ltv/30", headers=tag).status_code == 304


def test_large_answers_are_zipped_for_who_accepts_it(plain_api: httpx.Client) -> None:
    url = plain_api.base_url.join("/metrics/daily")
    with httpx.Client() as raw:
        for accepted, is_zipped in [
            ("gzip", True),
            ("br, gzip;q=0.5", True),
            ("*", True),
            ("identity", False),
            ("gzip;q=0", False),
        ]:
            with raw.stream("GET", url, headers={"Accept-Encoding": accepted}) as response:
                body = b"".join(response.iter_raw())
            assert response.headers.get("content-encoding") == ("gzip" if is_zipped else None)
            assert "Accept-Encoding" in response.headers["vary"]
            assert int(response.headers["content-length"]) == len(body)
            assert (gzip.decompress(body) if is_zipped else body).startswith(b'{"as_of"')
    small = plain_api.get("/health/live", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


def test_the_zipped_answer_has_a_tag_of_its_own(plain_api: httpx.Client) -> None:
    plain = plain_api.get("/metrics/daily", headers={"Accept-Encoding": "identity"})
    zipped = plain_api.get("/metrics/daily", headers={"Accept-Encoding": "gzip"})

    assert plain.headers["etag"] != zipped.headers["etag"]
    assert plain.text == zipped.text


@pytest.mark.parametrize("path", LISTS)
def test_every_list_can_be_had_as_csv(plain_api: httpx.Client, path: str) -> None:
    listed = plain_api.get(path).json()

    response = plain_api.get(path, headers={"Accept": "text/csv"})

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["x-as-of"] == "2024-03-29"
    assert response.headers["x-currency"] == "EUR"
    assert response.headers.get("x-total-count") == (
        str(listed["total"]) if "total" in listed else None
    )
    header, *rows = csv.reader(io.StringIO(response.text))
    assert len(rows) == len(listed["items"])
    for row, item in zip(rows, listed["items"], strict=True):
        assert header == list(item)
        for cell, value in zip(row, item.values(), strict=True):
            if isinstance(value, int) and not isinstance(value, bool):
                assert int(cell) == value
            elif isinstance(value, str):
                assert cell.removeprefix("'") == value
    assert response.headers["etag"] != plain_api.get(path).headers["etag"]


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        ("text/csv", True),
        ("text/*", True),
        ("text/csv, */*;q=0.1", True),
        ("text/csv;q=0.5, application/json", False),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("text/csv;q=x", False),
    ],
)
def test_csv_is_given_to_who_prefers_it(accept: str, is_csv: bool) -> None:
    assert prefers_csv(accept) is is_csv


class _Row(Fields):
    amount: Amount
    text: str | None
    flag: bool


class _Rows(Listing):
    items: Sequence[_Row]


def test_csv_runs_no_formula_and_keeps_amounts_exact() -> None:
    harmful = ["=1+1", "+1", "-1", "@x", "|x", "\t=1", " =1", "＝1", "\r=1"]
    harmless = ["a=1", "1-1", "plain", 'quo"ted, and\nbroken']
    rows = [
        _Row(amount=Decimal("-1234567890123456.70"), text=text, flag=True)
        for text in (*harmful, *harmless, None)
    ]

    written = as_csv(_Rows(as_of=dt.date(2024, 3, 29), currency="EUR", items=rows))

    header, *cells = csv.reader(io.StringIO(written, newline=""))
    assert header == ["amount", "text", "flag"]
    assert {row[0] for row in cells} == {"-1234567890123456.70"}
    assert [row[1] for row in cells] == [*(f"'{text}" for text in harmful), *harmless, ""]
    assert {row[2] for row in cells} == {"true"}


def test_pages_are_linked_and_keep_the_other_parameters(plain_api: httpx.Client) -> None:
    first = plain_api.get("/quarantine?feed=orders&limit=50")
    total = first.json()["total"]
    assert total > 100
    assert "prev" not in first.links
    second = plain_api.get(first.url.join(first.links["next"]["url"]))
    last = plain_api.get(first.url.join(first.links["last"]["url"]))

    assert second.url.params["feed"] == "orders"
    assert second.json()["items"][0] not in first.json()["items"]
    assert second.url.join(second.links["prev"]["url"]) == first.url.copy_add_param("offset", "0")
    assert "next" not in last.links
    assert len(last.json()["items"]) == (total - 1) % 50 + 1
    beyond = plain_api.get("/quarantine", params={"offset": 100_000})
    assert beyond.json()["items"] == []
    assert plain_api.get(beyond.url.join(beyond.links["prev"]["url"])).json()["items"]


def test_head_has_the_headers_of_get_and_no_body(
    plain_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = ["/nothing", "/metrics/daily?limit=x", "/lineage/order/NONE", "/reports/revenue.png"]
    # An API of its own, which has cached no answer yet.
    with served(plain_url) as client, closing(connection_to(client)) as connection:

        def ask(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
            connection.request(method, path, headers={"Accept-Encoding": "gzip"})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()

        for path in [*LISTS, *OTHERS, "/docs", "/assets/docs.js", *wrong]:
            asked, got, again = (ask(method, path) for method in ("HEAD", "GET", "HEAD"))
            assert asked[2] == again[2] == b""
            assert asked[0] == got[0] == again[0]
            for name in ("etag", "content-type", "content-encoding", "content-length"):
                assert asked[1].get(name) == got[1].get(name) == again[1].get(name)
            assert int(got[1]["content-length"]) == len(got[2])

    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def connection_to(client: httpx.Client) -> HTTPConnection:
    """Open one connection for all requests: one that breaks off shows."""
    connection = HTTPConnection(client.base_url.host, client.base_url.port, timeout=10)
    connection.connect()
    connection.auto_open = 0
    return connection


def test_an_answer_is_kept_only_for_its_version_and_within_the_bound() -> None:
    cache = AnswerCache()
    small = CachedAnswer("/x", [], b"x")
    key = ("/x", b"", False)
    assert cache.get("1", key) is None
    cache.put("1", key, small)
    assert cache.get("1", key) is small
    cache.put("2", key, CachedAnswer("/x", [], b"of another version"))
    cache.put(None, ("/y", b"", False), small)
    assert cache.get("1", key) is small
    assert cache.get("1", ("/y", b"", False)) is None

    eighth = CachedAnswer("/x", [], bytes(CACHE_BYTES // 8 - 5000))
    for number in range(10):
        cache.put("1", ("/x", str(number).encode(), False), eighth)
        assert cache.get("1", ("/x", b"0", False)) is eighth, "the most recently used stays"
    assert cache.get("1", key) is None
    assert cache.get("1", ("/x", b"1", False)) is None
    assert cache.get("1", ("/x", b"9", False)) is eighth
    cache.put("1", key, CachedAnswer("/x", [], bytes(CACHE_BYTES)))
    assert cache.get("1", key) is None

    assert cache.get("2", ("/x", b"9", False)) is None


@pytest.mark.parametrize(
    ("above", "below", "places", "result"),
    [
        (1, 8, 2, "0.13"),
        (-1, 8, 2, "-0.13"),
        (Decimal("99999999999999999999.99"), 3, 2, "33333333333333333333.33"),
        # In floats, and in a division cut to a few places first, this is 0.01.
        (Decimal("0.00499999999999999999999999"), 1, 2, "0.00"),
        (1, 3, 4, "0.3333"),
        (0, 3, 2, "0.00"),
    ],
)
def test_quotients_are_exact_half_up(
    above: Decimal | int, below: int, places: int, result: str
) -> None:
    assert str(quotient(above, below, places)) == result
    assert quotient(above, 0, places) is None
