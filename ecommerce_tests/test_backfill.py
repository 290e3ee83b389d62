"""An operator's day at the running UI: a range is one run, a broken file blocks its day alone."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.dagster_instance.private import AssetCheckExecutionRecordStatus as Status
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import load_settings
from ecommerce_tests import postgres
from ecommerce_tests.contents import contents
from ecommerce_tests.dagster_private import PartitionKeyFilter
from ecommerce_tests.operator import TABLES, Operator
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product
from ecommerce_tests.torture.crowd import readers
from ecommerce_tests.waiting import until

DAYS = ["2024-03-05", "2024-03-06", "2024-03-07"]
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
ACCEPTED = dg.AssetCheckKey(dg.AssetKey(["staging", "orders"]), "accepted")


@pytest.fixture
def environment(
    tmp_path: Path, small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> SmallShop:
    """The small shop as the one that programs started from here work for."""
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", small_shop.url)
    monkeypatch.setenv("ECOMMERCE_LANDING", str(small_shop.landing))
    monkeypatch.setenv("ECOMMERCE_CURRENCY", "EUR")
    monkeypatch.setenv("ECOMMERCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECOMMERCE_FIRST_DAY", "2024-03-01")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return small_shop


@pytest.fixture
def instance(environment: SmallShop) -> Iterator[dg.DagsterInstance]:
    with open_instance(load_settings()) as opened:
        yield opened


def land_day(shop: SmallShop, day: str) -> None:
    shop.land("customers", day, customer(day))
    shop.land("products", day, product(updated_at=day))
    shop.land("orders", day, order(day, customer_id=day, ordered_at=f"{day}T10:00:00Z"))
    shop.land("order_items", day, item(f"I{day}", day))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def operator(environment: SmallShop) -> Iterator[Operator]:
    """The UI of `ecommerce serve`, its automation switched off."""
    port = free_port()
    arguments = ["serve", "--ui-port", str(port), "--api-port", str(free_port())]
    program = subprocess.Popen(
        [sys.executable, "-c", "from ecommerce_assets.cli import main; main()", *arguments],
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        someone = Operator(f"http://127.0.0.1:{port}")

        def answers() -> bool:
            assert program.poll() is None
            try:
                return bool(someone.ask("{ __typename }"))
            except (urllib.error.URLError, ConnectionError):
                return False

        until(answers, pause=0.5)
        someone.switch_off_automation()
        yield someone
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(60)


def latest(instance: dg.DagsterInstance, check: dg.AssetCheckKey, day: str) -> Status:
    (record,) = instance.event_log_storage.get_asset_check_execution_history(
        check, limit=1, partition_filter=PartitionKeyFilter(key=day)
    )
    return record.status


def test_a_range_then_a_broken_day_then_a_mended_one(
    environment: SmallShop, operator: Operator, instance: dg.DagsterInstance
) -> None:
    for day in DAYS:
        land_day(environment, day)
    backfill = operator.launch_backfill(TABLES, DAYS)
    assert operator.backfill_ended(backfill) == "COMPLETED_SUCCESS"
    (run,) = operator.runs()
    assert [run["tags"][tag] for tag in RANGE] == [DAYS[0], DAYS[-1]]
    for key in TABLES:
        assert instance.get_materialized_partitions(key) == set(DAYS), key
    assert environment.rows("select count(*) from analytics.fct_orders") == [(3,)]

    good = (environment.landing / "orders" / f"{DAYS[1]}.csv").read_bytes()
    environment.land_text("orders", f"{DAYS[1]}.csv", "something,else\n1,2\n")
    assert operator.materialize(DAYS[1])["status"] == "FAILURE"
    assert latest(instance, ACCEPTED, DAYS[1]) is Status.FAILED
    assert latest(instance, ACCEPTED, DAYS[0]) is Status.SUCCEEDED
    assert environment.rows("select count(*) from analytics.fct_orders") == [(3,)]

    (environment.landing / "orders" / f"{DAYS[1]}.csv").write_bytes(good)
    assert operator.materialize(DAYS[1])["status"] == "SUCCESS"
    assert latest(instance, ACCEPTED, DAYS[1]) is Status.SUCCEEDED


@pytest.mark.slow
def test_backfills_a_day_and_a_load_at_once_come_out_as_one_after_the_other(
    environment: SmallShop, operator: Operator, instance: dg.DagsterInstance, migrated_template: str
) -> None:
    for day in DAYS:
        land_day(environment, day)
    environment.land("order_items", DAYS[2], item(f"I{DAYS[0]}", DAYS[2]))

    with readers(environment.url) as seen:
        backfills = [operator.launch_backfill(TABLES, days) for days in (DAYS[:2], DAYS[1:])]
        run = operator.launch(DAYS[1])
        environment.load()

        assert operator.ended(run)["status"] == "SUCCESS"
        assert {operator.backfill_ended(one) for one in backfills} == {"COMPLETED_SUCCESS"}

    assert seen.snapshots > 0
    assert seen.contradictions == []
    spans = [(run["startTime"], run["endTime"]) for run in sorted(operator.runs(), key=started_at)]
    assert len(spans) == 3
    for (_, ended), (started, _) in pairwise(spans):
        assert ended <= started, "two runs of the queue wrote at once"
    with postgres.database(migrated_template) as url:
        rebuilt = SmallShop(environment.landing, url)
        rebuilt.load()
        assert contents(environment.url) == contents(url)


def started_at(run: dict[str, Any]) -> float:
    return float(run["startTime"])


def test_a_range_on_the_command_line_is_one_run(
    environment: SmallShop, instance: dg.DagsterInstance
) -> None:
    for day in DAYS:
        land_day(environment, day)
    command = ["asset", "materialize", "-m", "ecommerce_assets.definitions", "--partition-range"]

    done = subprocess.run(
        [
            *(sys.executable, "-m", "dagster", *command, f"{DAYS[0]}...{DAYS[-1]}"),
            *("--select", "group:staging or group:quarantine or group:analytics"),
        ],
        cwd=PROJECT_ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    (run,) = instance.get_runs()
    assert [run.tags[tag] for tag in RANGE] == [DAYS[0], DAYS[-1]]
    materialized = instance.get_materialized_partitions(dg.AssetKey(["analytics", "fct_orders"]))
    assert materialized == set(DAYS)
