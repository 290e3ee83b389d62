"""Sales agreements say what was sold and taken back on which day; each with its arithmetic."""

from pathlib import Path
from typing import Any

import pytest

from ecommerce_tests.shops.shopify.documents import (
    agreement,
    gid,
    graphql_line,
    graphql_order,
    money,
    sale,
)
from ecommerce_tests.shops.shopify.shop import Shop, agreed

PLACED, EDITED, BACK = "2026-03-02T15:00:00Z", "2026-03-05T23:30:00Z", "2026-03-09T21:30:00Z"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def landed_lines(shop: Shop) -> list[Any]:
    return shop.landed(
        "order_items",
        "order_item_id",
        "kind",
        "quantity",
        "gross_amount",
        "discount_amount",
        "sold_at",
    )


def test_lines_are_sold_on_the_days_of_their_agreements(shop: Shop) -> None:
    # 2 × 10.00 − 1.00 = 19.00, and 19 % tax of it, 3.61: 22.61.
    # One more of the same line on the 5th at 10.00 + 1.90, and another line at 5.00 + 0.95.
    # On the 9th one unit of the first two comes back: 9.50 + 1.81.
    document = graphql_order(
        1,
        "40.46",
        graphql_line(31, "10.00", 3, currentQuantity=2),
        graphql_line(32, "5.00"),
        now="29.15",
        totalTaxSet=money("6.46"),
        currentTotalTaxSet=money("4.65"),
        agreements=[
            agreement(
                3,
                "REFUND",
                BACK,
                sale(14, "RETURN", "PRODUCT", "-11.31", -1, line=31, tax="-1.81", discount="-0.5"),
            ),
            agreement(
                1,
                "ORDER",
                PLACED,
                sale(11, "ORDER", "PRODUCT", "22.61", 2, line=31, tax="3.61", discount="1.0"),
            ),
            agreement(
                2,
                "ORDER_EDIT",
                EDITED,
                sale(12, "ORDER", "PRODUCT", "11.90", 1, line=31, tax="1.90"),
                sale(13, "ORDER", "PRODUCT", "5.95", 1, line=32, tax="0.95"),
            ),
        ],
    )
    imported = shop.take(document)
    assert agreed(imported)
    assert imported.notes == {"orders by their sales agreements": 1}
    assert landed_lines(shop) == [
        ("31", "product", "2", "20.00", "1.00", "2026-03-02T15:00:00Z"),
        ("31-12", "product", "1", "10.00", "0.00", "2026-03-05T23:30:00Z"),
        ("32", "product", "1", "5.00", "0.00", "2026-03-05T23:30:00Z"),
    ]
    assert shop.landed(
        "returns", "return_id", "order_item_id", "quantity", "refund_amount", "returned_at"
    ) == [("14", "31", "1", "9.50", "2026-03-09T21:30:00Z")]


def test_adjustments_price_changes_and_shipping_are_booked_on_their_days(shop: Shop) -> None:
    # 40.00 + 5.00 shipping. On the 5th 4.00 is taken off the line and 2.00 of shipping are added.
    # On the 9th the shipping of 5.00 comes back, with 3.00 of goodwill.
    # 40.00 + 5.00 − 4.00 + 2.00 − 5.00 − 3.00 = 35.00
    document = graphql_order(
        1,
        "43.00",
        graphql_line(31, "20.00", 2),
        now="35.00",
        agreements=[
            agreement(
                1,
                "ORDER",
                PLACED,
                sale(11, "ORDER", "PRODUCT", "40.00", 2, line=31),
                sale(12, "ORDER", "SHIPPING", "5.00", 1),
            ),
            agreement(
                2,
                "ORDER_EDIT",
                EDITED,
                sale(13, "UPDATE", "PRODUCT", "-4.00", 0, line=31, discount="4.0"),
                sale(14, "ORDER", "SHIPPING", "2.00", 1),
            ),
            agreement(
                3,
                "REFUND",
                BACK,
                sale(15, "RETURN", "SHIPPING", "-5.00", -1),
                sale(16, "RETURN", "ADJUSTMENT", "-3.00"),
            ),
        ],
    )
    assert agreed(shop.take(document))
    assert shop.landed("orders", "shipping_amount") == ["5.00"]
    assert shop.landed("adjustments", "adjustment_id", "kind", "amount", "adjusted_at") == [
        ("13", "refund", "4.00", "2026-03-05T23:30:00Z"),
        ("14", "shipping", "-2.00", "2026-03-05T23:30:00Z"),
        ("15", "shipping", "5.00", "2026-03-09T21:30:00Z"),
        ("16", "refund", "3.00", "2026-03-09T21:30:00Z"),
    ]


def test_gift_cards_tips_duties_and_fees_are_sold_and_taken_back_apart(shop: Shop) -> None:
    # 50.00 gift card + 3.00 tip + 2.20 duty + 1.00 fee + 10.00 = 66.20; the duty back: 64.00
    document = graphql_order(
        1,
        "66.20",
        graphql_line(31, "10.00"),
        graphql_line(32, "50.00", isGiftCard=True),
        now="64.00",
        agreements=[
            agreement(
                1,
                "ORDER",
                PLACED,
                sale(11, "ORDER", "PRODUCT", "10.00", 1, line=31),
                sale(12, "ORDER", "GIFT_CARD", "50.00", 1),
                sale(13, "ORDER", "TIP", "3.00", 1),
                sale(14, "ORDER", "DUTY", "2.20", 1, duty={"id": gid("Duty", 41)}),
                sale(15, "ORDER", "ADDITIONAL_FEE", "1.00", 1),
            ),
            agreement(
                3,
                "REFUND",
                BACK,
                sale(16, "RETURN", "DUTY", "-2.20", -1, duty={"id": gid("Duty", 41)}),
            ),
        ],
    )
    assert agreed(shop.take(document))
    assert shop.landed("order_items", "order_item_id", "product_id", "kind", "gross_amount") == [
        ("13", "tip", "other", "3.00"),
        ("15", "fee", "other", "1.00"),
        ("31", "531", "product", "10.00"),
        ("32", "532", "gift_card", "50.00"),
        ("41", "duty", "other", "2.20"),
    ]
    assert shop.landed("returns", "order_item_id", "refund_amount") == [("41", "2.20")]


def test_a_return_of_units_sold_at_two_moments_takes_the_older_first(shop: Shop) -> None:
    # 1 × 10.00 and later 2 × 10.00; two back for 20.00: one of each, 10.00 each
    document = graphql_order(
        1,
        "30.00",
        graphql_line(31, "10.00", 3, currentQuantity=1),
        now="10.00",
        agreements=[
            agreement(1, "ORDER", PLACED, sale(11, "ORDER", "PRODUCT", "10.00", 1, line=31)),
            agreement(2, "ORDER_EDIT", EDITED, sale(12, "ORDER", "PRODUCT", "20.00", 2, line=31)),
            agreement(3, "RETURN", BACK, sale(13, "RETURN", "PRODUCT", "-20.00", -2, line=31)),
        ],
    )
    assert agreed(shop.take(document))
    assert shop.landed("returns", "return_id", "order_item_id", "quantity", "refund_amount") == [
        ("13", "31", "1", "10.00"),
        ("13-2", "31-12", "1", "10.00"),
    ]


def test_agreements_that_leave_a_line_out_are_not_used(shop: Shop) -> None:
    document = graphql_order(
        1,
        "15.00",
        graphql_line(31, "10.00"),
        graphql_line(32, "5.00"),
        agreements=[
            agreement(1, "ORDER", PLACED, sale(11, "ORDER", "PRODUCT", "10.00", 1, line=31))
        ],
    )
    imported = shop.take(document)
    assert agreed(imported)
    assert shop.landed("order_items", "gross_amount", "sold_at") == [
        ("10.00", None),
        ("5.00", None),
    ]
    assert imported.notes["orders whose sales agreements do not account for every line"] == 1
