"""The date on which each figure counts an order, a line, a return or an adjustment."""

from ecommerce_tests.rules.staged import facts, revenue, values
from ecommerce_tests.small_shop import adjustment, item, order, product, returned

ORDERED, SOLD, BACK = DATES = ["2024-03-05", "2024-03-07", "2024-03-10"]
LATER = f"{SOLD}T08:00:00Z"


def test_a_line_counts_on_its_sale_date_and_its_order_on_its_own() -> None:
    made = facts(
        products=[product(cost="4.00")],
        orders=[order(shipping_amount="5.00", tax_amount="3.80")],
        order_items=[item("I1"), item("I2", quantity=1, discount_amount="1.00", sold_at=LATER)],
    )

    rows = revenue(made, DATES)

    assert values(rows, "orders", "shipping", "tax") == [(1, 500, 380), (0, 0, 0), (0, 0, 0)]
    sold = ("units", "gross_revenue", "discounts", "net_revenue", "cost", "gross_margin")
    assert values(rows, *sold) == [
        (2, 2000, 0, 2000, 800, 1200),
        (1, 1000, 100, 900, 400, 500),
        (0, 0, 0, 0, 0, 0),
    ]
    assert values(rows, "order_value", "aov") == [(2900, 2900), (0, None), (0, None)]


def test_aov_is_of_the_orders_placed_whenever_their_lines_were_sold() -> None:
    made = facts(
        orders=[order("O1"), order("O2", customer_id="C2")],
        order_items=[item("I1"), item("I2", "O2", quantity=1, unit_price="0.01", sold_at=LATER)],
    )

    # 20.01 over two orders: half up.
    assert values(revenue(made, DATES), "order_value", "aov") == [
        (2001, 1001),
        (0, None),
        (0, None),
    ]


def test_refunds_count_on_their_own_date_and_again_on_the_order_s() -> None:
    made = facts(
        orders=[order(shipping_amount="5.00")],
        order_items=[item("I1"), item("I2", kind="other")],
        returns=[returned("R1", "I1", refund_amount="4.00"), returned("R2", "I2")],
        adjustments=[
            adjustment("A1", adjusted_at=LATER, amount="30.00"),
            adjustment("A2", adjusted_at=LATER, amount="-2.00"),
            adjustment("A3", adjusted_at=LATER, amount="6.00", kind="shipping"),
        ],
    )

    rows = revenue(made, DATES)

    figures = ("refunds", "refunds_by_order_date", "net_revenue", "shipping", "other_sales")
    assert values(rows, *figures) == [
        (0, 3200, 2000, 500, 2000),
        (2800, 0, -2800, -600, 0),
        (400, 0, -400, 0, -1000),
    ]
    assert rows["refunds"].sum() == rows["refunds_by_order_date"].sum()
    # A return of any line is one of its order.
    assert values(rows, "returned_orders", "return_rate") == [(0, 10_000), (0, None), (1, None)]


def test_an_adjustment_is_no_return() -> None:
    made = facts(orders=[order()], order_items=[item()], adjustments=[adjustment()])

    assert values(revenue(made, [ORDERED]), "returned_orders", "return_rate") == [(0, 0)]


def test_other_lines_are_other_sales_and_no_revenue() -> None:
    made = facts(
        orders=[order()],
        order_items=[
            item("I1", kind="gift_card", quantity=1),
            item("I2", kind="other", quantity=1, discount_amount="1.00", sold_at=LATER),
        ],
    )

    rows = revenue(made, DATES)

    assert values(rows, "other_sales") == [1000, 900, 0]
    none = ("units", "gross_revenue", "discounts", "cost", "uncosted_revenue", "order_value", "aov")
    assert values(rows, *none) == [(0, 0, 0, 0, 0, 0, 0), *[(0, 0, 0, 0, 0, 0, None)] * 2]
    # An order without any product line is an order all the same, and makes a customer.
    assert values(rows, "orders", "new_customers") == [(1, 1), (0, 0), (0, 0)]


def test_a_return_takes_its_cost_back_refundable_or_not() -> None:
    made = facts(
        products=[product(cost="4.00"), product("P2", cost="1.00")],
        orders=[order()],
        order_items=[item("I1"), item("I2", product_id="P2", kind="other")],
        returns=[returned("R1", "I1"), returned("R2", "I2", refund_amount="1.00")],
        return_days=0,
    )

    rows = revenue(made, DATES)

    assert values(rows, "refunds", "cost", "gross_margin") == [
        (0, 800, 1200),
        (0, 0, 0),
        (0, -400, 400),
    ]


def test_lines_without_a_cost_count_none_and_their_net_is_uncosted() -> None:
    made = facts(
        products=[product(cost="0"), product("P2", cost=None)],
        orders=[order()],
        order_items=[
            item("I1"),
            item("I2", product_id="P2", discount_amount="1.00"),
            item("I3", product_id="unseen", quantity=1),
            item("I4", product_id="unseen", kind="gift_card"),
        ],
        returns=[returned("R1", "I2"), returned("R2", "I3")],
    )

    rows = revenue(made, DATES)

    # Before refunds: what is returned of such a line stays in it.
    assert values(rows, "uncosted_revenue", "cost", "gross_margin") == [
        (2900, 0, 4900),
        (0, 0, 0),
        (0, 0, -2000),
    ]


def test_what_is_not_recognised_counts_in_no_figure() -> None:
    made = facts(
        orders=[order("O1", status="created"), order("O2", status="cancelled")],
        order_items=[item("I1", "O1"), item("I2", "O2", kind="other", sold_at=LATER)],
    )

    rows = revenue(made, DATES).drop(columns=["date", "aov", "return_rate"])

    assert (rows == 0).all(axis=None)


def test_the_figures_of_a_date_are_exact_beyond_floats_and_64_bits() -> None:
    large = {"quantity": 10**9, "unit_price": "0", "gross_amount": "999999999999.99"}
    made = facts(
        products=[product(cost="999999999.9999")],
        orders=[order()],
        order_items=[item(f"I{number}", **large) for number in range(101)],
        returns=[returned(quantity=3, refund_amount="0.01")],
    )

    rows = revenue(made, DATES)

    gross, cost = 101 * 99_999_999_999_999, 101 * 99_999_999_999_990_000_000
    assert values(rows, "gross_revenue", "cost", "gross_margin") == [
        (gross, cost, gross - cost),
        (0, 0, 0),
        (0, -300_000_000_000, 299_999_999_999),
    ]
