"""What runs by itself asks for exactly the days that it should, and tells of what failed."""

import datetime as dt
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from ecommerce_assets import automation
from ecommerce_assets.automation import day_before, failure_hooks, late_files, load_yesterday
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import load
from ecommerce_assets.partitions import batch_days
from ecommerce_assets.settings import Settings
from ecommerce_assets.shop import Shop
from ecommerce_tests.small_shop import NOW, SmallShop, customer, product


def ticks(settings: Settings, start: dt.datetime, count: int) -> Iterator[dt.datetime]:
    """When the schedule's clock strikes, from a moment on."""
    schedule = load_yesterday(settings)
    strikes = cron_string_iterator(
        start.timestamp(), str(schedule.cron_schedule), settings.timezone
    )
    for _ in range(count):
        yield next(strikes)


@pytest.mark.parametrize("load_at", ["02:30", "01:30", "00:00", "23:30"])
@pytest.mark.parametrize("timezone", ["America/New_York", "Europe/London", "Asia/Kolkata"])
def test_the_schedule_asks_for_every_day_once_over_both_changes_of_the_clock(
    timezone: str, load_at: str
) -> None:
    # In 2025 New York lost an hour on 9 March and had one twice on 2 November.
    settings = Settings(_env_file=None, timezone=timezone, load_at=load_at)
    start = dt.datetime(2025, 1, 10, tzinfo=ZoneInfo(timezone))

    asked = [day_before(tick, timezone) for tick in ticks(settings, start, 365)]

    assert asked == [asked[0] + dt.timedelta(n) for n in range(365)]
    assert asked[0] == dt.date(2025, 1, 9)


def test_yesterday_is_the_store_s_not_that_of_utc(tmp_path: Path, database_url: str) -> None:
    shop = SmallShop(
        tmp_path, database_url, timezone="Pacific/Auckland", load_at="03:00", first_day="2025-01-01"
    )
    tick = dt.datetime(2025, 6, 10, 3, tzinfo=ZoneInfo("Pacific/Auckland"))  # in UTC still the 9th
    repository = build_defs(shop.shop).get_repository_def()

    context = dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository)
    data = repository.get_schedule_def("load_yesterday").evaluate_tick(context)

    (request,) = data.run_requests or []
    assert request.partition_key == "2025-06-09"
    assert request.tags["dagster/partition"] == "2025-06-09"


class Look:
    """The sensor, looked through again and again, with the cursor that it keeps."""

    def __init__(self, shop: SmallShop) -> None:
        self.shop = shop
        self.cursor: str | None = None

    def __call__(self) -> list[str]:
        repository = build_defs(self.shop.shop).get_repository_def()
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(
                instance, cursor=self.cursor, repository_def=repository
            )
            data = repository.get_sensor_def("late_files").evaluate_tick(context)
        self.cursor = data.cursor
        return [_days(request) for request in data.run_requests or []]


def _days(request: dg.RunRequest) -> str:
    tags = request.tags
    if "dagster/partition" in tags:
        return tags["dagster/partition"]
    return " to ".join(tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end"))


@pytest.fixture
def look(small_shop: SmallShop) -> Look:
    for day in ("2024-03-04", "2024-03-05", "2024-03-06", "2024-03-08"):
        small_shop.land("customers", day, customer(day))
    return Look(small_shop)


def test_what_was_never_loaded_is_asked_for_in_spans(look: Look) -> None:
    assert look() == ["2024-03-04 to 2024-03-06", "2024-03-08"]
    assert look() == []


def test_what_is_loaded_is_not_asked_for(look: Look) -> None:
    look.shop.load()

    assert look() == []


def test_new_replaced_and_removed_files_are_asked_for_by_their_day(look: Look) -> None:
    look.shop.load()
    look()
    look.shop.land("products", "2024-03-05", product())
    (look.shop.landing / "customers" / "2024-03-08.csv").unlink()
    assert look() == ["2024-03-05", "2024-03-08"]
    look.shop.load()
    look.shop.land("customers", "2024-03-04", customer("another"))

    assert look() == ["2024-03-04"]


def test_a_file_that_was_only_touched_is_no_change(look: Look) -> None:
    look.shop.load()
    look()
    os.utime(look.shop.landing / "customers" / "2024-03-05.csv", (1, 1))

    assert look() == []


def test_a_file_that_cannot_be_read_is_asked_for_once_and_holds_up_no_other(look: Look) -> None:
    look.shop.load()
    look()
    gone = look.shop.landing / "customers" / "2024-03-05.csv"
    gone.unlink()
    gone.symlink_to(gone.with_name("nowhere"))
    look.shop.land("customers", "2024-03-08", customer("another"))

    asked = look()

    assert "2024-03-08" in asked
    assert look() == []


def test_an_edit_that_keeps_size_and_time_is_found_in_turn(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automation, "FEED_DAYS_READ_IN_TURN", 2)
    look.shop.load()
    look()
    path = look.shop.landing / "customers" / "2024-03-08.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"DE", b"FR"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert [look() for _ in range(4)].count(["2024-03-08"]) == 1


def test_a_refused_content_is_not_asked_for_again(look: Look) -> None:
    look.shop.load()
    look()
    look.shop.land_text("customers", "2024-03-05.csv", "something,else\n1,2\n")

    assert look() == ["2024-03-05"]
    assert [look() for _ in range(3)] == [[], [], []]


def test_a_change_that_is_taken_back_is_asked_for_both_ways(look: Look) -> None:
    look.shop.load()
    look()
    path = look.shop.landing / "customers" / "2024-03-05.csv"
    before = path.read_bytes()
    look.shop.land("customers", "2024-03-05", customer("another"))
    assert look() == ["2024-03-05"]
    look.shop.load()
    path.write_bytes(before)

    assert look() == ["2024-03-05"]


def test_days_that_the_schedule_has_yet_to_load_are_left_to_it(small_shop: SmallShop) -> None:
    today = NOW.date()
    for ago in (0, 1, 2):
        day = str(today - dt.timedelta(ago))
        small_shop.land("customers", day, customer(day))
    look = Look(small_shop)

    assert look() == ["2026-05-30 to 2026-05-31"]

    early = Look(small_shop)
    early.shop.shop = Shop(small_shop.settings, now=lambda: NOW.replace(hour=2))
    assert early() == ["2026-05-30"]


def test_many_changes_are_read_over_several_looks(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automation, "FEED_DAYS_READ_AT_ONCE", 3)

    assert look() == ["2024-03-04 to 2024-03-06"]
    assert look() == ["2024-03-08"]
    assert look() == []


def test_an_unreadable_landing_zone_is_a_skip_with_its_sentence(small_shop: SmallShop) -> None:
    small_shop.landing.rmdir()
    sensor = late_files(small_shop.shop, batch_days(small_shop.shop))

    with dg.DagsterInstance.ephemeral() as instance:
        data = sensor.evaluate_tick(dg.build_sensor_context(instance))

    assert not data.run_requests
    assert "ECOMMERCE_LANDING" in str(data.skip_message)


def test_every_asset_is_to_be_fresh_by_the_store_s_clock(tmp_path: Path, database_url: str) -> None:
    shop = SmallShop(tmp_path, database_url, timezone="Pacific/Auckland", load_at="23:30")
    graph = build_defs(shop.shop).resolve_asset_graph()

    policies = {graph.get(key).freshness_policy for key in graph.executable_asset_keys}

    assert policies == {
        dg.FreshnessPolicy.cron(
            deadline_cron="30 1 * * *",
            lower_bound_delta=dt.timedelta(hours=2),
            timezone="Pacific/Auckland",
        )
    }


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
        with dg.DagsterInstance.ephemeral() as instance:
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
