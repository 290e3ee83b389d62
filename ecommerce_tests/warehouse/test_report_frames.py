"""The frames of the reports: which rows of a loaded warehouse they hold."""

import datetime as dt
from collections.abc import Iterator

import pandas as pd
import pytest

from ecommerce_assets.warehouse.reports import (
    latest_cohort,
    read_frames,
    returns_landed,
    snapshot,
)
from ecommerce_tests import postgres
from ecommerce_tests.small_shop import (
    SmallShop,
    adjustment,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)


@pytest.fixture(scope="module")
def shop(migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallShop]:
    with postgres.database(migrated_template) as url:
        shop = SmallShop(tmp_path_factory.mktemp("shop") / "landing", url)
        shop.land("customers", "2024-02-20", customer("C1"), customer("C2"))
        shop.land("products", "2024-02-20", product("P1"), product("P2"))
        shop.land("products", "2024-03-01", product("P1", updated_at="2024-03-01", name="Lamp"))
        shop.land(
            "orders",
            "2024-03-05",
            order("O1", ordered_at="2023-01-10"),
            order("O2", ordered_at="2024-02-06"),
            order("O3", ordered_at="2024-02-07", customer_id="C2"),
            order("O4", ordered_at="2024-03-05", customer_id="C2"),
            order("O5", ordered_at="2024-03-05", customer_id="C2", status="cancelled"),
            order("O6", ordered_at="2024-03-05", customer_id=""),
            order("O7", status="lost"),
        )
        shop.land("order_items", "2024-03-05", *(item(f"I{n}", f"O{n}") for n in range(1, 7)))
        shop.land("returns", "2024-03-05", returned(order_item_id="I9", returned_at="2024-03-05"))
        shop.land(
            "inventory",
            "2024-03-06",
            stock(snapshot_date="2024-03-04", on_hand=15),
            stock(on_hand=15),
            stock("P2"),
            stock(snapshot_date="2024-03-06"),
        )
        shop.load_tables()
        yield shop


def frames(shop: SmallShop, end: str = "2024-03-05") -> dict[str, pd.DataFrame]:
    last = dt.date.fromisoformat(end)
    with shop.shop.warehouse() as connection, snapshot(connection):
        return read_frames(
            connection,
            start=last - dt.timedelta(days=9),
            end=last,
            first_cohort=dt.date(2023, 3, 1),
        )


def test_revenue_reaches_six_days_before_the_period_of_a_year_before(shop: SmallShop) -> None:
    dates = frames(shop)["revenue"]["date"]
    assert (dates.min(), dates.max()) == (pd.Timestamp("2023-02-19"), pd.Timestamp("2024-03-05"))


def test_cohorts_are_those_from_the_first_to_the_end(shop: SmallShop) -> None:
    assert set(frames(shop)["cohort_ltv"]["cohort_date"]) == {pd.Timestamp("2024-02-07")}
    assert frames(shop, "2024-02-06")["cohort_ltv"].empty


def test_purchases_are_recognised_orders_of_these_cohorts_customers(shop: SmallShop) -> None:
    purchases = frames(shop)["purchases"]
    assert list(purchases["customer_id"]) == ["C2", "C2"]
    assert set(purchases["first_order_date"]) == {pd.Timestamp("2024-02-07")}
    assert sorted(purchases["order_date"].dt.strftime("%m-%d")) == ["02-07", "03-05"]


def test_stock_is_that_of_the_latest_day_counted_up_to_the_end(shop: SmallShop) -> None:
    inventory = frames(shop)["inventory"]
    assert set(inventory["snapshot_date"]) == {pd.Timestamp("2024-03-05")}
    assert dict(zip(inventory["product_id"], inventory["is_alert"], strict=True)) == {
        "P1": True,
        "P2": False,
    }
    assert frames(shop, "2024-03-03")["inventory"].empty


def test_sales_are_those_of_28_days_of_products_in_alert(shop: SmallShop) -> None:
    items = frames(shop)["items"]
    # O2 is of the 29th day; O5 was cancelled.
    assert sorted(items["is_recognised"]) == [False, True, True, True]
    assert frames(shop, "2024-03-06")["items"].empty


def test_products_have_their_current_name(shop: SmallShop) -> None:
    products = frames(shop)["products"]
    assert products.to_dict("records") == [{"product_id": "P1", "name": "Lamp"}]


def test_quarantined_records_are_counted_by_rule_and_once_of_those_landed(shop: SmallShop) -> None:
    quarantine = frames(shop)["quarantine"]
    assert quarantine.set_index("rule")["records"].to_dict() == {"enum": 1, "orphan": 1}
    landed = frames(shop)["landed"]
    of_day = landed[landed["batch_date"] == pd.Timestamp("2024-03-05")]
    # Returns, items and orders; the return was staged, and is in quarantine all the same.
    assert sorted(zip(of_day["records"], of_day["quarantined"], strict=True)) == [
        (1, 1),
        (6, 0),
        (7, 1),
    ]
    assert landed["batch_date"].min() == pd.Timestamp("2024-03-01")


def test_what_sold_is_by_product_and_adds_up_to_the_days_net(small_shop: SmallShop) -> None:
    small_shop.land("products", "2024-03-05", product("P1", category="garden"), product("P2"))
    small_shop.land("orders", "2024-03-05", order("O1"), order("O2"))
    small_shop.land(
        "order_items",
        "2024-03-05",
        item("I1", "O1"),
        item("I2", "O2", product_id="P2", discount_amount="1.00"),
        item("I3", "O2", product_id="P3"),
        item("I4", "O2", kind="gift_card"),
    )
    exchange = item("I5", "O1", sold_at="2024-03-08T10:00:00Z", quantity=1)
    small_shop.land("order_items", "2024-03-08", exchange)
    small_shop.land(
        "returns",
        "2024-03-20",
        returned(),
        returned("R2", "I5", returned_at="2024-03-11", refund_amount="1.00"),
    )
    small_shop.land(
        "adjustments",
        "2024-03-20",
        adjustment(adjusted_at="2024-03-10", amount="3.00"),
        adjustment("A2", adjusted_at="2024-03-10", kind="shipping", amount="2.00"),
    )
    small_shop.load_tables()

    sold = frames(small_shop, "2024-03-10")["sold"].fillna({"product_id": "none"})
    columns = ["product_id", "category", "units", "net_revenue", "cost"]
    assert sold[columns].astype(object).where(sold[columns].notna(), None).to_numpy().tolist() == [
        ["P1", "garden", 3, 2_000, 800],
        ["P2", "garden", 2, 1_900, 800],
        ["P3", None, 2, 2_000, 0],
        ["none", None, 0, -300, 0],
    ]
    days = frames(small_shop, "2024-03-10")["revenue"]
    for figure in ("gross_revenue", "discounts", "refunds", "net_revenue", "cost", "gross_margin"):
        assert sold[figure].sum() == days[figure].sum(), figure


def test_whether_returns_landed_and_which_cohort_is_the_latest(
    shop: SmallShop, small_shop: SmallShop
) -> None:
    with shop.shop.warehouse() as connection:
        assert returns_landed(connection)
        assert latest_cohort(connection, dt.date(2024, 3, 6)) == dt.date(2024, 2, 7)
        assert latest_cohort(connection, dt.date(2023, 1, 9)) is None
    small_shop.land("orders", "2024-03-05", order())
    small_shop.load_tables()
    with small_shop.shop.warehouse() as connection:
        assert not returns_landed(connection)
    small_shop.land("returns", "2024-03-06")
    small_shop.load_tables()
    with small_shop.shop.warehouse() as connection:
        assert returns_landed(connection)
