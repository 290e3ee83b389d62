"""Selects the latest version of each record (docs/reference/rules.md, Versions)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

_AGE = ("ingested_at", "batch_date", "source_file", "line_number")


def latest(records: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Keep, of the staged records with the same business key, the latest version.

    The latest has the greatest (`ingested_at`, `batch_date`, `source_file`, `line_number`), file
    names compared by code point. One row a key, in any order.
    """
    group = records.groupby(list(key), sort=False).ngroup().to_numpy()
    alone = np.bincount(group, minlength=1)[group] == 1 if len(group) else np.empty(0, bool)
    many = records[~alone]
    if many.empty:
        return records
    ages = [_comparable(many[column]) for column in _AGE]
    order = np.lexsort([*reversed(ages), group[~alone]])
    ordered = group[~alone][order]
    is_last = np.append(ordered[1:] != ordered[:-1], True)
    return pd.concat([records[alone], many.iloc[order[is_last]]])


def _comparable(values: pd.Series) -> npt.NDArray[np.int64]:
    """Give whole numbers in the order of the values: moments as integers, texts as ranks."""
    if values.dtype == "str":
        values = pd.Series(pd.factorize(values, sort=True)[0])
    return values.to_numpy("int64")
