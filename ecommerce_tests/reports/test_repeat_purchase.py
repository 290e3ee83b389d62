import datetime as dt

import pandas as pd
import pytest

from ecommerce_assets.reports import repeat_purchase
from ecommerce_assets.reports.context import Context
from ecommerce_tests.reports import drawn, shop_frames

CONTEXT = shop_frames.context(dt.date(2025, 3, 1), dt.date(2025, 3, 15))


def purchases(*orders: tuple[str, str, str]) -> pd.DataFrame:
    """One row a (customer, first order date, order date)."""
    frame = pd.DataFrame(orders, columns=["customer_id", "first_order_date", "order_date"])
    days = ["first_order_date", "order_date"]
    return frame.astype({"customer_id": "str"} | dict.fromkeys(days, "datetime64[s]"))


def three_customers() -> pd.DataFrame:
    return purchases(
        ("a", "2025-01-03", "2025-01-03"),
        ("a", "2025-01-03", "2025-01-03"),
        ("a", "2025-01-03", "2025-02-01"),
        ("a", "2025-01-03", "2025-02-09"),
        ("b", "2025-01-31", "2025-01-31"),
        ("b", "2025-01-31", "2025-03-15"),
        ("b", "2025-01-31", "2025-03-16"),
        ("c", "2025-02-10", "2025-02-10"),
        ("c", "2025-02-10", "2025-02-11"),
    )


def counted(context: Context = CONTEXT) -> dict[tuple[str, int], tuple[int, int, bool]]:
    cells = repeat_purchase.returning_customers(three_customers(), context)
    return {
        (f"{cell.cohort:%b}", cell.months_after): (cell.customers, cell.returned, cell.is_complete)
        for cell in cells.itertuples()
    }


def test_a_customer_counts_once_a_month_and_never_on_the_first_day() -> None:
    assert counted() == {
        ("Jan", 0): (2, 0, True),
        ("Jan", 1): (2, 1, True),
        ("Jan", 2): (2, 1, False),
        ("Feb", 0): (1, 1, True),
        ("Feb", 1): (1, 0, False),
    }


def test_a_month_is_complete_once_it_is_over_and_loaded() -> None:
    end_of_march = shop_frames.context(end=dt.date(2025, 3, 31))
    assert counted(end_of_march)["Jan", 2] == (2, 1, True)
    not_loaded = shop_frames.context(end=dt.date(2025, 3, 31), as_of=dt.date(2025, 3, 30))
    assert counted(not_loaded)["Jan", 2] == (2, 1, False)


def test_cells_show_the_share_and_partial_ones_are_hatched() -> None:
    figure = repeat_purchase.draw(three_customers(), CONTEXT)
    axes = figure.axes[0]
    grid = axes.images[0].get_array()
    assert grid[0].tolist() == [0.0, 0.5, 0.5]
    assert grid[1, :2].tolist() == [1.0, 0.0]
    assert grid.mask[1, 2]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written[(1, 0)] == "50.0"
    assert [patch.get_xy() for patch in axes.patches] == [(1.5, -0.5), (0.5, 0.5)]
    assert {patch.get_hatch() for patch in axes.patches} == {"///"}
    assert drawn.legend(figure) == ["month not over yet"]
    assert drawn.ticks(axes.yaxis) == ["Jan 2025  (2)", "Feb 2025  (1)", "Mar 2025  (0)"]


def test_without_partial_months_there_is_no_legend() -> None:
    figure = repeat_purchase.draw(three_customers(), shop_frames.context(end=dt.date(2025, 3, 31)))
    assert drawn.legend(figure) == []


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (
            dt.date(2025, 3, 15),
            "In the month after that of their first order 1 of the 2 customers ordered again "
            "(January 2025).",
        ),
        (
            dt.date(2025, 3, 31),
            "In the month after that of their first order 1 of the 3 customers ordered again.",
        ),
        (
            dt.date(2025, 2, 20),
            "No month after a first order is over yet, so there is no repeat purchase to state.",
        ),
    ],
)
def test_the_sentence_states_the_month_after(end: dt.date, sentence: str) -> None:
    context = shop_frames.context(end=end)
    assert repeat_purchase.sentence(three_customers(), context) == sentence


def many(month: str, customers: int, returned: int) -> list[tuple[str, str, str]]:
    """Customers of a month, some of whom come back in the next."""
    first, again = f"{month}-05", f"{pd.Period(month, freq='M') + 1}-05"
    names = [f"{month} {number}" for number in range(customers)]
    return [(name, first, first) for name in names] + [
        (name, first, again) for name in names[:returned]
    ]


def test_the_sentence_names_the_months_of_which_most_and_fewest_came_back() -> None:
    orders = purchases(*many("2025-01", 40, 10), *many("2025-02", 30, 3), *many("2024-12", 4, 4))
    context = shop_frames.context(end=dt.date(2025, 3, 31))
    assert repeat_purchase.sentence(orders, context) == (
        "In the month after that of their first order 17 of the 74 customers (23.0%) ordered "
        "again: most of January 2025 (25.0%), fewest of February 2025 (10.0%)."
    )


def test_months_that_do_not_differ_are_not_named() -> None:
    orders = purchases(*many("2025-01", 40, 0), *many("2025-02", 30, 0))
    context = shop_frames.context(end=dt.date(2025, 3, 31))
    assert repeat_purchase.sentence(orders, context) == (
        "In the month after that of their first order none of the 70 customers ordered again."
    )


def test_a_shop_whose_customers_are_all_old_shows_their_months() -> None:
    old = purchases(*many("1997-01", 40, 10), *many("1997-03", 30, 3))
    context = shop_frames.context(dt.date(1998, 4, 1), dt.date(1998, 6, 30))
    cells = repeat_purchase.returning_customers(old, context)
    assert list(cells["cohort"].unique()) == [
        pd.Timestamp("1997-01-01"),
        pd.Timestamp("1997-03-01"),
    ]
    assert cells["months_after"].max() == 12
    assert cells["is_complete"].all()
    assert "10 of the 40" not in repeat_purchase.sentence(old, context)
    assert "most of January 1997 (25.0%)" in repeat_purchase.sentence(old, context)


def test_the_colours_reach_to_20_percent_at_least() -> None:
    context = shop_frames.context(end=dt.date(2025, 3, 31))
    for returned, top in ((0, 0.2), (2, 0.2), (10, 0.3)):
        figure = repeat_purchase.draw(purchases(*many("2025-01", 40, returned)), context)
        assert figure.axes[0].images[0].get_clim() == (0, pytest.approx(top))
