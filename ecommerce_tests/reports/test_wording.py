import datetime as dt

import pytest

from ecommerce_assets.reports import wording


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "0.00 EUR"),
        (5, "0.05 EUR"),
        (123_450, "1,234.50 EUR"),
        (-5, "−0.05 EUR"),
        (10**17 + 1, "1,000,000,000,000,000.01 EUR"),
    ],
)
def test_money_is_exact(cents: int, text: str) -> None:
    assert wording.money(cents, "EUR") == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 3, "33.3%"), (1, 2_000, "0.1%"), (1, 2_001, "0.0%"), (-1, 8, "−12.5%"), (3, 2, "150.0%")],
)
def test_shares_are_rounded_half_away_from_zero(part: int, whole: int, text: str) -> None:
    assert wording.share(part, whole) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (110, 100, "up 10.0%"),
        (90, 100, "down 10.0%"),
        (100, 100, "unchanged"),
        (5, 0, "up from nothing"),
        (-5, -10, "up 50.0%"),
    ],
)
def test_changes_are_by_the_size_of_what_was(now: int, before: int, text: str) -> None:
    assert wording.change(now, before) == text


def test_one_of_a_thing_is_singular() -> None:
    assert wording.count(1, "order") == "1 order"
    assert wording.count(1_000, "order") == "1,000 orders"


def test_a_period_of_one_day_is_the_day() -> None:
    day = dt.date(2025, 3, 5)
    assert wording.period(day, day) == "5 March 2025"
    assert wording.period(day, dt.date(2025, 4, 1)) == "5 March 2025 – 1 April 2025 (28 days)"


def test_texts_are_shortened_to_one_printable_line() -> None:
    assert wording.shortened("a\x00b\n c", 10) == "a b c"
    assert wording.shortened("abcdef", 4) == "abc…"
