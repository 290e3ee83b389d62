import datetime as dt

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecommerce_assets.reports import revenue
from ecommerce_assets.reports.context import Context
from ecommerce_tests.reports import drawn, shop_frames

DAYS = pd.date_range("2024-02-01", "2025-03-31", unit="s")


def frame(gross: list[int] | np.ndarray, **columns: object) -> pd.DataFrame:
    return shop_frames.revenue_rows(DAYS, np.full(len(DAYS), 10), np.asarray(gross), **columns)


def rising() -> pd.DataFrame:
    return frame(np.arange(len(DAYS)) * 100, discounts=50, refunds=25)


def march() -> Context:
    return shop_frames.context(dt.date(2025, 3, 1), dt.date(2025, 3, 31))


def panels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def test_each_panel_draws_the_days_of_the_period_in_currency() -> None:
    figure = revenue.draw(rising(), march())
    first_of_march = int((DAYS == "2025-03-01").nonzero()[0][0])
    expected = [float(first_of_march + day) for day in range(31)]
    gross = panels(figure)["Gross"]
    assert drawn.line(gross, "each day") == expected
    assert drawn.line(panels(figure)["Net"], "each day") == [day - 0.75 for day in expected]
    assert drawn.line(panels(figure)["Discounts"], "each day") == [0.5] * 31
    refunds = panels(figure)["Refunds, on the day of the return"]
    assert drawn.line(refunds, "each day") == [0.25] * 31


def test_the_mean_is_of_the_day_and_the_six_before_it() -> None:
    gross = panels(revenue.draw(rising(), march()))["Gross"]
    daily = drawn.line(gross, "each day")
    assert drawn.line(gross, "mean of 7 days") == pytest.approx([day - 3 for day in daily])


def test_the_year_before_is_of_the_same_calendar_days() -> None:
    gross = panels(revenue.draw(rising(), march()))["Gross"]
    first_of_march_2024 = int((DAYS == "2024-03-01").nonzero()[0][0])
    before = drawn.line(gross, "mean of 7 days, a year before")
    assert before == pytest.approx([first_of_march_2024 + day - 3 for day in range(31)])


def test_29_february_has_no_day_a_year_before() -> None:
    context = shop_frames.context(dt.date(2024, 2, 28), dt.date(2024, 3, 1))
    assert list(context.days_a_year_before.strftime("%Y-%m-%d").fillna("none")) == [
        "2023-02-28",
        "none",
        "2023-03-01",
    ]


def test_there_is_no_mean_where_one_of_the_seven_days_has_no_row() -> None:
    young = rising().query("date >= '2025-03-20'")
    gross = panels(revenue.draw(young, march()))["Gross"]
    assert np.isnan(drawn.line(gross, "each day")[18])
    assert [np.isnan(mean) for mean in drawn.line(gross, "mean of 7 days")] == [True] * 25 + [
        False
    ] * 6
    assert all(np.isnan(drawn.line(gross, "mean of 7 days, a year before")))


def test_axes_name_their_unit_and_begin_at_zero() -> None:
    for axes in revenue.draw(rising(), march()).axes:
        assert axes.get_ylabel() == "EUR a day"
        assert axes.get_ylim()[0] == 0


def test_money_below_zero_is_shown() -> None:
    losing = frame(np.full(len(DAYS), 100), refunds=1_000)
    net = panels(revenue.draw(losing, march()))["Net"]
    assert net.get_ylim()[0] < -9
    assert net.get_ylim()[1] > 0


def test_the_three_kinds_of_mark_are_told_apart_without_colour() -> None:
    figure = revenue.draw(rising(), march())
    styles = [(line.get_linestyle(), line.get_marker()) for line in figure.axes[0].lines]
    assert styles == [("None", "."), ("-", ""), ("--", "")]
    assert drawn.legend(figure) == ["each day", "mean of 7 days", "mean of 7 days, a year before"]


def test_one_day_is_seen_as_markers() -> None:
    day = dt.date(2025, 3, 31)
    figure = revenue.draw(rising(), shop_frames.context(day, day))
    assert [line.get_marker() for line in figure.axes[0].lines] == ["x", "o", "D"]


def test_the_sentence_gives_the_exact_sums_and_the_change() -> None:
    assert revenue.sentence(rising(), march()) == (
        "Net revenue was 12,655.75 EUR in 31 days: gross 12,679.00 EUR less discounts of 15.50 EUR "
        "and refunds of 7.75 EUR. The same days a year before brought 1,340.75 EUR (up 843.9%)."
    )


def test_the_sentence_says_where_the_year_before_is_not_all_there() -> None:
    young = rising().query("date >= '2024-03-02'")
    assert revenue.sentence(young, march()).endswith(
        "The warehouse does not hold all of the same days a year before."
    )


def test_a_period_without_figures_says_so() -> None:
    frames = shop_frames.no_frames()["revenue"]
    assert revenue.sentence(frames, march()) == "The warehouse has no figures for these days."
    assert "No figures for these days" in drawn.texts(revenue.draw(frames, march()))


def test_sums_past_64_bits_are_exact() -> None:
    year = shop_frames.context(dt.date(2024, 4, 1), dt.date(2025, 3, 31))
    huge = frame(np.full(len(DAYS), 10**17 + 1))
    sentence = revenue.sentence(huge, year)
    assert "gross 365,000,000,000,000,003.65 EUR" in sentence
    gross = panels(revenue.draw(huge, year))["Gross"]
    assert drawn.line(gross, "mean of 7 days")[-1] == pytest.approx(1e15)
    drawn.render(gross.figure)
    assert "1,000 tn" in drawn.ticks(gross.yaxis)


def test_panels_of_zeros_say_so_and_have_no_scale() -> None:
    figure = revenue.draw(frame(np.full(len(DAYS), 100)), march())
    assert {"No discounts in these days", "No refunds in these days"} <= set(drawn.texts(figure))
    drawn.render(figure)
    assert drawn.ticks(panels(figure)["Discounts"].yaxis) == ["0"]
    assert "No discounts in these days" not in drawn.texts(revenue.draw(rising(), march()))
