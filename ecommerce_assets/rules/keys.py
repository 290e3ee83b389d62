"""Looking keys up quickly: pandas' `isin` takes 30 times as long on Arrow's texts."""

import numpy as np
import pandas as pd


def is_in(values: pd.Series, keys: pd.Series) -> pd.Series:
    """Tell which of the texts `values` are among `keys`; a null is not."""
    codes, _ = pd.factorize(pd.concat([keys, values], ignore_index=True))
    # A null has the code -1, which is the last place here.
    is_key = np.zeros(codes.max(initial=-1) + 2, dtype=bool)
    is_key[codes[: len(keys)]] = True
    is_key[-1] = False
    return pd.Series(is_key[codes[len(keys) :]], index=values.index)


def looked_up(keys: pd.Series, values: pd.Series) -> pd.Series:
    """Give the value of each key, indexed as `keys`; null for a key that `values` has not.

    Unlike `Series.map`, which takes an empty series of moments for one of floats, and fails.
    """
    return values.reindex(keys).set_axis(keys.index)
