"""A share is too large only when chance does not explain it."""

import pandas as pd
import pytest

from ecommerce_assets.checks.thresholds import is_above


@pytest.mark.parametrize(
    ("part", "whole", "allowed", "above"),
    [
        (1, 15, 0.05, False),  # 6.7 %, but a single record
        (2, 20, 0.05, False),
        (3, 20, 0.05, True),
        (8, 100, 0.05, False),
        (10, 100, 0.05, True),
        (60, 1_000, 0.05, False),
        (65, 1_000, 0.05, True),
        (1, 1_000_000, 0.0, True),
        (0, 0, 0.05, False),
        (20, 20, 1.0, False),
    ],
)
def test_a_share_above_the_threshold_by_more_than_chance(
    part: int, whole: int, allowed: float, above: bool
) -> None:
    assert is_above(pd.Series([part]), pd.Series([whole]), allowed).tolist() == [above]
