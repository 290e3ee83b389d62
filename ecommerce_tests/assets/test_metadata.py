"""An asset's metadata describes its last run, without data of customers."""

import json
from typing import Any

import dagster as dg
import pytest

from ecommerce_assets.loading import load
from ecommerce_tests.small_shop import (
    SmallShop,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)


@pytest.fixture
def shown(small_shop: SmallShop) -> dict[str, dict[str, Any]]:
    """The metadata of each asset's last materialization, after a late order restated a day."""
    small_shop.land("customers", "2024-03-05", customer("Kunde-7"), customer("X", created_at=""))
    small_shop.land("products", "2024-03-05", product())
    small_shop.land("orders", "2024-03-05", order(customer_id="Kunde-7"))
    small_shop.land("order_items", "2024-03-05", item(), item("I9", "O9"))
    small_shop.land("inventory", "2024-03-05", stock())
    with dg.DagsterInstance.ephemeral() as instance:
        load(small_shop.shop, instance, draw_reports=False)
        small_shop.land("returns", "2024-03-06", returned(returned_at="2024-03-06"))
        small_shop.land("orders", "2024-03-06", order("O2", customer_id="Kunde-7"))
        small_shop.land("order_items", "2024-03-06", item("I2", "O2"))
        load(small_shop.shop, instance, draw_reports=False)
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
    shown: dict[str, dict[str, Any]], small_shop: SmallShop
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
    path = small_shop.landing / "orders" / "2024-03-06.csv"
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
