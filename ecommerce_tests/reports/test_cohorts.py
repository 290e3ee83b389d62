"""The grouping to months, and the two reports that show it: retention and lifetime value."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecommerce_assets.reports import cohorts, ltv, retention
from ecommerce_assets.warehouse.tables import FCT_COHORT_LTV
from ecommerce_tests.reports import drawn, shop_frames

END = dt.date(2025, 4, 30)
CONTEXT = shop_frames.context(dt.date(2025, 4, 1), END)


def cohort_days(*rows: tuple[str, int, int, int]) -> pd.DataFrame:
    """One row a (day, customers, retained customers, net revenue in hundredths) and horizon."""
    horizons = (7, 30, 90)
    return shop_frames.framed(
        FCT_COHORT_LTV,
        {
            "cohort_date": [pd.Timestamp(row[0]) for row in rows for _ in horizons],
            "horizon_days": [horizon for _ in rows for horizon in horizons],
            "customers": [row[1] for row in rows for _ in horizons],
            "retained_customers": [row[2] for row in rows for _ in horizons],
            "net_revenue": [row[3] for row in rows for _ in horizons],
            "complete_on": [
                pd.Timestamp(row[0]) + pd.Timedelta(days=h) for row in rows for h in horizons
            ],
        },
    )


def two_months() -> pd.DataFrame:
    return cohort_days(
        ("2025-01-05", 10, 1, 50_000), ("2025-01-20", 20, 5, 10_000), ("2025-04-02", 4, 3, 2_000)
    )


def test_a_month_sums_its_days_and_divides_afterwards() -> None:
    january = cohorts.by_month(two_months(), CONTEXT).iloc[0]
    assert january["cohort"] == pd.Timestamp("2025-01-01")
    assert (january["customers"], january["retained_customers"]) == (30, 6)
    assert january["retention_rate"] == 2_000
    assert january["ltv"] == 2_000


@pytest.mark.parametrize(
    ("as_of", "complete"),
    [("2025-02-06", []), ("2025-02-07", [7]), ("2025-03-02", [7, 30]), ("2025-05-01", [7, 30, 90])],
)
def test_a_month_is_complete_when_its_last_day_is(as_of: str, complete: list[int]) -> None:
    context = shop_frames.context(end=END, as_of=dt.date.fromisoformat(as_of))
    months = cohorts.by_month(two_months(), context)
    january = months[months["cohort"] == pd.Timestamp("2025-01-01")]
    assert list(january.loc[january["is_complete"], "horizon_days"]) == complete


def test_the_period_s_end_cuts_its_month() -> None:
    context = shop_frames.context(end=dt.date(2025, 1, 10), as_of=dt.date(2025, 1, 17))
    months = cohorts.by_month(two_months(), context)
    assert list(months["customers"]) == [10, 10, 10]
    assert list(months["is_complete"]) == [True, False, False]


def test_a_year_and_the_same_month_before_are_shown() -> None:
    days = [(f"{day:%Y-%m-%d}", 1, 0, 0) for day in pd.date_range("2023-01-15", END, freq="MS")]
    months = cohorts.by_month(cohort_days(*days), CONTEXT)["cohort"].unique()
    assert (months[0], len(months)) == (pd.Timestamp("2024-04-01"), 13)


def test_cohorts_that_are_all_older_are_shown_all_the_same() -> None:
    old = cohort_days(
        ("1996-01-05", 9, 9, 9), ("1997-01-05", 10, 1, 500), ("1997-03-20", 20, 5, 80)
    )
    context = shop_frames.context(dt.date(1998, 4, 1), dt.date(1998, 6, 30))
    months = cohorts.by_month(old, context)
    assert list(months["cohort"].unique()) == [
        pd.Timestamp("1997-01-01"),
        pd.Timestamp("1997-03-01"),
    ]
    assert months["is_complete"].all()
    assert cohorts.earliest_month(context.end, dt.date(1997, 3, 20)) == dt.date(1996, 3, 1)
    assert "5 of the 20 customers (25.0%) of March 1997" in retention.sentence(old, context)
    _, size = retention.draw(old, context).axes
    assert drawn.ticks(size.xaxis) == ["Jan\n1997", "Feb", "Mar"]


def test_sums_of_the_largest_days_are_exact() -> None:
    days = [(f"2025-01-{day:02d}", 1, 0, 9 * 10**18) for day in range(1, 32)]
    january = cohorts.by_month(cohort_days(*days), CONTEXT).iloc[0]
    assert january["net_revenue"] == 31 * 9 * 10**18
    assert january["ltv"] == 9 * 10**18


def test_retention_draws_a_curve_a_horizon_and_sets_what_is_partial_apart() -> None:
    rate, size = retention.draw(two_months(), CONTEXT).axes
    assert drawn.points(rate, "within 7 days") == {0: 0.2}
    assert drawn.points(rate, "_within 7 days, not complete") == {3: 0.75}
    assert drawn.points(rate, "within 90 days") == {}
    assert drawn.points(rate, "_within 90 days, not complete") == {0: 0.2, 3: 0.75}
    assert drawn.ticks(size.xaxis) == ["Jan\n2025", "Feb", "Mar", "Apr"]
    heights = [bar.get_height() for bar in size.patches]
    assert (heights[0], heights[3]) == (30, 4)


def test_partial_months_are_hollow_markers_and_curves_differ_without_colour() -> None:
    figure = retention.draw(two_months(), CONTEXT)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["_within 7 days, not complete"].get_markerfacecolor() == "white"
    assert lines["_within 7 days, not complete"].get_linestyle() == "None"
    looks = {
        (lines[f"within {days} days"].get_linestyle(), lines[f"within {days} days"].get_marker())
        for days in (7, 30, 90)
    }
    assert len(looks) == 3
    assert drawn.legend(figure)[-1] == "month not complete yet"


def test_the_retention_sentence_takes_the_latest_complete_month_of_each_horizon() -> None:
    context = shop_frames.context(end=END, as_of=dt.date(2025, 5, 7))
    assert retention.sentence(two_months(), context) == (
        "Of the new customers of the latest complete month ordered again: 3 of the 4 customers of "
        "April 2025 within 7 days, 6 of the 30 customers (20.0%) of January 2025 within 30 days, 6 "
        "of the 30 customers (20.0%) of January 2025 within 90 days."
    )


def test_ltv_draws_a_bar_a_horizon_in_currency_and_partial_ones_hatched() -> None:
    figure = ltv.draw(two_months(), CONTEXT)
    (axes,) = figure.axes
    assert drawn.bars(axes, "within 7 days") == [(-0.27, 20.0)]
    assert drawn.bars(axes, "within 30 days") == [(0.0, 20.0)]
    assert drawn.bars(axes, "within 90 days") == []
    assert drawn.bars(axes, "_within 90 days, not complete") == [(0.27, 20.0), (3.27, 5.0)]
    (partial,) = [
        group for group in axes.containers if group.get_label() == "_within 90 days, not complete"
    ]
    assert {bar.get_hatch() for bar in partial} == {"////"}
    assert axes.get_ylabel() == "EUR a customer"
    assert drawn.legend(figure) == [
        "within 7 days",
        "within 30 days",
        "within 90 days",
        "month not complete yet",
    ]


def test_the_shades_of_the_horizons_differ_in_grey() -> None:
    figure = ltv.draw(two_months(), shop_frames.context(end=END, as_of=dt.date(2026, 1, 1)))
    faces = [group[0].get_facecolor()[:3] for group in figure.axes[0].containers if len(group)]
    greys = [float(np.dot(face, (0.299, 0.587, 0.114))) for face in faces]
    assert greys[0] - greys[1] > 0.2
    assert greys[1] - greys[2] > 0.2


def test_the_ltv_sentence_gives_the_values_and_counts_partial_months() -> None:
    assert ltv.sentence(two_months(), CONTEXT) == (
        "A new customer of the latest complete month brought 20.00 EUR within 7 days (30 customers "
        "of January 2025), 20.00 EUR within 30 days (30 customers of January 2025); for 90 days 2 "
        "of 2 months are not complete yet."
    )


def test_the_ltv_sentence_says_nothing_of_partial_months_where_all_are_complete() -> None:
    later = shop_frames.context(dt.date(2025, 4, 1), END, as_of=dt.date(2025, 12, 31))
    assert ltv.sentence(two_months(), later).endswith("within 90 days (4 customers of April 2025).")


def test_no_cohorts() -> None:
    nothing = shop_frames.no_frames()["cohort_ltv"]
    for report in (retention, ltv):
        assert report.sentence(nothing, CONTEXT).startswith("No cohort month is complete yet")
        assert "No new customers in these months" in drawn.texts(report.draw(nothing, CONTEXT))
