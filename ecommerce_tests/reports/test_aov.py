import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecommerce_assets.reports import aov
from ecommerce_tests.reports import drawn, shop_frames

DAYS = pd.date_range("2025-01-01", "2025-01-31", unit="s")
JANUARY = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 1, 31))


def january(orders: int | list[int] = 4, gross: int = 10_000) -> pd.DataFrame:
    return shop_frames.revenue_rows(
        DAYS,
        np.broadcast_to(orders, len(DAYS)),
        np.full(len(DAYS), gross),
        discounts=2_000,
        new_customers=1,
        repeat_customers=[3, 5, *[2] * 29],
        guest_orders=1,
    )


def test_the_value_of_seven_days_is_their_money_over_their_orders() -> None:
    orders = [8, *[4] * 30]
    value, _ = aov.draw(january(orders), JANUARY).axes
    assert drawn.line(value, "each day")[:2] == [10.0, 20.0]
    means = drawn.line(value, "mean of 7 days")
    assert np.isnan(means[5])
    assert means[6] == pytest.approx(7 * 80 / (8 + 6 * 4))
    assert means[7] == pytest.approx(20)
    assert value.get_ylabel() == "EUR an order"


def test_days_without_orders_have_no_value() -> None:
    value, _ = aov.draw(january(orders=[0] * 31, gross=2_000), JANUARY).axes
    assert np.isnan(drawn.line(value, "each day")).all()
    assert np.isnan(drawn.line(value, "mean of 7 days")).all()


def test_new_repeat_and_guests_are_drawn_apart() -> None:
    figure = aov.draw(january(), JANUARY)
    customers = figure.axes[1]
    assert drawn.line(customers, "_repeat customers, each day")[:3] == [3, 5, 2]
    assert drawn.line(customers, "repeat customers")[6] == pytest.approx(18 / 7)
    assert drawn.line(customers, "new customers")[6:] == pytest.approx([1] * 25)
    assert drawn.line(customers, "orders of guests")[6:] == pytest.approx([1] * 25)
    means = [line for line in customers.lines if not line.get_label().startswith("_")]
    assert len({line.get_linestyle() for line in means}) == 3
    assert drawn.legend(figure)[3:] == ["repeat customers", "new customers", "orders of guests"]


def test_the_sentence_gives_the_period_s_value_and_customers() -> None:
    assert aov.sentence(january(), JANUARY) == (
        "An order was worth 20.00 EUR over 124 orders. 31 customers ordered for the first time; "
        "a day saw 1.0 new and 2.1 repeat customers on average, and 31 orders came from guests."
    )


def test_the_sentence_compares_with_the_year_before() -> None:
    before = january(gross=12_000)
    before["date"] -= pd.Timedelta(days=366)
    both = pd.concat([before, january()])
    assert "against 25.00 EUR in the same days a year before (down 20.0%)" in aov.sentence(
        both, JANUARY
    )


def test_no_orders_at_all() -> None:
    assert aov.sentence(shop_frames.no_frames()["revenue"], JANUARY) == (
        "There were no orders in these days."
    )


def test_the_sentence_speaks_of_new_customers_and_guests_only_where_there_are_some() -> None:
    frame = january().assign(new_customers=0, guest_orders=0)
    assert aov.sentence(frame, JANUARY).endswith(
        "No customer ordered for the first time; a day saw 2.1 repeat customers on average."
    )
