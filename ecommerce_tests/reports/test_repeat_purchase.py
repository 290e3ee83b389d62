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
            "In the month after that of their first order 50.0% of 2 customers ordered again "
            "(January 2025).",
        ),
        (
            dt.date(2025, 3, 31),
            "In the month after that of their first order 33.3% of 3 customers ordered again: "
            "most of January 2025 (50.0%), fewest of February 2025 (0.0%).",
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
