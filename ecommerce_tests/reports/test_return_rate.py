import datetime as dt

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num

from ecommerce_assets.reports import return_rate
from ecommerce_tests.reports import drawn, shop_frames

DAYS = pd.date_range("2025-01-01", "2025-02-28", unit="s")
BOTH_MONTHS = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 2, 28))


def frame(orders: int, returned: int, returned_orders: int = 2) -> pd.DataFrame:
    rate = (returned * 10_000 * 2 + orders) // (2 * orders)
    return shop_frames.revenue_rows(
        DAYS,
        np.full(len(DAYS), orders),
        np.full(len(DAYS), 1_000),
        return_rate=rate,
        returned_orders=returned_orders,
    )


@pytest.mark.parametrize("orders", [1, 3, 7, 997, 9_999])
def test_the_orders_behind_a_rate_come_back_exactly(orders: int) -> None:
    returned = np.arange(orders + 1)
    rates = (returned * 10_000 * 2 + orders) // (2 * orders)
    rows = pd.DataFrame({"orders": orders, "return_rate": pd.array(rates, dtype="Int64")})
    assert list(return_rate.with_orders_returned(rows)["orders_returned"]) == list(returned)


def test_rates_and_returns_are_drawn_by_day() -> None:
    rate, returned = return_rate.draw(frame(orders=30, returned=1), BOTH_MONTHS).axes
    assert drawn.line(rate, "each day") == [0.0333] * 59
    assert drawn.line(rate, "mean of 7 days")[6:] == pytest.approx([1 / 30] * 53)
    assert drawn.line(returned, "each day") == [2] * 59
    drawn.render(rate.figure)
    assert "2%" in drawn.ticks(rate.yaxis)
    assert returned.get_ylabel() == "orders a day"


def test_the_days_whose_orders_may_still_come_back_are_shaded() -> None:
    figure = return_rate.draw(frame(orders=30, returned=1), BOTH_MONTHS)
    (shade,) = figure.axes[0].patches
    # 28 February less 30 days is 29 January, the last day that is settled.
    assert shade.get_x() == date2num(dt.datetime(2025, 1, 29, 12))
    assert "returns may still come (30 days)" in drawn.legend(figure)


def test_a_period_long_past_is_not_shaded() -> None:
    context = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 1, 29), as_of=DAYS[-1].date())
    assert not return_rate.draw(frame(orders=30, returned=1), context).axes[0].patches


def test_the_sentence_tells_old_orders_from_young_ones() -> None:
    assert return_rate.sentence(frame(orders=30, returned=1), BOTH_MONTHS) == (
        "29 of the 870 orders (3.3%) placed up to 29 January 2025 have a return; so far 30 of the "
        "900 orders (3.3%) placed since then have a return, and may see more."
    )
    february = shop_frames.context(dt.date(2025, 2, 1), dt.date(2025, 2, 28))
    assert return_rate.sentence(frame(orders=30, returned=1), february) == (
        "So far 28 of the 840 orders (3.3%) placed have a return, and may see more."
    )


def test_the_sentence_compares_orders_past_the_days_for_a_return_with_the_year_before() -> None:
    before = frame(orders=30, returned=3)
    before["date"] -= pd.Timedelta(days=366)
    both = pd.concat([before, frame(30, 1)])
    january = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 1, 29), as_of=DAYS[-1].date())
    assert return_rate.sentence(both, january) == (
        "29 of the 870 orders (3.3%) placed have a return, against 10.0% of those of the same days "
        "a year before."
    )
    assert return_rate.sentence(both, BOTH_MONTHS).startswith(
        "29 of the 870 orders (3.3%) placed up to 29 January 2025 have a return, against 10.0% of "
        "those of the same days a year before; so far"
    )


def test_a_few_orders_are_counted_and_not_compared() -> None:
    few = frame(orders=1, returned=1)
    few.loc[1:, ["orders", "return_rate"]] = [0, None]
    before = few.assign(date=few["date"] - pd.Timedelta(days=366))
    context = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 1, 29), as_of=DAYS[-1].date())
    assert return_rate.sentence(pd.concat([before, few]), context) == (
        "1 of the 1 order placed has a return."
    )


def test_no_returns_are_a_line_at_zero() -> None:
    frame_without = frame(orders=30, returned=0, returned_orders=0)
    rate, returned = return_rate.draw(frame_without, BOTH_MONTHS).axes
    assert drawn.line(rate, "mean of 7 days")[6:] == [0.0] * 53
    assert drawn.line(returned, "each day") == [0] * 59
    assert return_rate.sentence(frame_without, BOTH_MONTHS).startswith("None of the 870 orders")


def test_a_shop_that_exports_no_returns_has_no_rate() -> None:
    context = shop_frames.context(BOTH_MONTHS.start, BOTH_MONTHS.end, returns_landed=False)
    figure = return_rate.draw(frame(orders=30, returned=0, returned_orders=0), context)
    assert "No returns have landed" in drawn.texts(figure)
    assert not figure.axes[0].lines
    assert return_rate.sentence(frame(orders=30, returned=0), context) == (
        "No file of the feed returns has landed, so there is no return rate to state."
    )
