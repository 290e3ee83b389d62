"""An asset's metadata describes its last run, without data of customers."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from ecommerce_assets.loading import load
from ecommerce_tests import postgres
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import (
    SmallShop,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)


@pytest.fixture(scope="module")
def shop(migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallShop]:
    """A shop with an empty warehouse."""
    with postgres.database(migrated_template) as url:
        yield SmallShop(tmp_path_factory.mktemp("shop") / "landing", url)


@pytest.fixture(scope="module")
def shown(shop: SmallShop) -> dict[str, dict[str, Any]]:
    """The metadata of each asset's last materialization, after a late order restated a day."""
    shop.land("customers", "2024-03-05", customer("Kunde-7"), customer("X", created_at=""))
    shop.land("products", "2024-03-05", product())
    shop.land("orders", "2024-03-05", order(customer_id="Kunde-7"))
    shop.land("order_items", "2024-03-05", item(), item("I9", "O9"))
    shop.land("inventory", "2024-03-05", stock())
    with in_memory() as instance:
        load(shop.shop, instance, draw_reports=False)
        shop.land("returns", "2024-03-06", returned(returned_at="2024-03-06"))
        shop.land("orders", "2024-03-06", order("O2", customer_id="Kunde-7"))
        shop.land("order_items", "2024-03-06", item("I2", "O2"))
        load(shop.shop, instance, draw_reports=False)
        events = instance.get_latest_materialization_events(
            [dg.AssetKey(key.path) for key in instance.all_asset_keys()]
        )
        return {
            key.to_user_string(): {
                name: value.value for name, value in event.asset_materialization.metadata.items()
            }
            for key, event in events.items()
            if event is not None and event.asset_materialization is not None
        }


def test_a_feed_shows_what_landed_and_links_to_its_files(
    shown: dict[str, dict[str, Any]], shop: SmallShop
) -> None:
    metadata = shown["staging/orders"]

    assert (
        metadata["landed"],
        metadata["dagster/partition_row_count"],
        metadata["quarantined"],
    ) == (
        1,
        1,
        0,
    )
    path = shop.landing / "orders" / "2024-03-06.csv"
    assert metadata["file 2024-03-06.csv"] == str(path)
    assert "O2" in metadata["preview"]


def test_tables_show_how_many_rows_they_have_and_a_few(shown: dict[str, dict[str, Any]]) -> None:
    assert shown["analytics/fct_orders"]["dagster/row_count"] == 2
    assert "O2" in shown["analytics/fct_orders"]["preview"]
    assert shown["analytics/dim_customer"]["dagster/row_count"] == 1
    assert shown["quarantine/relations"]["quarantined_by_rule"] == {"orphan": 1}


def test_revenue_shows_which_dates_were_restated(shown: dict[str, dict[str, Any]]) -> None:
    metadata = shown["analytics/fct_revenue_daily"]

    assert metadata["restated_dates"] == ["2024-03-05"]
    assert "| 2024-03-05 | orders | 1 | 2 |" in metadata["restatements"]


def test_nothing_is_told_of_customers(shown: dict[str, dict[str, Any]]) -> None:
    everything = json.dumps(shown, default=str)

    assert "Kunde-7" not in everything
    assert "example.com" not in everything
    assert "email" not in everything
    assert "preview" not in shown["analytics/dim_customer"]
    assert "preview" not in shown["staging/customers"]
