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


def test_the_sentence_gives_the_rate_of_the_period() -> None:
    assert return_rate.sentence(frame(orders=30, returned=1), BOTH_MONTHS) == (
        "3.3% of the 1,770 orders placed in the period (59) have a return by now; "
        "900 orders of the last 30 days may still be returned."
    )


def test_the_sentence_compares_with_the_year_before() -> None:
    before = frame(orders=30, returned=3)
    before["date"] -= pd.Timedelta(days=366)
    context = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 1, 29), as_of=DAYS[-1].date())
    assert return_rate.sentence(pd.concat([before, frame(30, 1)]), context) == (
        "3.3% of the 870 orders placed in the period (29) have a return by now, against 10.0% of "
        "those of a year before."
    )


def test_no_returns_are_a_line_at_zero() -> None:
    frame_without = frame(orders=30, returned=0, returned_orders=0)
    rate, returned = return_rate.draw(frame_without, BOTH_MONTHS).axes
    assert drawn.line(rate, "mean of 7 days")[6:] == [0.0] * 53
    assert drawn.line(returned, "each day") == [0] * 59
    assert return_rate.sentence(frame_without, BOTH_MONTHS).startswith("0.0% of the 1,770 orders")
