"""The test whether a share of bad records is too large to be chance."""

import numpy as np
import pandas as pd

_DEVIATIONS = 2


def is_above(part: pd.Series, whole: pd.Series, allowed: float) -> pd.Series:
    """Whether `part` of `whole` exceeds the share `allowed` by more than chance explains.

    Among few records a single bad one is a large share: one of 15 is 6.7 %. So `part` has to
    exceed the allowed number by two standard deviations of a binomial distribution: with 5 %
    allowed that is 3 of 20 records, 9 of 100, 64 of 1,000. With 0 allowed, one is too many.
    """
    records = whole.astype("float64").fillna(0.0)
    chance = _DEVIATIONS * np.sqrt(allowed * (1 - allowed) * records)
    above: pd.Series = part.astype("float64").fillna(0.0) > allowed * records + chance
    return above
