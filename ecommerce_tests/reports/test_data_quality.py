import datetime as dt

import pandas as pd

from ecommerce_assets.reports import data_quality
from ecommerce_tests.reports import drawn, shop_frames

MARCH = shop_frames.context(dt.date(2025, 3, 1), dt.date(2025, 3, 31))
YEAR = shop_frames.context(dt.date(2025, 1, 1), dt.date(2025, 12, 31))


def broken(*rows: tuple[str, str, int]) -> pd.DataFrame:
    """One row a (batch date, rule, records)."""
    columns = ["batch_date", "rule", "records"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"batch_date": "datetime64[s]", "rule": "str", "records": "int64"}
    )


def batches(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """One row a (batch date, records landed, quarantined)."""
    columns = ["batch_date", "records", "quarantined"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"batch_date": "datetime64[s]", "records": "int64", "quarantined": "int64"}
    )


BROKEN = broken(
    ("2025-02-28", "enum", 999),
    ("2025-03-01", "orphan", 2),
    ("2025-03-01", "orphan", 3),
    ("2025-03-03", "type", 40),
    ("2025-03-03", "orphan", 1),
)
LANDED = batches(
    ("2025-02-28", 1_000, 999), ("2025-03-01", 60, 5), ("2025-03-01", 40, 0), ("2025-03-03", 50, 40)
)


def test_the_share_of_a_day_is_of_all_its_feeds() -> None:
    share = data_quality.draw(BROKEN, LANDED, MARCH).axes[0]
    heights = [bar.get_height() for bar in share.patches]
    assert (heights[0], heights[2]) == (0.05, 0.8)
    assert len(heights) == 31


def test_the_grid_counts_by_rule_and_day_the_most_frequent_rule_first() -> None:
    grid = data_quality.draw(BROKEN, LANDED, MARCH).axes[1]
    counts = grid.images[0].get_array()
    assert drawn.ticks(grid.yaxis) == ["type  (40)", "orphan  (6)"]
    assert counts[1, 0] == 5
    assert counts[0, 2] == 40
    assert counts[1, 2] == 1
    assert counts.mask.sum() == 2 * 31 - 3
    assert grid.get_xlabel() == "day of the batch"


def test_long_periods_are_counted_by_week() -> None:
    figure = data_quality.draw(BROKEN, LANDED, YEAR)
    counts = figure.axes[1].images[0].get_array()
    assert counts.shape[1] == 53
    # Weeks of 24 February and 3 March.
    assert counts[0, 8:10].tolist() == [999, None]
    assert figure.axes[1].get_xlabel() == "week of the batch (its Monday)"
    assert "records a week" in drawn.texts(figure)


def test_the_sentence_counts_records_once_and_names_the_worst_rules() -> None:
    assert data_quality.sentence(BROKEN, LANDED, MARCH) == (
        "30.0% of the 150 records that landed (45) are in quarantine, most for type (40), "
        "orphan (6)."
    )


def test_clean_batches_and_no_batches() -> None:
    clean = batches(("2025-03-01", 60, 0))
    nothing = BROKEN.iloc[:0]
    assert data_quality.sentence(nothing, clean, MARCH) == (
        "None of the 60 records that landed is in quarantine."
    )
    assert "No record is in quarantine" in drawn.texts(data_quality.draw(nothing, clean, MARCH))
    assert data_quality.sentence(nothing, clean.iloc[:0], MARCH) == "Nothing landed in these days."
    assert "Nothing landed in these days" in drawn.texts(
        data_quality.draw(nothing, clean.iloc[:0], MARCH)
    )


def test_the_sentence_names_the_only_rule_once() -> None:
    one_rule = broken(("2025-03-01", "orphan", 5))
    assert data_quality.sentence(one_rule, batches(("2025-03-01", 100, 5)), MARCH) == (
        "5.0% of the 100 records that landed (5) are in quarantine, all for orphan."
    )
