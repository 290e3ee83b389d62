"""Every error is a problem that says what to do, without internal details."""

from typing import Any

import httpx
import pytest


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that a response is a problem of that status, and give it."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "etag" not in response.headers
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    assert told["type"] == "about:blank"
    assert told["title"]
    assert "Traceback" not in told["detail"]
    return told


@pytest.mark.parametrize(
    ("path", "parameter", "value", "message"),
    [
        (
            "/metrics/daily?start=2024-03-02&end=2024-03-01",
            "end",
            "2024-03-01",
            "is before start (2024-03-02)",
        ),
        (
            "/metrics/summary?start=2030-01-01",
            "end",
            "2024-03-29",
            "is before start (2030-01-01)",
        ),
        (
            "/metrics/daily?start=2021-03-25&end=2024-03-29",
            "start",
            "2021-03-25",
            "asks for 1,101 days (2021-03-25 to 2024-03-29); ask for 1,100 at most",
        ),
        (
            "/metrics/summary?start=2021-03-25",
            "start",
            "2021-03-25",
            "asks for 1,101 days (2021-03-25 to 2024-03-29); ask for 1,100 at most",
        ),
        ("/metrics/daily?start=", "start", "", "is no date; write it as YYYY-MM-DD"),
        (
            "/metrics/daily?start=20240301",
            "start",
            "20240301",
            "is no date; write it as YYYY-MM-DD",
        ),
        (
            "/metrics/daily?start=2024-02-30",
            "start",
            "2024-02-30",
            "is not in the calendar",
        ),
        (
            "/metrics/daily?refunds=never",
            "refunds",
            "never",
            "is not one of 'return_date' or 'order_date'",
        ),
        (
            "/metrics/daily?strat=2024-03-01",
            "strat",
            "2024-03-01",
            "is no parameter here; /docs shows those that there are",
        ),
        ("/ltv/15", "days", "15", "is not one of 7, 30 or 90"),
        ("/retention/x", "days", "x", "is not one of 7, 30 or 90"),
        ("/ltv/30?by=year", "by", "year", "is not one of 'day', 'week' or 'month'"),
        ("/ltv/30?include_partial=maybe", "include_partial", "maybe", "is neither true nor false"),
        (
            "/ltv/30?start=2024-03-02&end=2024-03-01",
            "end",
            "2024-03-01",
            "is before start (2024-03-02)",
        ),
        ("/inventory/alerts?limit=1001", "limit", "1001", "is above 1000"),
        ("/inventory/alerts?limit=0", "limit", "0", "is below 1"),
        ("/quarantine?limit=ten", "limit", "ten", "is no whole number"),
        ("/quarantine?offset=-1", "offset", "-1", "is below 0"),
        (
            "/inventory/alerts?warehouse=%00",
            "warehouse",
            "\0",
            "holds a NUL character, which no stored text does",
        ),
        (
            "/lineage/order/O%001",
            "order_id",
            "O\x001",
            "holds a NUL character, which no stored text does",
        ),
        (
            "/quarantine?stage=both",
            "stage",
            "both",
            "is not one of 'row' or 'relation'",
        ),
        (
            "/restatements?start=2024-03-02&end=2024-03-01",
            "end",
            "2024-03-01",
            "is before start (2024-03-02)",
        ),
    ],
)
def test_a_bad_parameter_is_named_with_its_value(
    plain_api: httpx.Client, path: str, parameter: str, value: str, message: str
) -> None:
    told = problem(plain_api.get(path), 422)

    assert told["errors"] == [{"parameter": parameter, "value": value, "message": message}]
    assert told["detail"] == f"{parameter}: {value!r} {message}."


def test_all_bad_parameters_are_told_at_once(plain_api: httpx.Client) -> None:
    told = problem(plain_api.get("/quarantine?limit=0&offset=-1&feed=x"), 422)

    assert {fault["parameter"] for fault in told["errors"]} == {"limit", "offset", "feed"}


def test_1100_days_are_answered(plain_api: httpx.Client) -> None:
    for path in ("/metrics/daily", "/metrics/summary"):
        period = {"start": "2021-03-26", "end": "2024-03-29"}
        assert plain_api.get(path, params=period).status_code == 200


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/lineage/order/NONE", "No order 'NONE' was ever taken in"),
        ("/reports/revenue.png", "There is no report revenue.png"),
        ("/reports/revenue.svg", "There is no report revenue.svg"),
        ("/metrics", None),
        ("/metrics/", "There is nothing at /metrics/"),
        ("/lineage/orders/O1", "There is nothing at /lineage/orders/O1"),
    ],
)
def test_what_is_not_there_is_not_found(
    plain_api: httpx.Client, path: str, detail: str | None
) -> None:
    response = plain_api.get(path)

    if detail is None:
        assert response.status_code == 200
    else:
        assert problem(response, 404)["detail"].startswith(detail)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(plain_api: httpx.Client, method: str) -> None:
    response = plain_api.request(method, "/metrics/daily")

    assert problem(response, 405)["detail"] == "/metrics/daily can only be read; use GET."
    assert response.headers["allow"] == "GET"


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "%2e%2e", "a.b", "A", "%00", "x" * 65])
def test_a_report_cannot_be_outside_of_its_folder(plain_api: httpx.Client, name: str) -> None:
    problem(plain_api.get(f"/reports/{name}.png"), 404)


def test_an_empty_warehouse_is_not_there_yet(database_url: str) -> None:
    from ecommerce_tests.api.live import served

    with served(database_url) as client:
        for path in ("/metrics/daily", "/ltv/30", "/reports", "/health/ready"):
            response = client.get(path)
            told = problem(response, 503)
            assert told["detail"] == "The warehouse holds no data yet; run `ecommerce load`."
            assert int(response.headers["retry-after"]) > 0
        assert client.get("/health/live").json() == {"status": "up"}
