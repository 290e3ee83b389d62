"""The plausibility rules, by example."""

import numpy as np
import pandas as pd

from ecommerce_assets.rules.plausibility import open_units, recent_volume, usual_volume


def days(*names: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(names).as_unit("s")


def test_usual_is_the_median_of_the_same_weekday() -> None:
    mondays = days("2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29")
    landed = pd.Series([10, 30, 20, 1000, 5], index=mondays)

    usual = usual_volume(landed, days("2024-01-29"))

    assert list(usual) == [25.0]


def test_a_past_shorter_than_four_weeks_tells_nothing() -> None:
    landed = pd.Series([10, 30, 20], index=days("2024-01-08", "2024-01-15", "2024-01-22"))

    assert np.isnan(usual_volume(landed, days("2024-01-29"))).all()
    assert np.isnan(usual_volume(landed.iloc[:0], days("2024-01-29"))).all()


def test_a_weekday_on_which_nothing_landed_counts_as_none_and_only_eight_weeks_count() -> None:
    landed = pd.Series(
        [900, 10, 10, 10, 10],
        index=days("2023-11-27", "2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"),
    )

    # Of 4 December to 22 January four Mondays are empty; 27 November is too long ago.
    assert list(usual_volume(landed, days("2024-01-29"))) == [5.0]


def test_recent_is_the_median_of_the_last_seven_days_with_records() -> None:
    landed = pd.Series(
        [900, 10, 0, 30, 20, 40, 7],
        index=days(*(f"2024-01-0{day}" for day in (1, 2, 3, 5, 6, 8, 9))),
    )

    # The 1st is too long ago for the 9th; the 7th has no file, the 3rd a file without records.
    assert list(recent_volume(landed, days("2024-01-09"))) == [25.0]
    assert np.isnan(recent_volume(landed, days("2024-01-13"))).all()
    assert np.isnan(recent_volume(landed.iloc[:0], days("2024-01-09"))).all()


def test_units_are_open_from_their_order_until_they_are_sent() -> None:
    orders = pd.DataFrame(
        {
            "order_date": days("2024-01-01", "2024-01-02", "2024-01-02"),
            "fulfilled_date": pd.Series(["2024-01-03", None, "2024-01-02"], dtype="datetime64[s]"),
            "units": [2, 3, 50],
        }
    )
    looked_at = days("2023-12-31", "2024-01-01", "2024-01-02", "2024-01-03", "2024-06-01")

    assert list(open_units(orders, looked_at)) == [0, 2, 5, 3, 0]
