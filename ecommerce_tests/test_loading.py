"""Loads under difficult conditions: refusals, locks, changed settings."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from ecommerce_assets.definitions import build_defs
from ecommerce_assets.feeds.landing import LandingError
from ecommerce_assets.loading import load, rebuild
from ecommerce_assets.warehouse.frozen_settings import SettingsChangedError
from ecommerce_assets.warehouse.session import connect
from ecommerce_assets.warehouse.transaction import LockHeldError, RunTransaction
from ecommerce_tests import postgres
from ecommerce_tests.contents import contents
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop, customer, item, load_days, order, product
from ecommerce_tests.waiting import until

DAY, NEXT_DAY = "2024-03-05", "2024-03-06"


def land_two_days(shop: SmallShop) -> None:
    for number, day in enumerate((DAY, NEXT_DAY), start=1):
        shop.land("customers", day, customer())
        shop.land("products", day, product())
        shop.land("orders", day, order(f"O{number}", ordered_at=f"{day}T10:00:00Z"))
        shop.land("order_items", day, item(f"I{number}", f"O{number}"))


def orders_of(shop: SmallShop) -> list[str]:
    return [key for (key,) in shop.rows("select order_id from analytics.fct_orders order by 1")]


def test_loading_again_changes_nothing_and_says_so(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    assert small_shop.load().is_changed
    before = contents(small_shop.url)

    again = small_shop.load()

    assert not again.is_changed
    assert contents(small_shop.url) == before


def test_progress_names_a_computation_when_it_begins(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    shares: dict[str, list[float]] = {}

    def report(step: str, share: float) -> None:
        shares.setdefault(step, []).append(share)

    load_days(dataclasses.replace(small_shop.shop, progress=report))

    for step in ("computing orders", "computing dates", "checking tables"):
        assert shares[step][0] == 0, step
        assert shares[step][-1] == 1, step


def test_a_day_whose_files_are_gone_takes_back_what_it_said(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load()
    for file in small_shop.landing.glob(f"*/{NEXT_DAY}.csv"):
        file.unlink()

    small_shop.load()

    assert orders_of(small_shop) == ["O1"]
    assert small_shop.rows("select max(date)::text from analytics.fct_revenue_daily") == [(DAY,)]


def test_an_item_that_moves_between_orders_leaves_the_old_one(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load()
    moved = item("I1", "O2", ingested_at=f"{NEXT_DAY}T20:00:00Z")
    small_shop.land("order_items", NEXT_DAY, item("I2", "O2"), moved)

    small_shop.load(NEXT_DAY, NEXT_DAY)

    lines = "select order_id, lines, gross_amount::text from analytics.fct_orders order by 1"
    assert small_shop.rows(lines) == [("O1", 0, "0.00"), ("O2", 2, "40.00")]
    small_shop.land("order_items", NEXT_DAY, item("I2", "O2"))
    small_shop.load(NEXT_DAY, NEXT_DAY)
    assert small_shop.rows(lines) == [("O1", 1, "20.00"), ("O2", 1, "20.00")]


def test_a_refused_feed_day_fails_alone_and_the_rest_is_loaded(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load()
    small_shop.land_text("orders", f"{DAY}.csv", "order,when\nO1,today\n")
    small_shop.land("orders", NEXT_DAY, order("O2"), order("O3"))
    small_shop.land("orders", "2024-03-07", order("O4"))

    with in_memory() as instance:
        result = load(small_shop.shop, instance)
        orders = instance.get_materialized_partitions(dg.AssetKey(["staging", "orders"]))
        facts = instance.get_materialized_partitions(dg.AssetKey(["analytics", "fct_orders"]))
        run = instance.get_run_by_id(result.run_id)
        checks = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(["staging", "orders"]), "accepted"), limit=10
        )

    assert [refusal.sentence for refusal in result.refusals] == [
        f"orders of {DAY} was refused: {DAY}.csv: the header has no column order_id, status,"
        " ordered_at, ingested_at; land the orders export here."
    ]
    assert result.failures == []
    assert orders == {NEXT_DAY, "2024-03-07"}
    assert facts == {DAY, NEXT_DAY, "2024-03-07"}
    assert orders_of(small_shop) == ["O1", "O2", "O3", "O4"]
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    failed = {check.partition for check in checks if check.status.value == "FAILED"}
    assert DAY in failed
    assert NEXT_DAY not in failed


def test_a_mended_file_clears_the_refusal(small_shop: SmallShop) -> None:
    small_shop.land_text("orders", f"{DAY}.csv", "")
    assert len(small_shop.load().refusals) == 1
    small_shop.land("orders", DAY, order())

    assert small_shop.load().refusals == []
    assert orders_of(small_shop) == ["O1"]


def test_a_day_of_a_hundred_records_of_which_more_than_half_are_bad_is_refused(
    small_shop: SmallShop,
) -> None:
    good = [customer(f"C{number}") for number in range(50)]
    bad = [customer(f"B{number}", created_at="never") for number in range(51)]
    small_shop.land("customers", DAY, *good, *bad[:50])
    small_shop.land("customers", NEXT_DAY, *good[:49], *bad[:50])
    small_shop.land("customers", "2024-03-07", *good, *bad)

    refusals = small_shop.load().refusals

    assert [str(refusal.batch_date) for refusal in refusals] == ["2024-03-07"]
    assert "51 of 101 records break row rules (type: 51)" in refusals[0].reason


@pytest.mark.parametrize("day", ["2026-06-02", "2026-12-31", "9999-12-31"])
def test_a_batch_date_after_today_is_refused(small_shop: SmallShop, day: str) -> None:
    land_two_days(small_shop)
    small_shop.land("customers", day, customer("C9"))

    result = small_shop.load()

    assert [str(refusal.batch_date) for refusal in result.refusals] == [day]
    assert "after today (2026-06-01)" in result.refusals[0].reason
    assert orders_of(small_shop) == ["O1", "O2"]


def test_a_missing_landing_root_refuses_the_load_and_keeps_the_warehouse(
    small_shop: SmallShop,
) -> None:
    land_two_days(small_shop)
    small_shop.load()
    small_shop.landing.rename(small_shop.landing.with_name("elsewhere"))

    with pytest.raises(LandingError, match="cannot be read"):
        small_shop.load()
    with in_memory() as instance, pytest.raises(LandingError):
        rebuild(small_shop.shop, instance)

    assert orders_of(small_shop) == ["O1", "O2"]


def test_files_that_are_not_loaded_are_listed(tmp_path: Path, database_url: str) -> None:
    shop = SmallShop(tmp_path, database_url, first_day=NEXT_DAY)
    land_two_days(shop)

    shop.land_text("orders", "_SUCCESS", "")

    with in_memory() as instance:
        load(shop.shop, instance)
        event = instance.get_latest_materialization_event(dg.AssetKey(["staging", "orders"]))

    assert orders_of(shop) == ["O2"]
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["files_before_first_day"].value == [f"{DAY}.csv"]
    assert metadata["ignored_files"].value == ["_SUCCESS"]


def test_other_settings_are_refused_until_a_rebuild(tmp_path: Path, database_url: str) -> None:
    before = SmallShop(tmp_path, database_url)
    land_two_days(before)
    before.load()
    after = SmallShop(tmp_path, database_url, timezone="Pacific/Auckland", hash_key="secret")

    with pytest.raises(SettingsChangedError, match=r"timezone was UTC.*ecommerce rebuild") as error:
        after.load()
    assert "secret" not in str(error.value)
    with in_memory() as instance:
        assert rebuild(after.shop, instance).failures == []

    assert after.rows("select order_date::text from analytics.fct_orders order by 1") == [
        ("2024-03-05",),
        ("2024-03-06",),
    ]
    assert not after.load().is_changed


def test_an_empty_warehouse_takes_any_settings(tmp_path: Path, database_url: str) -> None:
    with SmallShop(tmp_path, database_url, timezone="Asia/Tokyo").shop.warehouse():
        pass
    shop = SmallShop(tmp_path, database_url)
    land_two_days(shop)

    assert shop.load().failures == []


def test_a_held_lock_is_reported_with_its_holder(database_url: str) -> None:
    holder, other = run_of(database_url), run_of(database_url)
    with holder.step() as holding:
        process = holding.info.backend_pid
        with (
            pytest.raises(LockHeldError, match=rf"ecommerce load \(process {process}"),
            other.step(),
        ):
            pass
    holder.close()


def test_a_locked_table_is_reported_with_its_holder(database_url: str) -> None:
    with (
        connect(database_url, "a migration") as holder,
        holder.transaction(),
    ):
        holder.execute("lock table staging.orders in exclusive mode")
        other = run_of(database_url)
        with (
            pytest.raises(LockHeldError, match=r"a migration \(process"),
            other.step() as waiting,
        ):
            waiting.execute("delete from staging.orders")
        other.close()


def test_postgresql_looks_whether_the_machine_of_a_run_is_still_there(database_url: str) -> None:
    run = run_of(database_url)
    with run.step() as connection:
        ((interval,),) = connection.execute("show client_connection_check_interval").fetchall()
    run.close()

    assert interval == "10s"


def run_of(url: str) -> RunTransaction:
    """Make the transaction of a run that waits a second for locks."""
    return RunTransaction(lambda: url, lambda _: None, lock_seconds=1)


def ecommerce(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **{f"ECOMMERCE_{k.upper()}": v for k, v in settings.items()}}
    return subprocess.run(
        [sys.executable, "-c", "from ecommerce_assets.cli import main; main()", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["load"], {"timezone": "Mars"}, "ECOMMERCE_TIMEZONE='Mars': is no IANA time zone"),
        (["load"], {"refuse_share": "2"}, "ECOMMERCE_REFUSE_SHARE='2'"),
        (["load"], {"landing": "/no/such/place"}, "/no/such/place cannot be read"),
        (["load"], {"landing": "moon://x"}, "ECOMMERCE_LANDING='moon://x' cannot be opened"),
        (["load", "--from", "2024-03-02", "--to", "2024-03-01"], {}, "swap them"),
        (
            ["load"],
            {"database_url": "postgresql://nobody@127.0.0.1:1/nothing"},
            "The database cannot",
        ),
        (
            ["database-url"],
            {"database_url": "postgresql://nobody@127.0.0.1:1/nothing"},
            "The database cannot",
        ),
        (["import", "online-retail", "/no/such/file.csv", "/tmp"], {}, "/no/such/file.csv"),
    ],
    ids=["time zone", "share", "landing root", "landing URL", "range", "database", "URL", "import"],
)
def test_bad_input_gets_one_clear_sentence(
    arguments: list[str], settings: dict[str, str], sentence: str, tmp_path: Path, database_url: str
) -> None:
    result = ecommerce(
        *arguments,
        **{
            "home": str(tmp_path / "home"),
            "database_url": database_url,
            "landing": str(tmp_path),
            **settings,
        },
    )

    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_graph_of_an_empty_landing_zone_can_be_looked_at(small_shop: SmallShop) -> None:
    small_shop.landing.rmdir()

    days: Any = (
        build_defs(small_shop.shop)
        .resolve_asset_graph()
        .get(dg.AssetKey(["staging", "orders"]))
        .partitions_def
    )

    assert days.start.date() == small_shop.shop.today


def test_a_database_that_goes_away_is_told_in_one_sentence(
    tmp_path: Path, migrated_template: str
) -> None:
    postgres.create_database("goes_away", migrated_template)
    shop = SmallShop(tmp_path / "landing", postgres.url_of("goes_away"))
    land_two_days(shop)
    blocker = psycopg.connect(shop.url)
    blocker.execute("lock table staging.customers in exclusive mode")
    load = subprocess.Popen(
        [sys.executable, "-c", "from ecommerce_assets.cli import main; main()", "load"],
        env={
            **os.environ,
            "ECOMMERCE_LANDING": str(shop.landing),
            "ECOMMERCE_DATABASE_URL": shop.url,
            "ECOMMERCE_HOME": str(tmp_path / "home"),
            "ECOMMERCE_CURRENCY": "EUR",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    waiting = "select pid from pg_locks where relation = 'staging.customers'::regclass"
    until(lambda: blocker.execute(f"{waiting} and not granted").fetchone(), 60)

    postgres.drop_database("goes_away")

    _, told = load.communicate(timeout=120)
    blocker.close()
    assert load.returncode == 1
    assert told.splitlines()[-1].startswith("Error: The database cannot be reached or broke off")
    for noise in ("Traceback", "WARNING", "[SQL", "parameters"):
        assert noise not in told
