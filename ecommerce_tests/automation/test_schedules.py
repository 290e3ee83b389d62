"""The schedules request each day once, in the store's time zone."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from ecommerce_assets.automation.schedules import day_before, load_yesterday
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.settings import Settings
from ecommerce_tests.dagster_private import cron_string_iterator
from ecommerce_tests.small_shop import SmallShop


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
