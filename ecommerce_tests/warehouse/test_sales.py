"""`fct_sales_daily` agrees with the facts, and follows every change of them."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from ecommerce_assets.rules.breakdown import DIMENSIONS
from ecommerce_tests.small_shop import (
    SmallShop,
    adjustment,
    customer,
    item,
    order,
    product,
    returned,
)

FIGURES = (
    "orders",
    "units",
    "gross_revenue",
    "discounts",
    "refunds",
    "refunds_by_order_date",
    "cost",
)
Key = tuple[str, str, str]
REFUNDED_AT = "2024-03-12T10:00:00Z"


def load(shop: SmallShop, day: str | None = None) -> None:
    """Load all days of the shop, or one, without checks and reports."""
    landed = (("2024-03-05", "2024-03-12"), ("2024-05-11", "2024-05-11"))
    shop.materialize_tables(*(((day, day),) if day else landed))


def held(shop: SmallShop) -> dict[Key, tuple[Any, ...]]:
    """Read the table, by dimension, date and value."""
    rows = shop.rows(
        f"select dimension, date::text, value, {', '.join(FIGURES)} from analytics.fct_sales_daily"
    )
    return {row[:3]: tuple(Decimal(figure) for figure in row[3:]) for row in rows}


def told_by_facts(shop: SmallShop) -> dict[Key, tuple[Any, ...]]:
    """Work the table out of the facts, record by record."""
    orders = {
        row[0]: row[1:]
        for row in shop.rows(
            """
            select o.order_id, o.order_date::text, o.country, o.channel, o.discount_code,
                   case when o.customer_id is null then 'guest'
                        when o.order_date = c.first_order_date then 'new' else 'repeat' end
            from analytics.fct_orders o left join analytics.dim_customer c using (customer_id)
            where o.is_recognised
            """
        )
    }
    categories = dict(
        shop.rows("select product_id, category from analytics.dim_product where is_current")
    )
    booked: dict[Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    placed: dict[Key, set[str]] = defaultdict(set)

    def keys(date: str, order_id: str, product_id: str | None) -> list[Key]:
        _, country, channel, code, kind = orders[order_id]
        values = (product_id, categories.get(product_id), country, channel, code, kind)
        return [
            (dimension, date, value or "")
            for dimension, value in zip(DIMENSIONS, values, strict=True)
        ]

    def book(date: str, order_id: str, product_id: str | None, **figures: Decimal | None) -> None:
        for key in keys(date, order_id, product_id):
            for name, figure in figures.items():
                booked[key][name] += figure or 0

    for order_id, product_id, date, units, gross, discounts, cost in shop.rows(
        """
        select order_id, product_id, sale_date::text, quantity, gross_amount,
               discount_amount + order_discount_amount, cost_amount
        from analytics.fct_order_items where kind = 'product' and is_recognised
        """
    ):
        book(
            date,
            order_id,
            product_id,
            units=units,
            gross_revenue=gross,
            discounts=discounts,
            cost=cost,
        )
        for key in keys(orders[order_id][0], order_id, product_id):
            placed[key].add(order_id)
            booked[key]["units"] += 0
    for order_id, product_id, date, amount, cost in shop.rows(
        """
        select order_id, product_id, return_date::text, refund_amount, -cost_amount
        from analytics.fct_returns where kind = 'product'
        union all
        select order_id, null, adjustment_date::text, amount, 0
        from analytics.fct_adjustments where kind = 'refund'
        """
    ):
        book(date, order_id, product_id, refunds=amount, cost=cost)
        book(orders[order_id][0], order_id, product_id, refunds_by_order_date=amount)
    for key, ids in placed.items():
        booked[key]["orders"] = Decimal(len(ids))
    return {key: tuple(figures[name] for name in FIGURES) for key, figures in booked.items()}


def assert_right(shop: SmallShop) -> None:
    """Compare with the facts, and with the revenue by day, which the values add up to."""
    assert held(shop) == told_by_facts(shop)
    names = ", ".join(name for name in FIGURES if name != "orders")
    sums = ", ".join(f"sum({name})" for name in FIGURES if name != "orders")
    zero = " and ".join(f"{name} = 0" for name in FIGURES if name != "orders")
    revenue = shop.rows(
        f"select date, {names} from analytics.fct_revenue_daily where not ({zero}) order by date"
    )
    for dimension in DIMENSIONS:
        assert revenue == [
            row
            for row in shop.rows(
                f"select date, {sums} from analytics.fct_sales_daily where dimension = %s"
                " group by date order by date",
                dimension,
            )
            if any(row[1:])
        ]


@pytest.fixture
def shop(small_shop: SmallShop) -> SmallShop:
    """A shop with every way in which money is booked on another day than the order's."""
    small_shop.land("customers", "2024-03-05", customer(), customer("C2"))
    small_shop.land(
        "products",
        "2024-03-05",
        product(),
        product("P2", category="lamps", cost="2.345"),
        product("P3", category="", cost=""),
    )
    small_shop.land(
        "orders",
        "2024-03-10",
        order(country="DE", channel="web", discount_code="SPRING", order_discount="3.33"),
        order("O2", ordered_at="2024-03-07T10:00:00Z", country="FR", channel="app"),
        order("O3", customer_id="C2", ordered_at="2024-03-07T10:00:00Z", channel="web"),
        order("O4", customer_id="", ordered_at="2024-03-07T10:00:00Z"),
        order("O5", status="created", ordered_at="2024-03-05T10:00:00Z"),
        order("O6", customer_id="C2", ordered_at="2024-03-08T10:00:00Z"),
    )
    small_shop.land(
        "order_items",
        "2024-03-10",
        item(),
        item("I2", product_id="P2", quantity=1),
        item("I3", "O2", product_id="P2"),
        item("I4", "O2", product_id="P2", sold_at="2024-03-09T10:00:00Z", discount_amount="1.01"),
        item("I5", "O3", product_id="P3"),
        item("I6", "O4", product_id="unseen"),
        item("I7", "O5"),
        item("I8", "O3", kind="gift_card", product_id="GIFT"),
        item("I9", "O3", quantity=0),
        item("I10", "O6", kind="other"),
        item("I11", "O6", product_id="P2", sold_at="2024-03-09T10:00:00Z"),
    )
    small_shop.land(
        "returns",
        "2024-05-11",
        returned(),
        returned("R2", "I4", "O2", returned_at="2024-03-11T10:00:00Z"),
        returned("R3", "I3", "O2", returned_at="2024-05-11T10:00:00Z"),
        returned("R4", "I8", "O3"),
    )
    small_shop.land(
        "adjustments",
        "2024-03-12",
        adjustment(amount="1.00", adjusted_at="2024-03-12T10:00:00Z"),
        adjustment("A2", "O2", amount="-2.00", adjusted_at="2024-03-11T10:00:00Z"),
        adjustment("A3", "O2", kind="shipping"),
        adjustment("A4", "O6", amount="5.00", adjusted_at="2024-03-12T10:00:00Z"),
    )
    small_shop.land("orders", "2024-05-11")
    return small_shop


def test_each_figure_is_that_of_its_facts(shop: SmallShop) -> None:
    load(shop)

    assert_right(shop)
    by_day = {key: figures for key, figures in held(shop).items() if key[1] == "2024-03-09"}
    # Lines added days after their orders: units and money then, the orders on their own dates.
    assert by_day["product", "2024-03-09", "P2"][:4] == (0, 4, Decimal("40.00"), Decimal("1.01"))
    assert by_day["customer", "2024-03-09", "repeat"][1] == 4
    assert held(shop)["product", "2024-03-12", ""][4] == Decimal("6.00")
    assert held(shop)["customer", "2024-03-07", "guest"][0] == 1


def test_an_order_that_is_no_longer_the_first_moves_all_that_is_booked_of_it(
    shop: SmallShop,
) -> None:
    load(shop)
    shop.land("orders", "2024-03-20", order("O0", ordered_at="2024-03-01T10:00:00Z"))
    shop.land("order_items", "2024-03-20", item("I0", "O0"))

    load(shop, "2024-03-20")

    assert_right(shop)
    assert held(shop)["customer", "2024-03-10", "repeat"][4] == Decimal("10.00")
    shop.land("orders", "2024-03-21", order("O0", status="cancelled"))
    load(shop, "2024-03-21")
    assert_right(shop)
    assert held(shop)["customer", "2024-03-10", "new"][4] == Decimal("10.00")


def test_a_new_category_moves_what_was_sold_and_came_back_before(shop: SmallShop) -> None:
    load(shop)
    shop.land(
        "products",
        "2024-03-20",
        product("P2", category="lights", updated_at="2024-03-20", cost="2.345"),
        product("unseen", category="late", updated_at="2024-03-20"),
    )

    load(shop, "2024-03-20")

    assert_right(shop)
    assert ("category", "2024-03-11", "lights") in held(shop)
    assert not any(value == "lamps" for _, _, value in held(shop))
    assert ("category", "2024-03-07", "late") in held(shop)


def test_dates_without_revenue_have_no_sales(shop: SmallShop) -> None:
    load(shop)
    shop.land("orders", "2024-03-10")

    load(shop)

    assert held(shop) == {}
