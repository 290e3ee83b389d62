"""Exact money: whole minor units, rounded half up (docs/reference/rules.md, Money).

No float leaves here.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

_SAFE_SUM = 2**62


def line_gross(quantity: pd.Series, unit_price: pd.Series, ceiling: int | None = None) -> pd.Series:
    """Give `quantity` × `unit_price` (ten-thousandths) in hundredths, rounded half up.

    A product that would not fit 64 bits is given as `ceiling`, which such a product is far above;
    without a ceiling the inputs are known to be in range (docs/reference/feeds.md).
    """
    if ceiling is not None:
        # The float only picks what is compared exactly: it is off by a millionth at the most.
        beyond = quantity.astype("float64").abs() * unit_price.abs() > ceiling * 200.0
        quantity = quantity.where(~beyond, 0)
    product = quantity * unit_price
    gross = np.sign(product) * ((product.abs() + 50) // 100)
    return gross if ceiling is None else gross.where(~beyond, ceiling)


def sums(frame: pd.DataFrame, by: str | Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Sum whole-number columns by group, exactly: as Python integers where 64 bits might not do."""
    largest = max((int(frame[column].abs().max()) for column in columns if len(frame)), default=0)
    values = frame[list(columns)]
    if largest * len(frame) >= _SAFE_SUM:
        values = values.astype(object)
    keys = [by] if isinstance(by, str) else list(by)
    return values.groupby([frame[key] for key in keys], sort=True).sum()


def ratio(numerator: pd.Series, denominator: pd.Series, decimals: int = 0) -> pd.Series:
    """Divide whole numbers row by row, half up to `decimals`, given in units of the last decimal.

    Null where the denominator is 0.
    """
    return pd.Series(
        [
            None if not below else half_up(Fraction(int(above) * 10**decimals, int(below)))
            for above, below in zip(numerator, denominator, strict=True)
        ],
        index=numerator.index,
        dtype=object,
    )


def half_up(value: Fraction) -> int:
    """Round to a whole number, half away from zero."""
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size
