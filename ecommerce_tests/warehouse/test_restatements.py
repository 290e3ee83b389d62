"""The changes of figures of loaded days that the log of restatements has, and has not."""

import datetime as dt
from decimal import Decimal

import dagster as dg
import psycopg
import pytest
from typer.testing import CliRunner

from ecommerce_assets.cli import app, console
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import rebuild
from ecommerce_assets.warehouse.restatements import Restatement, list_restatements
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned


def logged(shop: SmallShop) -> list[Restatement]:
    with psycopg.connect(shop.url) as connection:
        return list(list_restatements(connection))


def changes(shop: SmallShop) -> dict[tuple[str, str], tuple[Decimal | None, Decimal | None]]:
    """Old and new value by date and figure; each of these was restated once."""
    found = logged(shop)
    values = {(str(r.date), r.figure): (r.old_value, r.new_value) for r in found}
    assert len(values) == len(found)
    return values


def land_two_days(shop: SmallShop) -> None:
    shop.land("customers", "2024-03-05", customer())
    shop.land("products", "2024-03-05", product())
    shop.land("orders", "2024-03-05", order())
    shop.land("order_items", "2024-03-05", item())
    shop.land("orders", "2024-03-06")


def test_a_first_load_and_a_repeated_one_log_nothing(small_shop: SmallShop) -> None:
    land_two_days(small_shop)

    small_shop.load_tables()
    small_shop.load_tables()

    assert logged(small_shop) == []


def test_the_next_day_logs_nothing_of_itself(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    small_shop.land("orders", "2024-03-07", order("O2", ordered_at="2024-03-07T09:00:00Z"))
    small_shop.land("order_items", "2024-03-07", item("I2", "O2"))

    small_shop.load("2024-03-07", "2024-03-07")

    assert logged(small_shop) == []


def test_a_late_order_restates_its_day(
    small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    small_shop.land("orders", "2024-03-07", order("O2", customer_id="C2"))
    small_shop.land("order_items", "2024-03-07", item("I2", "O2", quantity=3))

    result = small_shop.load()

    assert changes(small_shop) == {
        ("2024-03-05", "orders"): (1, 2),
        ("2024-03-05", "units"): (2, 5),
        ("2024-03-05", "gross_revenue"): (20, 50),
        ("2024-03-05", "net_revenue"): (20, 50),
        ("2024-03-05", "cost"): (8, 20),
        ("2024-03-05", "gross_margin"): (12, 30),
        ("2024-03-05", "order_value"): (20, 50),
        ("2024-03-05", "aov"): (20, 25),
        ("2024-03-05", "new_customers"): (1, 2),
    }
    restatement = logged(small_shop)[0]
    assert restatement.run_id == result.run_id
    # The load covered all days; only this batch was new.
    assert restatement.first_batch_date == restatement.last_batch_date == dt.date(2024, 3, 7)
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", small_shop.url)
    monkeypatch.setattr(console.out, "width", 80)
    shown = CliRunner().invoke(app, ["restatements"], catch_exceptions=False).output
    assert "gross_revenue" in shown
    assert "…" not in shown


def test_a_return_restates_the_order_s_day_and_not_its_own(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    small_shop.land("returns", "2024-03-10", returned())

    small_shop.load_tables()

    assert changes(small_shop) == {
        ("2024-03-05", "refunds_by_order_date"): (0, 10),
        ("2024-03-05", "return_rate"): (0, 1),
    }


def test_a_day_that_drops_out_of_the_range_is_restated(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    small_shop.land("orders", "2024-03-07", order(status="cancelled"))

    small_shop.load_tables()

    assert changes(small_shop)[("2024-03-05", "orders")] == (1, 0)
    assert changes(small_shop)[("2024-03-05", "aov")] == (20, None)


def test_a_removed_file_restates_its_day_and_landing_it_again_does_too(
    small_shop: SmallShop,
) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    path = small_shop.landing / "order_items" / "2024-03-05.csv"
    content = path.read_bytes()
    path.unlink()
    small_shop.load_tables()
    path.write_bytes(content)

    small_shop.load_tables()

    gross = [(r.old_value, r.new_value) for r in logged(small_shop) if r.figure == "gross_revenue"]
    assert gross == [(0, 20), (20, 0)]


def test_a_load_that_broke_off_before_the_figures_restates_no_day_of_its_own(
    small_shop: SmallShop,
) -> None:
    land_two_days(small_shop)
    with in_memory() as instance:
        staged = (
            build_defs(small_shop.shop)
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance,
                asset_selection=[
                    dg.AssetKey([schema, "orders"]) for schema in ("staging", "quarantine")
                ],
                partition_key="2024-03-05",
            )
        )
    assert staged.success

    small_shop.load_tables()

    assert logged(small_shop) == []


def test_a_rebuild_is_a_first_load(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    small_shop.land("orders", "2024-03-07", order("O2", customer_id="C2"))

    with in_memory() as instance:
        rebuild(small_shop.shop, instance)

    assert logged(small_shop) == []


def test_listed_by_date_and_figure_and_run(small_shop: SmallShop) -> None:
    land_two_days(small_shop)
    small_shop.load_tables()
    small_shop.land("orders", "2024-03-07", order("O2", customer_id="C2"))
    run_id = small_shop.load().run_id

    with psycopg.connect(small_shop.url) as connection:
        day = dt.date(2024, 3, 5)
        assert [r.figure for r in list_restatements(connection, figure="orders")] == ["orders"]
        assert list_restatements(connection, first=day + dt.timedelta(1)) == []
        assert list_restatements(connection, last=day - dt.timedelta(1)) == []
        assert list_restatements(connection, run_id="another") == []
        assert len(list_restatements(connection, first=day, last=day, run_id=run_id)) > 1
        assert len(list_restatements(connection, limit=1)) == 1
