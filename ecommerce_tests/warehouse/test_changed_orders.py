"""Only an order with another amount, date or customer has something computed of it again."""

import dagster as dg
import pytest

from ecommerce_assets.loading import load
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned

DAY, NEXT = "2024-03-05", "2024-03-06"


@pytest.fixture
def loaded(small_shop: SmallShop, instance: dg.DagsterInstance) -> SmallShop:
    small_shop.land("customers", DAY, customer("C1"))
    small_shop.land("products", DAY, product("P1"))
    small_shop.land("orders", DAY, order("O1", status="paid"))
    small_shop.land("order_items", DAY, item("I1"))
    assert not load(small_shop.shop, instance).failures
    return small_shop


def recomputed(instance: dg.DagsterInstance, table: str) -> object:
    """How many keys of a table the last load recomputed."""
    event = instance.get_latest_materialization_event(dg.AssetKey(["analytics", table]))
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization.metadata["keys_recomputed"].value


def test_a_version_with_another_state_recomputes_its_order_and_nothing_else(
    loaded: SmallShop, instance: dg.DagsterInstance
) -> None:
    loaded.land("orders", NEXT, order("O1", status="delivered"))
    load(loaded.shop, instance)

    assert recomputed(instance, "fct_orders") == 1
    assert recomputed(instance, "dim_customer") == 0
    assert recomputed(instance, "fct_cohort_ltv") == 0


def test_a_return_recomputes_its_customer_s_cohort_and_both_dates(
    loaded: SmallShop, instance: dg.DagsterInstance
) -> None:
    loaded.land("returns", NEXT, returned("R1", returned_at=f"{NEXT}T10:00:00Z"))
    load(loaded.shop, instance)

    assert recomputed(instance, "fct_cohort_ltv") == 1
    assert recomputed(instance, "fct_revenue_daily") == 2
