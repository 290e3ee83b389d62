"""Which days a load covers, and when it has nothing to do."""

import datetime as dt
import os

import pytest

from ecommerce_assets.batch_days import choose_days, is_unchanged
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product

DAY = "2024-03-05"


@pytest.fixture
def loaded_shop(small_shop: SmallShop) -> SmallShop:
    small_shop.land("customers", DAY, customer())
    small_shop.land("products", DAY, product())
    small_shop.land("orders", DAY, order())
    small_shop.land("orders", "2024-03-06", order("O2"))
    small_shop.land("order_items", DAY, item())
    small_shop.load()
    return small_shop


def unchanged(shop: SmallShop, *days: str) -> bool:
    range_ = [dt.date.fromisoformat(day) for day in days]
    return is_unchanged(shop.shop, choose_days(shop.shop, *range_))


def test_nothing_is_unchanged_before_the_first_load(small_shop: SmallShop) -> None:
    small_shop.land("orders", DAY, order())
    assert not unchanged(small_shop)


def test_only_contents_count(loaded_shop: SmallShop) -> None:
    orders = loaded_shop.landing / "orders" / f"{DAY}.csv"
    assert unchanged(loaded_shop)
    os.utime(orders, (0, 0))
    assert unchanged(loaded_shop)
    before = orders.stat()
    orders.write_bytes(orders.read_bytes().replace(b"C1", b"C2"))
    os.utime(orders, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert orders.stat().st_size == before.st_size
    assert not unchanged(loaded_shop)
    assert unchanged(loaded_shop, "2024-03-06", "2024-03-06")


def test_a_file_that_comes_or_goes_is_a_change(loaded_shop: SmallShop) -> None:
    added = loaded_shop.land("orders", DAY, order("O3"), name=f"{DAY}_b.csv")
    assert not unchanged(loaded_shop)
    added.unlink()
    assert unchanged(loaded_shop)
    (loaded_shop.landing / "orders" / "2024-03-06.csv").unlink()
    assert not unchanged(loaded_shop)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ops.touched_orders values ('O1')",
        "insert into ops.unchecked_batches values ('feed_checks', '2024-03-05')",
        "delete from analytics.dim_date",
    ],
)
def test_a_load_that_did_not_reach_its_end_is_gone_on_with(
    statement: str, loaded_shop: SmallShop
) -> None:
    loaded_shop.execute(statement)
    assert not unchanged(loaded_shop)


def test_a_day_that_is_still_to_come_is_refused_each_time(loaded_shop: SmallShop) -> None:
    loaded_shop.land("orders", "2031-01-01", order("O3"))
    assert not unchanged(loaded_shop)
