"""Money is exact at every allowed size, and rounded half away from zero."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecommerce_assets.rules.money import half_up, line_gross, ratio, sums, times_price
from ecommerce_assets.rules.orders import allocate_order_discount


def whole(*numbers: int | None) -> pd.Series:
    return pd.Series(pd.array(numbers, dtype="Int64"))


@pytest.mark.parametrize(
    ("quantity", "unit_price", "cents"),
    [
        (1, 50, 1),  # 0.0050
        (1, 49, 0),
        (3, 33_3350, 10_001),  # 100.0050
        (3, 33_3349, 10_000),  # 100.0047
        (1000, 999_999_999_9999, 99_999_999_999_990),
        (0, 100, 0),
    ],
)
def test_line_gross_is_rounded_half_up_to_cents(quantity: int, unit_price: int, cents: int) -> None:
    gross = line_gross(whole(quantity), whole(unit_price), whole(None))

    assert gross.tolist() == [cents]


def test_a_gross_that_the_shop_gives_counts_but_on_a_line_that_was_taken_off() -> None:
    gross = line_gross(whole(2, 2, 0, 0), whole(10_0000, 10_0000, 10_0000, 1), whole(1999, 0, 5, 0))

    assert gross.tolist() == [1999, 0, 0, 0]


def test_the_gross_of_a_line_may_pass_64_bits_before_it_is_judged() -> None:
    ceiling = 10**14
    gross = line_gross(
        whole(10**9, 10**9), whole(999_999_999_9999, 1), whole(None, None), ceiling=ceiling
    )

    assert gross.tolist() == [ceiling, 10**7]


def test_a_price_times_a_quantity_is_exact_at_the_largest_sizes_and_null_without_a_price() -> None:
    amounts = times_price(whole(10**9, 1, 5), whole(999_999_999_9999, 33_3350, None))

    assert amounts.tolist()[:2] == [99_999_999_999_990_000_000, 3334]
    assert pd.isna(amounts.iloc[2])


@given(st.fractions())
def test_half_up_rounds_away_from_zero(value: Fraction) -> None:
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if decimal == decimal.quantize(Decimal("0.1")):
        assert half_up(value) == int(decimal.quantize(Decimal(1), ROUND_HALF_UP))
    assert abs(half_up(value) - value) <= Fraction(1, 2)


def test_a_ratio_is_null_without_a_denominator_and_keeps_its_sign() -> None:
    result = ratio(pd.Series([1, -5, 0, 7]), pd.Series([3, 10, 4, 0]), decimals=4)

    assert result.tolist() == [3333, -5000, 0, None]


def test_sums_beyond_64_bits_are_exact() -> None:
    frame = pd.DataFrame({"day": ["a"] * 100_000, "amount": [10**14 + 1] * 100_000})

    assert sums(frame, "day", ["amount"]).loc["a", "amount"] == (10**14 + 1) * 100_000


def lines_of_an_order(discount: int, weights: list[tuple[str, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": "O1",
            "order_item_id": [item for item, _ in weights],
            "order_discount": discount,
            "gross_amount": [weight + 7 for _, weight in weights],
            "discount_amount": 7,
        }
    )


@given(st.data())
def test_an_allocated_discount_adds_up_and_is_within_a_cent_of_its_share(
    data: st.DataObject,
) -> None:
    sizes = st.integers(0, 10**14)
    weights = [
        (f"I{number}", weight)
        for number, weight in enumerate(data.draw(st.lists(sizes, min_size=1, max_size=6)))
    ]
    total = sum(weight for _, weight in weights)
    discount = data.draw(st.integers(0, min(total, 10**11)))

    parts = allocate_order_discount(lines_of_an_order(discount, weights))

    assert parts.sum() == discount
    for part, (_, weight) in zip(parts, weights, strict=True):
        assert 0 <= part <= weight
        if total:
            assert abs(Fraction(int(part)) - Fraction(discount * weight, total)) < 1


def test_equal_remainders_go_to_the_smaller_item_by_code_point() -> None:
    lines = lines_of_an_order(100, [("b", 10), ("a", 10), ("B", 10)])

    assert allocate_order_discount(lines).tolist() == [33, 33, 34]
