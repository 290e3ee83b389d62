import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecommerce_assets.reports import margin
from ecommerce_tests.reports import drawn, shop_frames

DAYS = pd.date_range("2024-01-01", "2025-03-15", unit="s")
MARCH = shop_frames.context(dt.date(2025, 3, 1), dt.date(2025, 3, 15))


def frame(cost: object = 400, **columns: object) -> pd.DataFrame:
    """Days of 10.00 gross each."""
    orders, gross = np.full(len(DAYS), 1), np.full(len(DAYS), 1_000)
    return shop_frames.revenue_rows(DAYS, orders, gross, cost=cost, **columns)


def test_months_sum_their_days_up_to_the_period_s_end() -> None:
    months = margin.by_month(frame(refunds=100), MARCH)
    assert list(months["month"]) == list(pd.date_range("2024-03-01", "2025-03-01", freq="MS"))
    last = months.iloc[-1]
    assert (last["net_revenue"], last["gross_margin"]) == (15 * 900, 15 * 500)
    assert list(months["is_complete"]) == [True] * 12 + [False]


def test_net_and_margin_are_bars_and_the_month_not_over_is_hatched() -> None:
    money, share = margin.draw(frame(), MARCH).axes
    assert drawn.bars(money, "net revenue")[0] == (-0.2, 310.0)
    assert drawn.bars(money, "gross margin")[0] == (0.2, 186.0)
    assert drawn.bars(money, "net revenue, month not over yet") == [(11.8, 150.0)]
    assert drawn.points(share, "gross margin") == dict.fromkeys(range(13), pytest.approx(0.6))
    assert money.get_ylabel() == "EUR a month"


def test_months_with_goods_without_a_cost_are_hollow() -> None:
    uncosted = np.where(DAYS < "2024-05-01", 200, 0)
    _, share = margin.draw(frame(uncosted_revenue=uncosted), MARCH).axes
    assert set(drawn.points(share, "goods without a cost among them")) == {0, 1}
    assert len(drawn.points(share, "gross margin")) == 11


def test_the_sentence_is_of_the_last_month_that_is_over_and_the_year_before() -> None:
    cost = np.where(DAYS < "2025-01-01", 500, 400)
    two_months = pd.concat([frame(cost)])
    assert margin.sentence(two_months, MARCH) == (
        "The gross margin of February 2025 was 168.00 EUR, 60.0% of net revenue of 280.00 EUR."
    )
    end_of_february = shop_frames.context(dt.date(2025, 2, 1), dt.date(2025, 2, 28))
    assert margin.sentence(two_months, end_of_february) == (
        "The gross margin of February 2025 was 168.00 EUR, 60.0% of net revenue of 280.00 EUR. A "
        "year before it was 50.0% of net revenue."
    )


def test_the_sentence_tells_how_much_has_no_cost() -> None:
    assert margin.sentence(frame(uncosted_revenue=250), MARCH).endswith(
        "Goods without a cost are 25.0% of what was sold and count as margin in full."
    )


def test_without_any_cost_there_is_no_margin() -> None:
    uncosted = frame(cost=0, uncosted_revenue=1_000)
    assert margin.sentence(uncosted, MARCH) == (
        "The cost of what was sold is not known, so there is no margin to state."
    )
    figure = margin.draw(uncosted, MARCH)
    assert "The cost of what was sold is not known" in drawn.texts(figure)
    assert "gross margin" not in drawn.legend(figure)
    assert not figure.axes[0].texts, "nothing is written over the bars of net revenue"


def test_a_month_without_net_revenue_has_no_share() -> None:
    losing = frame(refunds=1_500)
    assert margin.sentence(losing, MARCH).startswith("The gross margin of these months together")
    money, share = margin.draw(losing, MARCH).axes
    assert money.get_ylim()[0] < -200
    assert drawn.points(share, "gross margin") == {}


def test_nothing_sold() -> None:
    nothing = shop_frames.no_frames()["revenue"]
    assert margin.sentence(nothing, MARCH) == "Nothing was sold in these months."
    assert "No figures for these months" in drawn.texts(margin.draw(nothing, MARCH))
