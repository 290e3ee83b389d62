"""Looking keys up quickly: by numbers, since pandas is slow on Arrow's texts (`isin` 30 times)."""

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


def numbered(key: str, *frames: pd.DataFrame) -> list[pd.DataFrame]:
    """Put a number in place of each text of the column `key`, the same one in all frames."""
    numbers, _ = pd.factorize(pd.concat([frame[key] for frame in frames], ignore_index=True))
    ends = np.cumsum([len(frame) for frame in frames])[:-1]
    return [
        frame.assign(**{key: part})
        for frame, part in zip(frames, np.split(numbers, ends), strict=True)
    ]
