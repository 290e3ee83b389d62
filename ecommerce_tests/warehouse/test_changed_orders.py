"""Only an order with another amount, date or customer has something computed of it again."""

import datetime as dt
from decimal import Decimal

import dagster as dg
import pytest

from ecommerce_assets.loading import load
from ecommerce_tests.contents import assert_like_a_rebuild
from ecommerce_tests.small_shop import (
    SmallShop,
    adjustment,
    customer,
    item,
    order,
    product,
    returned,
)

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


def figures(shop: SmallShop, date: str) -> list[tuple[object, ...]]:
    """The refunds by order date, the refunds and the return rate of a date."""
    return shop.rows(
        "select refunds_by_order_date, refunds, return_rate from analytics.fct_revenue_daily"
        " where date = %s",
        date,
    )


def test_a_return_recomputes_its_date_and_what_was_given_back_of_its_order_s(
    loaded: SmallShop, instance: dg.DagsterInstance, migrated_template: str
) -> None:
    loaded.land("returns", NEXT, returned("R1", returned_at=f"{NEXT}T10:00:00Z"))
    load(loaded.shop, instance)

    assert recomputed(instance, "fct_cohort_ltv") == 1
    assert recomputed(instance, "fct_revenue_daily") == 1
    assert figures(loaded, DAY) == [(Decimal(10), Decimal(0), Decimal(1))]
    assert figures(loaded, NEXT) == [(Decimal(0), Decimal(10), None)]
    assert loaded.rows(
        "select date, figure, old_value, new_value from ops.restatements order by figure"
    ) == [
        (dt.date(2024, 3, 5), "refunds_by_order_date", Decimal(0), Decimal(10)),
        (dt.date(2024, 3, 5), "return_rate", Decimal(0), Decimal(1)),
    ]
    assert_like_a_rebuild(loaded, migrated_template)


def test_a_refund_of_a_date_without_sales_gets_rows_there(
    loaded: SmallShop, instance: dg.DagsterInstance, migrated_template: str
) -> None:
    loaded.land("orders", NEXT, order("O2", ordered_at=f"{NEXT}T10:00:00Z", country="IS"))
    loaded.land("order_items", NEXT, item("I2", "O2", kind="gift_card"))
    load(loaded.shop, instance)

    loaded.land("adjustments", "2024-03-08", adjustment("A1", "O2"))
    load(loaded.shop, instance)

    assert loaded.rows(
        "select dimension, date, refunds_by_order_date from analytics.fct_sales_daily"
        " where value = 'IS' and refunds_by_order_date <> 0"
    ) == [("country", dt.date(2024, 3, 6), Decimal(3))]
    assert_like_a_rebuild(loaded, migrated_template)


def test_returns_that_change_end_like_a_rebuild(
    loaded: SmallShop, instance: dg.DagsterInstance, migrated_template: str
) -> None:
    """One is withdrawn, one changed, and one gets another beside it, each of a date of its own."""
    ordered = [
        order(f"O{number}", ordered_at=f"{day}T10:00:00Z")
        for number, day in enumerate((DAY, NEXT, "2024-03-07"), start=1)
    ]
    loaded.land("orders", NEXT, *ordered)
    loaded.land("order_items", NEXT, item("I2", "O2"), item("I3", "O3"))
    first, second, third = (
        returned(f"R{n}", f"I{n}", f"O{n}", returned_at=f"2024-03-1{n}T10:00:00Z")
        for n in (1, 2, 3)
    )
    another = {**third, "return_id": "R4", "refund_amount": "0"}
    loaded.land("returns", "2024-03-14", first, second, third)
    load(loaded.shop, instance)
    assert len(loaded.rows("select from analytics.fct_returns")) == 3

    loaded.land(
        "returns", "2024-03-14", {**second, "quantity": 2, "refund_amount": "15.00"}, third, another
    )
    loaded.land("orders", "2024-03-14", *({**of, "status": "returned"} for of in ordered))
    load(loaded.shop, instance)

    assert_like_a_rebuild(loaded, migrated_template)
