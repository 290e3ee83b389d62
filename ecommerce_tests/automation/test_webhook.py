"""The webhook gets failures only."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from ecommerce_assets.automation.webhook import failure_hooks
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import load
from ecommerce_assets.settings import Settings
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop, customer


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook that keeps what is posted to it."""
    messages: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            messages.append(json.loads(self.rfile.read(length)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", messages
    server.shutdown()
    server.server_close()


def test_failures_and_failed_checks_are_posted_and_passes_are_not(
    small_shop: SmallShop, received: tuple[str, list[dict[str, Any]]]
) -> None:
    url, messages = received
    settings = Settings(_env_file=None, webhook_url=url)
    of_failure, of_success = failure_hooks(settings)
    repository = build_defs(small_shop.shop).get_repository_def()

    def run_and_tell(sensor: dg.SensorDefinition, day: str) -> None:
        with in_memory() as instance:
            date = dt.date.fromisoformat(day)
            result = load(small_shop.shop, instance, date, date)
            run = instance.get_run_by_id(result.run_id)
            assert run is not None
            (event,) = instance.get_records_for_run(
                run.run_id,
                of_type=dg.DagsterEventType.RUN_FAILURE
                if run.status is dg.DagsterRunStatus.FAILURE
                else dg.DagsterEventType.RUN_SUCCESS,
            ).records
            sensor(
                dg.build_run_status_sensor_context(
                    sensor_name=sensor.name,
                    dagster_event=event.event_log_entry.get_dagster_event(),
                    dagster_instance=instance,
                    dagster_run=run,
                    repository_def=repository,
                )
            )

    small_shop.land("customers", "2024-03-04", *(customer(f"C{n}") for n in range(30)))
    run_and_tell(of_success, "2024-03-04")
    assert messages == []

    bad = [customer("secret@example.com", created_at="") for _ in range(5)]
    small_shop.land("customers", "2024-03-05", *(customer(f"C{n}") for n in range(30)), *bad)
    run_and_tell(of_success, "2024-03-05")
    (message,) = messages
    assert message["status"] == "SUCCESS"
    assert message["failed_checks"] == [
        {
            "asset": "staging/customers",
            "check": "quarantine_share",
            "severity": "WARN",
            "days": ["2024-03-05"],
        }
    ]

    small_shop.land_text("orders", "2024-03-06.csv", "no header\n")
    run_and_tell(of_failure, "2024-03-06")
    message = messages[-1]
    assert message["status"] == "FAILURE"
    assert message["errors"][0].startswith("accepted: orders of 2024-03-06 was refused: ")
    assert "2024-03-06.csv" in message["text"]
    assert "example.com" not in json.dumps(messages)


def test_without_a_webhook_there_is_no_hook() -> None:
    assert failure_hooks(Settings(_env_file=None)) == []
