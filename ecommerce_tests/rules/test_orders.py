"""The sums of orders, sale dates and costs of lines, and the records that leave the facts."""

import pandas as pd
import pytest

from ecommerce_tests.rules.staged import broken, facts, values
from ecommerce_tests.small_shop import adjustment, item, order, product, returned

BERLIN = "Europe/Berlin"


def test_a_line_is_sold_with_its_order_unless_it_was_added_later() -> None:
    ordered = order(ordered_at="2024-03-05T22:30:00Z")
    moments = [None, "2024-03-05T10:00:00Z", "2024-03-05T22:30:00Z", "2024-03-05T23:00:00Z"]
    lines = [item(f"I{number}", sold_at=at) for number, at in enumerate(moments)]

    sold = facts(orders=[ordered], order_items=lines, timezone=BERLIN).order_items

    assert values(sold, "sale_date") == ["2024-03-05"] * 3 + ["2024-03-06"]
    assert values(sold, "order_date") == ["2024-03-05"] * 4
    at = sold["sold_at"].dt.strftime("%d %H:%M").tolist()
    assert at == ["05 22:30"] * 3 + ["05 23:00"]


def test_revenue_of_an_order_is_of_its_product_lines() -> None:
    made = facts(
        orders=[order(order_discount="6.00")],
        order_items=[
            item("I1", quantity=1, unit_price="20.00", discount_amount="2.00"),
            item("I2", quantity=2, unit_price="10.00", kind="gift_card"),
            item("I3", quantity=3, unit_price="10.00", kind="other"),
            item("I4", quantity=0, unit_price="9.00"),
        ],
    )

    # 6.00 over 18.00, 20.00 and 30.00: the part of all lines, of whatever kind.
    assert values(made.order_items, "order_discount_amount") == [159, 176, 265, 0]
    figures = ("lines", "units", "gross_amount", "discount_amount", "net_amount", "other_amount")
    assert values(made.orders, *figures) == [(1, 1, 2000, 359, 1641, 1824 + 2735)]


def test_an_order_without_a_product_line_is_an_order_of_nothing() -> None:
    made = facts(orders=[order()], order_items=[item(kind="gift_card")])

    figures = ("lines", "units", "gross_amount", "net_amount", "other_amount")
    assert values(made.orders, *figures) == [(0, 0, 0, 0, 2000)]


def test_what_is_refunded_on_other_lines_comes_off_their_amount() -> None:
    made = facts(
        orders=[order()],
        order_items=[item("I1"), item("I2", kind="other")],
        returns=[returned("R1", "I1", refund_amount="4.00"), returned("R2", "I2")],
    )

    figures = ("refund_amount", "net_amount", "other_amount", "returns")
    assert values(made.orders, *figures) == [(400, 1600, 1000, 2)]
    assert values(made.returns, "kind") == ["product", "other"]


def test_adjustments_of_either_sign_and_kind_change_refund_or_shipping() -> None:
    made = facts(
        orders=[order(shipping_amount="5.00")],
        order_items=[item()],
        adjustments=[
            adjustment("A1", amount="30.00"),
            adjustment("A2", amount="-4.00", kind="refund"),
            adjustment("A3", amount="7.00", kind="shipping"),
            adjustment("A4", amount="-1.00", kind="shipping"),
        ],
    )

    # More than the order cost is given back, and more than its shipping.
    figures = ("refund_amount", "net_amount", "shipping_amount", "shipping_refund_amount")
    assert values(made.orders, *figures) == [(2600, -600, 500, 600)]
    assert broken(made) == set()


def test_an_adjustment_is_refunded_however_late_on_the_store_s_date() -> None:
    made = facts(
        orders=[order()],
        order_items=[item()],
        adjustments=[adjustment(adjusted_at="2024-04-29T22:30:00Z")],
        timezone=BERLIN,
        return_days=0,
    )

    assert values(made.adjustments, "adjustment_date", "amount") == [("2024-04-30", 300)]


def test_adjustments_break_the_rules_of_their_order_and_no_others() -> None:
    made = facts(
        orders=[
            order("O1"),
            order("O2", status="cancelled"),
            order("O3", status="created"),
            order("O4", order_discount="5.00"),
        ],
        adjustments=[
            adjustment("A0", "O0"),
            adjustment("A1", "O1", adjusted_at="2024-03-05T10:00:00Z", amount="999999.99"),
            adjustment("A2", "O1", adjusted_at="2024-03-05T09:59:59Z"),
            adjustment("A3", "O2"),
            adjustment("A4", "O3", adjusted_at="2024-03-05T09:59:59Z"),
            adjustment("A5", "O4"),
        ],
    )

    assert broken(made) == {
        ("O4", "discount_exceeds_gross"),
        ("A0", "orphan"),
        ("A2", "return_before_order"),
        ("A3", "unpaid_return"),
        ("A4", "unpaid_return"),
        ("A4", "return_before_order"),
        ("A5", "orphan"),
    }
    assert values(made.adjustments, "adjustment_id") == ["A1"]


def test_the_discount_of_an_order_is_held_against_lines_of_every_kind() -> None:
    gift = item(kind="gift_card", quantity=1, unit_price="10.00")

    assert broken(facts(orders=[order(order_discount="10.00")], order_items=[gift])) == set()
    assert ("O1", "discount_exceeds_gross") in broken(
        facts(orders=[order(order_discount="10.01")], order_items=[gift])
    )


COSTS = [
    product(updated_at="2024-03-01", cost="4.3333"),
    product(updated_at="2024-03-06", cost=None),
    product(updated_at="2024-03-08", cost="5.00"),
]


def test_a_line_costs_what_its_product_cost_when_it_was_sold() -> None:
    sold_at = [None, "2024-03-06T00:00:00Z", "2024-03-08T00:00:00Z"]
    lines = [item(f"I{number}", quantity=3, sold_at=at) for number, at in enumerate(sold_at)]
    lines += [item("I3", product_id="unseen"), item("I4", quantity=0)]

    made = facts(products=COSTS, orders=[order()], order_items=lines).order_items

    # 3 × 4.3333 is 12.9999, half up.
    assert values(made, "cost_amount") == [1300, None, 1500, None, 0]


def test_a_line_of_quantity_0_has_no_cost_where_its_version_has_none() -> None:
    lines = [item("I1", quantity=0, sold_at="2024-03-06"), item("I2", "O1", product_id="unseen")]

    made = facts(products=COSTS, orders=[order()], order_items=lines).order_items

    assert values(made, "cost_amount") == [None, None]


def test_a_return_takes_the_same_cost_back_rounded_by_itself() -> None:
    made = facts(
        products=COSTS,
        orders=[order()],
        order_items=[item(quantity=3), item("I2", sold_at="2024-03-07")],
        returns=[
            returned("R1", quantity=2, refund_amount="0"),
            returned("R2", quantity=1, returned_at="2024-04-30", refund_amount="5.00"),
            returned("R3", "I2"),
        ],
    )

    # 2 × 4.3333 = 8.6666; the second is not refundable any more, and back all the same.
    assert values(made.returns, "cost_amount") == [867, 433, None]
    assert values(made.returns, "is_refundable", "refund_amount") == [
        (True, 0),
        (False, 0),
        (True, 1000),
    ]


def test_a_line_of_the_largest_quantity_and_cost_is_exact() -> None:
    made = facts(
        products=[product(cost="999999999.9999")],
        orders=[order()],
        order_items=[
            item("I1", quantity=10**9, unit_price="0", gross_amount="999999999999.99"),
            item("I2", quantity=1, unit_price="0"),
        ],
        returns=[returned(quantity=10**9, refund_amount="0")],
    )

    assert values(made.order_items, "cost_amount") == [99_999_999_999_990_000_000, 10**11]
    assert values(made.returns, "cost_amount") == [99_999_999_999_990_000_000]
    assert values(made.orders, "gross_amount") == [99_999_999_999_999]


@pytest.mark.parametrize("lines", [90, 91])
def test_an_order_without_lines_rounds_no_other_order(lines: int) -> None:
    """A float holds whole cents up to 2**53: 90 such lines are below it, 91 above, all odd."""
    large = {"quantity": 1, "unit_price": "0", "gross_amount": "999999999999.99"}

    made = facts(
        orders=[order("O1"), order("O2", customer_id="C2")],
        order_items=[item(f"I{number}", **large) for number in range(lines)],
        returns=[returned("R1", "I0", refund_amount="0.01")],
    ).orders

    gross = lines * 99_999_999_999_999
    figures = ("gross_amount", "refund_amount", "net_amount", "other_amount")
    assert values(made, *figures) == [(gross, 1, gross - 1, 0), (0, 0, 0, 0)]
    assert not made[[*figures, "shipping_refund_amount"]].dtypes.eq("float64").any()


def test_other_lines_and_refunds_of_an_order_are_exact_beside_orders_without_any() -> None:
    large = {"quantity": 1, "unit_price": "0", "gross_amount": "999999999999.99", "kind": "other"}

    made = facts(
        orders=[order(f"O{number}", customer_id=None) for number in range(3)],
        order_items=[item(f"I{number}", "O1", **large) for number in range(101)],
        adjustments=[adjustment(f"A{number}", "O1", amount="999999999.99") for number in range(3)],
    ).orders

    figures = ("other_amount", "refund_amount", "net_amount")
    assert values(made, *figures) == [
        (0, 0, 0),
        (101 * 99_999_999_999_999, 299_999_999_997, -299_999_999_997),
        (0, 0, 0),
    ]


def test_a_record_belongs_to_the_order_that_its_latest_version_names() -> None:
    later = {"ingested_at": "2024-06-30T09:00:00Z"}

    made = facts(
        orders=[order("O1"), order("O2")],
        order_items=[item("I1", "O1"), item("I1", "O2", **later)],
        adjustments=[adjustment("A1", "O1"), adjustment("A1", "O2", kind="shipping", **later)],
    )

    assert values(made.orders, "order_id", "gross_amount", "shipping_refund_amount") == [
        ("O1", 0, 0),
        ("O2", 2000, 300),
    ]
    assert len(made.adjustments) == 1


def test_nothing_of_the_figures_is_a_float() -> None:
    made = facts(
        products=COSTS,
        orders=[order("O1"), order("O2")],
        order_items=[item(), item("I2", product_id="unseen")],
        returns=[returned()],
        adjustments=[adjustment()],
    )

    for frame in (made.orders, made.order_items, made.returns, made.adjustments):
        assert not any(pd.api.types.is_float_dtype(dtype) for dtype in frame.dtypes)
