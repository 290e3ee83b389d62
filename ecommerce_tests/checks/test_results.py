"""Dagster gets each failed check for its day, also in runs over a range."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from ecommerce_assets.checks.feeds import FEED_CHECKS, feeds_of
from ecommerce_assets.checks.results import FailedCheck
from ecommerce_assets.checks.tables import TABLE_CHECKS
from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.dagster_instance.private import AssetCheckExecutionRecordStatus as Status
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.loading import Load, load
from ecommerce_assets.settings import load_settings
from ecommerce_tests.dagster_private import PartitionKeyFilter
from ecommerce_tests.small_shop import SmallShop, customer

SHARE = dg.AssetCheckKey(dg.AssetKey(["staging", "customers"]), "quarantine_share")
ACCEPTED = dg.AssetCheckKey(dg.AssetKey(["staging", "customers"]), "accepted")


@pytest.fixture
def instance(
    tmp_path: Path, small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """Dagster's own state in the database of the small shop, as it is kept in operation."""
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", small_shop.url)
    monkeypatch.setenv("ECOMMERCE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with open_instance(load_settings()) as opened:
        yield opened


def run(
    shop: SmallShop, instance: dg.DagsterInstance, first: str | None = None, last: str | None = None
) -> Load:
    days = (dt.date.fromisoformat(day) if day else None for day in (first, last))
    return load(shop.shop, instance, *days)


def statuses(instance: dg.DagsterInstance, check: dg.AssetCheckKey, day: str) -> list[Status]:
    """All results of a check for a day, the latest first."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        check, limit=20, partition_filter=PartitionKeyFilter(key=day)
    )
    return [record.status for record in records]


def evaluation(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, day: str
) -> dg.AssetCheckEvaluation:
    """What Dagster keeps of the latest result of a check for a day."""
    (record,) = instance.event_log_storage.get_asset_check_execution_history(
        check, limit=1, partition_filter=PartitionKeyFilter(key=day)
    )
    assert record.evaluation is not None
    return record.evaluation


def land(shop: SmallShop, day: str, bad: int) -> None:
    records = [customer(f"{day}-{n}") for n in range(20)]
    shop.land("customers", day, *records, *(customer(f"bad{n}", created_at="") for n in range(bad)))


def test_a_range_s_failures_are_told_for_their_days(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    for day, bad in (("2024-03-05", 0), ("2024-03-06", 5), ("2024-03-07", 0)):
        land(small_shop, day, bad)

    result = run(small_shop, instance)

    assert result.failures == []
    assert result.failed_checks == [
        FailedCheck("staging/customers", "quarantine_share", "WARN", ["2024-03-06"])
    ]
    latest = {day: statuses(instance, SHARE, f"2024-03-{day}")[0] for day in ("05", "06", "07")}
    assert latest == {"05": Status.SUCCEEDED, "06": Status.FAILED, "07": Status.SUCCEEDED}
    failed = evaluation(instance, SHARE, "2024-03-06")
    assert failed.severity is dg.AssetCheckSeverity.WARN
    assert failed.metadata["quarantined"].value == 5
    # Dagster keeps it once for each check and day, so it does not list the days of the range.
    passed = evaluation(instance, SHARE, "2024-03-05")
    assert passed.passed
    assert passed.metadata == {}


def test_a_day_s_failure_is_told_for_it(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    land(small_shop, "2024-03-06", 5)

    run(small_shop, instance, "2024-03-06", "2024-03-06")

    assert statuses(instance, SHARE, "2024-03-06") == [Status.FAILED]


def test_a_day_that_did_not_change_keeps_its_result(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    land(small_shop, "2024-03-05", 0)
    land(small_shop, "2024-03-06", 5)
    run(small_shop, instance)
    land(small_shop, "2024-03-07", 0)

    run(small_shop, instance)

    assert statuses(instance, SHARE, "2024-03-06")[0] is Status.FAILED
    assert statuses(instance, SHARE, "2024-03-05") == [Status.SUCCEEDED]
    assert statuses(instance, SHARE, "2024-03-07") == [Status.SUCCEEDED]


def test_mending_the_file_turns_the_day_s_result(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    land(small_shop, "2024-03-06", 5)
    run(small_shop, instance, "2024-03-06", "2024-03-06")
    land(small_shop, "2024-03-06", 0)

    run(small_shop, instance, "2024-03-06", "2024-03-06")

    assert statuses(instance, SHARE, "2024-03-06") == [Status.SUCCEEDED, Status.FAILED]


def test_a_refused_day_of_a_range_fails_alone(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    land(small_shop, "2024-03-05", 0)
    small_shop.land_text("customers", "2024-03-06.csv", "no,such,header\n1,2,3\n")
    land(small_shop, "2024-03-07", 0)

    result = run(small_shop, instance)

    assert [str(refusal.batch_date) for refusal in result.refusals] == ["2024-03-06"]
    latest = {day: statuses(instance, ACCEPTED, f"2024-03-{day}")[0] for day in ("05", "06", "07")}
    assert latest == {"05": Status.SUCCEEDED, "06": Status.FAILED, "07": Status.SUCCEEDED}
    materialized = instance.get_materialized_partitions(ACCEPTED.asset_key)
    assert materialized == {"2024-03-05", "2024-03-07"}


def test_a_day_can_fail_again_in_the_next_range(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    small_shop.land_text("customers", "2024-03-05.csv", "no,such,header\n1,2,3\n")
    for bad in (5, 6):
        land(small_shop, "2024-03-06", bad)

        result = run(small_shop, instance)

        assert result.failures == []
        assert [str(refusal.batch_date) for refusal in result.refusals] == ["2024-03-05"]
        assert statuses(instance, ACCEPTED, "2024-03-05")[0] is Status.FAILED
        (failed,) = instance.event_log_storage.get_asset_check_execution_history(
            SHARE, limit=1, partition_filter=PartitionKeyFilter(key="2024-03-06")
        )
        assert failed.event is not None
        evaluation = failed.event.get_dagster_event().event_specific_data
        assert isinstance(evaluation, dg.AssetCheckEvaluation)
        assert evaluation.metadata["quarantined"].value == bad


def test_accepted_judged_alone_tells_a_day_that_is_not_what_is_staged(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    land(small_shop, "2024-03-05", 0)
    run(small_shop, instance)
    job = dg.define_asset_job("alone", dg.AssetSelection.checks(ACCEPTED))
    defs = dg.Definitions.merge(build_defs(small_shop.shop), dg.Definitions(jobs=[job]))

    def judged_alone() -> Status:
        alone = defs.resolve_job_def("alone")
        tags = {f"dagster/asset_partition_range_{end}": "2024-03-05" for end in ("start", "end")}
        assert alone.execute_in_process(instance=instance, tags=tags).success
        return statuses(instance, ACCEPTED, "2024-03-05")[0]

    assert judged_alone() is Status.SUCCEEDED
    small_shop.land_text("customers", "2024-03-05.csv", "no,such,header\n1,2,3\n")
    assert judged_alone() is Status.FAILED


def test_the_audit_finds_what_no_day_names(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    land(small_shop, "2024-03-05", 0)
    land(small_shop, "2024-03-06", 0)
    run(small_shop, instance)
    with psycopg.connect(small_shop.url) as connection:
        connection.execute(
            """
            insert into analytics.dim_customer (customer_id, orders, net_revenue, is_inferred)
            values ('stray', 0, 0, false)
            """
        )
    audit = build_defs(small_shop.shop).resolve_job_def("audit")
    tags = {
        "dagster/asset_partition_range_start": "2024-03-05",
        "dagster/asset_partition_range_end": "2024-03-06",
    }

    assert audit.execute_in_process(instance=instance, tags=tags).success

    check = dg.AssetCheckKey(dg.AssetKey(["analytics", "dim_customer"]), "conservation")
    assert statuses(instance, check, "2024-03-06")[0] is Status.FAILED
    assert statuses(instance, check, "2024-03-05")[0] is Status.SUCCEEDED
    assert statuses(instance, ACCEPTED, "2024-03-06") == [Status.SUCCEEDED]


def test_the_graph_has_every_check_and_each_belongs_to_batch_days(small_shop: SmallShop) -> None:
    graph = build_defs(small_shop.shop).resolve_asset_graph()

    keys = {
        (key.asset_key.to_user_string().replace("/", "."), key.name)
        for key in graph.asset_check_keys
    }
    assert keys == {
        *((f"staging.{feed}", "accepted") for feed in FEEDS),
        *((f"staging.{f.name}", check.name) for check in FEED_CHECKS for f in feeds_of(check)),
        *((check.table.name, check.name) for check in TABLE_CHECKS),
    }
    assert all(graph.get(key).partitions_def for key in graph.asset_check_keys)
