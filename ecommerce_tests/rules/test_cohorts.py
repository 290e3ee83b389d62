"""The net revenue and the retained customers of cohorts, by day from the first order."""

import pandas as pd

from ecommerce_assets.rules.customers import build_customers
from ecommerce_tests.rules import staged
from ecommerce_tests.rules.staged import facts, stage_all, values
from ecommerce_tests.small_shop import adjustment, item, order, returned

FIRST = "2024-03-01"


def at(day: int) -> str:
    """A moment on a day, counted from the cohort's."""
    return f"{pd.Timestamp(FIRST) + pd.Timedelta(days=day, hours=10):%Y-%m-%dT%H:%M:%SZ}"


def cohorts(**feeds: list[dict[str, object]]) -> pd.DataFrame:
    """Make the cohorts of all records; one row a cohort and horizon, amounts in cents."""
    made = facts(**feeds)
    orders = made.orders.dropna(subset="customer_id")
    return staged.cohorts(build_customers(stage_all("customers", ()), orders), made)


def test_revenue_counts_on_the_days_of_sales_and_refunds_up_to_the_horizon() -> None:
    rows = cohorts(
        orders=[order(ordered_at=at(0))],
        order_items=[
            item("I1", unit_price="50.00"),
            item("I2", quantity=1, discount_amount="1.00", sold_at=at(7)),
            item("I3", quantity=1, sold_at=at(8)),
            item("I4", quantity=1, unit_price="7.00", sold_at=at(91)),
        ],
        returns=[
            returned("R1", "I1", returned_at=at(30)),
            returned("R2", "I1", returned_at=at(31)),
            returned("R3", "I1", returned_at=at(29), refund_amount="0.50"),
        ],
        adjustments=[
            adjustment("A1", adjusted_at=at(7), amount="-2.00"),
            adjustment("A2", adjusted_at=at(90), amount="200.00"),
            adjustment("A3", adjusted_at=at(1), amount="9.00", kind="shipping"),
        ],
    )

    assert values(rows, "horizon_days", "net_revenue", "ltv") == [
        (7, 11100, 11100),
        (30, 11050, 11050),
        # Of day 30 on the goods came back too late; the adjustment of day 90 counts.
        (90, -8950, -8950),
    ]


def test_other_lines_bring_no_revenue_and_yet_make_a_customer() -> None:
    rows = cohorts(
        orders=[order("O1", ordered_at=at(0)), order("O2", ordered_at=at(5))],
        order_items=[item("I1", "O1", kind="gift_card"), item("I2", "O2", kind="other")],
        returns=[returned("R1", "I1", "O1", returned_at=at(2))],
    )

    figures = ("customers", "retained_customers", "retention_rate", "net_revenue", "ltv")
    assert values(rows, *figures) == [(1, 1, 10_000, 0, 0)] * 3


def test_who_comes_back_is_counted_by_orders_not_by_lines_added_later() -> None:
    rows = cohorts(
        orders=[
            order("O1", ordered_at=at(0)),
            order("O2", customer_id="C2", ordered_at=at(0)),
            order("O3", customer_id="C2", ordered_at=at(30)),
        ],
        order_items=[item("I1", "O1"), item("I2", "O1", sold_at=at(3)), item("I3", "O3")],
    )

    assert values(rows, "retained_customers", "retention_rate", "net_revenue") == [
        (0, 0, 4000),
        (1, 5000, 6000),
        (1, 5000, 6000),
    ]
