"""Former defects of loads, each with the history of files that showed it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import dagster as dg
import psycopg
import pytest

from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import load, rebuild
from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.frozen_settings import SettingsChangedError, freeze_settings
from ecommerce_assets.warehouse.transaction import RunTransaction
from ecommerce_tests.chunks import chunks_of
from ecommerce_tests.contents import assert_like_a_rebuild
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop, item, order, product, returned

DAY = "2024-03-05"


def test_a_line_leaves_an_order_whose_turn_comes_later(
    small_shop: SmallShop, migrated_template: str
) -> None:
    small_shop.land("orders", DAY, order("O1"), order("O2"))
    small_shop.land("order_items", DAY, item("I1", "O2"), item("I2", "O2"))
    small_shop.load_tables()
    small_shop.land("order_items", DAY, item("I1", "O1"), item("I2", "O2"))

    with chunks_of(1):
        small_shop.load_tables()

    assert_like_a_rebuild(small_shop, migrated_template)


def test_a_return_that_moves_takes_its_refund_off_the_date_it_leaves(
    small_shop: SmallShop, migrated_template: str
) -> None:
    small_shop.land("orders", DAY, order("O1"), order("O2"))
    small_shop.land("order_items", DAY, item("I1", "O1"), item("I2", "O2"))
    small_shop.land("returns", DAY, returned("R1", "I2", "O2", returned_at=f"{DAY}T12:00:00Z"))
    small_shop.load_tables()
    assert small_shop.rows("select refunds from analytics.fct_revenue_daily") == [(10,)]
    moved = returned("R1", "I1", "O1", returned_at="2024-03-06T12:00:00Z")
    small_shop.land("returns", DAY, moved)

    with chunks_of(1):
        small_shop.load_tables()

    refunds = small_shop.rows("select refunds from analytics.fct_revenue_daily order by date")
    assert refunds == [(0,), (10,)]
    assert_like_a_rebuild(small_shop, migrated_template)


def test_a_product_version_that_comes_late_changes_the_cost_of_lines_sold_under_it(
    small_shop: SmallShop, migrated_template: str
) -> None:
    small_shop.land("products", DAY, product(cost="4.00"))
    small_shop.land("orders", DAY, order())
    small_shop.land("order_items", DAY, item(quantity="1"))
    small_shop.load_tables()
    late = product(updated_at="2024-03-01", cost="5.00")
    small_shop.land("products", "2024-03-06", late)

    small_shop.materialize_tables(("2024-03-06", "2024-03-06"))

    assert small_shop.rows("select cost_amount from analytics.fct_order_items") == [(5,)]
    assert_like_a_rebuild(small_shop, migrated_template)


def test_a_line_that_a_later_day_moves_leaves_its_old_order(
    small_shop: SmallShop, migrated_template: str
) -> None:
    small_shop.land("orders", DAY, order("O1"), order("O2"))
    small_shop.land("order_items", DAY, item("I1", "O2"), item("I2", "O2"))
    small_shop.load_tables()
    small_shop.land("order_items", "2024-03-06", item("I1", "O1"))

    small_shop.materialize_tables(("2024-03-06", "2024-03-06"))

    lines = small_shop.rows("select order_id, lines from analytics.fct_orders order by 1")
    assert lines == [("O1", 1), ("O2", 1)]
    assert_like_a_rebuild(small_shop, migrated_template)


def test_a_load_that_waits_for_another_stages_what_has_landed_by_its_turn(
    small_shop: SmallShop,
) -> None:
    small_shop.land("products", DAY, product(name="first"))
    with waiting_for_a_run(small_shop.url, small_shop.load):
        small_shop.land("products", DAY, product(name="second"))

    assert small_shop.rows("select name from staging.products") == [("second",)]


def test_a_run_that_waits_for_a_rebuild_meets_the_settings_of_that(small_shop: SmallShop) -> None:
    """Addresses hashed with two keys must not mix, however long a run has been under way."""
    small_shop.land("products", DAY, product())
    small_shop.load_tables()
    failures: list[Exception] = []

    def begin_a_run() -> None:
        run = RunTransaction(
            lambda: small_shop.url,
            lambda connection: freeze_settings(connection, small_shop.settings),
        )
        try:
            with run.step():
                pass
        except SettingsChangedError as error:
            failures.append(error)
        finally:
            run.close()

    with waiting_for_a_run(small_shop.url, begin_a_run) as rebuilding:
        rebuilding.execute("update ops.settings set value = 'another' where name = 'hash_key'")

    assert "hash_key" in str(failures[0])


def test_revenue_by_itself_gives_no_row_to_dates_before_the_first_recognised_order(
    small_shop: SmallShop, migrated_template: str
) -> None:
    unpaid = order("O1", status="created", ordered_at="2024-03-01T10:00:00Z")
    small_shop.land("orders", DAY, unpaid, order("O2", ordered_at="2024-03-04T10:00:00Z"))
    small_shop.land("order_items", DAY, item("I2", "O2"))
    small_shop.load_tables()

    job = build_defs(small_shop.shop).resolve_implicit_global_asset_job_def()
    with in_memory() as instance:
        job.execute_in_process(
            instance=instance,
            partition_key=DAY,
            asset_selection=[
                dg.AssetKey(["analytics", name])
                for name in ("fct_revenue_daily", "fct_sales_daily", "fct_sales_monthly")
            ],
        )

    assert_like_a_rebuild(small_shop, migrated_template)


def test_a_feed_day_that_a_rebuild_refuses_does_not_count_as_materialized(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOMMERCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", "")
    small_shop = SmallShop(tmp_path / "landing", database_url)
    small_shop.land("products", DAY, product())
    small_shop.land("orders", DAY, order())
    with open_instance(load_settings()) as instance:
        load(small_shop.shop, instance)
        small_shop.land_text("products", f"{DAY}.csv", "these,are,no\nproducts,at,all\n")

        rebuild(small_shop.shop, instance)

        materialized = {
            feed: instance.get_materialized_partitions(dg.AssetKey(["staging", feed]))
            for feed in ("orders", "products")
        }
    assert materialized == {"orders": {DAY}, "products": set()}


def test_dates_and_cohorts_are_computed_in_chunks_of_so_many_rows(
    small_shop: SmallShop, migrated_template: str
) -> None:
    days = [f"2024-03-0{day}" for day in range(1, 6)]
    orders = [
        order(f"{day}-{number}", customer_id=f"C{number}", ordered_at=f"{day}T10:00:00Z")
        for day in days
        for number in range(3)
    ]
    small_shop.land("orders", DAY, *orders)

    with chunks_of(4):
        small_shop.load_tables()

    assert_like_a_rebuild(small_shop, migrated_template)


@contextmanager
def waiting_for_a_run(url: str, work: Callable[[], object]) -> Iterator[psycopg.Connection]:
    """Hold the warehouse's lock for a block while `work` waits for it, and then await its end.

    Gives the connection of the run that holds the lock, which publishes at the block's end.
    """
    other = RunTransaction(lambda: url, lambda _: None)
    with other.step() as connection:
        waiting = Thread(target=work)
        waiting.start()
        with psycopg.connect(url, autocommit=True) as looking:
            while not looking.execute(
                "select 1 from pg_locks where locktype = 'advisory' and not granted"
                " and database = (select oid from pg_database where datname = current_database())"
            ).fetchone():
                assert waiting.is_alive()
        yield connection
    other.publish()
    other.close()
    waiting.join()
