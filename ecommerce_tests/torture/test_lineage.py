"""Every fact names the file and the line that it came from, and that line says so."""

from pathlib import Path

import pytest

from ecommerce_tests.torture.compare import text
from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.model.files import read
from ecommerce_tests.torture.model.rows import judge
from ecommerce_tests.torture.model.staging import Address
from ecommerce_tests.torture.model.warehouse import model_of
from ecommerce_tests.torture.torture_shop import TortureShop

CARRIED = {
    "fct_orders": (
        "orders",
        "order_id customer_id status ordered_at shipping_amount discount_code",
    ),
    "fct_order_items": (
        "order_items",
        "order_item_id order_id product_id kind quantity unit_price",
    ),
    "fct_returns": ("returns", "return_id order_item_id quantity returned_at reason"),
    "fct_adjustments": ("adjustments", "adjustment_id order_id kind amount adjusted_at reason"),
    "fct_inventory_daily": ("inventory", "snapshot_date product_id warehouse_id on_hand"),
}
"""What a fact has as its record had it."""


@pytest.mark.parametrize("seed", range(20, 24))
def test_a_fact_leads_to_its_line(seed: int, tmp_path: Path, database_url: str) -> None:
    shop = TortureShop(tmp_path, database_url, seed)
    shop.random.land_all(shop.landing)
    shop.load(shop.days[0], shop.days[-1])

    latest = {
        feed: {
            address
            for address, _ in model_of(shop.landing, shop.settings).staged.latest(feed).values()
        }
        for feed in FEEDS
    }
    followed = 0
    for table, (feed, columns) in CARRIED.items():
        for day, name, line, *values in shop.small.rows(
            f"select batch_date, source_file, line_number, {columns.replace(' ', ', ')}"
            f" from analytics.{table}"
        ):
            raw = read(shop.landing / feed / name, FEEDS[feed])[line - 1]
            record, broken = judge(feed, raw, day, shop.settings)

            assert broken == set()
            assert Address(feed, day, name, line) in latest[feed]
            for column, value in zip(columns.split(), values, strict=True):
                assert text(table, column, value) == text(table, column, record[column])
            followed += 1
    assert followed
