"""Request ids, log lines and metrics; unexpected errors are logged and not shown."""

import json
from collections.abc import Callable

import httpx
import psycopg
import pytest

from ecommerce_tests.api.live import served
from ecommerce_tests.api.test_errors import problem

Log = Callable[[], list[dict[str, object]]]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    """Give a function that reads the lines which the API has logged since its last call."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_request_is_one_line_of_json(api: httpx.Client, log: Log) -> None:
    response = api.get("/metrics/daily?start=2024-03-01", headers={"X-Request-ID": "from-proxy.1"})
    api.get("/metrics/daily?start=2024-03-01")

    first, second = (line for line in log() if line["path"] == "/metrics/daily")
    assert first["request_id"] == response.headers["x-request-id"] == "from-proxy.1"
    assert (first["method"], first["status"], first["cached"]) == ("GET", 200, False)
    assert first["client"] == "127.0.0.1"
    assert isinstance(first["bytes"], int)
    assert first["bytes"] > 0
    assert second["cached"] is True
    assert "start" not in json.dumps(first)


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, 'a"b'])
def test_an_id_that_is_none_is_replaced(plain_api: httpx.Client, given: str) -> None:
    response = plain_api.get("/health/live", headers={"X-Request-ID": given})

    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 16


def test_prometheus_gets_its_figures(api: httpx.Client) -> None:
    api.get("/metrics/daily")
    api.get("/metrics/daily")
    api.get("/ltv/15")
    api.get("/nothing/of/that/name")
    api.request("DELETE", "/metrics/daily")

    figures = api.get("/internal/metrics").text.splitlines()

    name = "ecommerce_api_requests_total"
    assert f'{name}{{method="GET",route="/metrics/daily",status="200"}} 2.0' in figures
    assert f'{name}{{method="GET",route="/ltv/{{days}}",status="422"}} 1.0' in figures
    assert f'{name}{{method="GET",route="(none)",status="404"}} 1.0' in figures
    assert any(line.startswith(f'{name}{{method="(other)"') for line in figures)
    assert "ecommerce_api_cached_answers_total 1.0" in figures
    assert 'ecommerce_api_request_seconds_count{route="/metrics/daily"} 3.0' in figures
    assert any(line.startswith('ecommerce_api_connections{state="open"}') for line in figures)


def test_a_fault_of_the_program_shows_nothing_and_is_logged(plain_url: str, log: Log) -> None:
    """A table that is not as this program made it is a fault that no operator can mend."""
    with psycopg.connect(plain_url) as connection:
        connection.execute("alter table analytics.fct_revenue_daily add column secret text")
    with served(plain_url) as client:
        response = client.get("/metrics/daily")

        assert response.headers["x-request-id"] in problem(response, 500)["detail"]
        assert "secret" not in response.text
        assert client.get("/ltv/30").status_code == 200
    (fault,) = (line for line in log() if line["level"] == "error")
    assert fault["request_id"] == response.headers["x-request-id"]
    assert "ValidationError" in str(fault["exception"])


def test_what_a_browser_gets_is_taken_for_what_it_is_said_to_be(plain_api: httpx.Client) -> None:
    for path in ("/metrics/daily", "/nothing", "/docs"):
        assert plain_api.get(path).headers["x-content-type-options"] == "nosniff"
