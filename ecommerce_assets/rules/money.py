"""Exact money: whole minor units, rounded half up (docs/reference/rules.md, Money).

No float leaves here.
"""

from collections.abc import Sequence
from fractions import Fraction

import pandas as pd

_SAFE_SUM = 2**62


def line_gross(
    quantity: pd.Series,
    unit_price: pd.Series,
    gross_amount: pd.Series,
    ceiling: int | None = None,
) -> pd.Series:
    """Give each line's gross in hundredths.

    Gross is `gross_amount` if the shop gives one (0 on a line of quantity 0), else `quantity` ×
    `unit_price` (ten-thousandths), rounded half up. A product above 64 bits becomes `ceiling`,
    which it is far above. Without a ceiling every line is in range (docs/reference/feeds.md).
    """
    given = gross_amount.notna()
    counted = quantity.where(~given, 0)
    if ceiling is None:
        computed = times_price(counted, unit_price)
    else:
        # The float only selects lines; it is off by at most a millionth.
        beyond = counted.astype("float64").abs() * unit_price.abs() > ceiling * 200.0
        computed = times_price(counted.where(~beyond, 0), unit_price).where(~beyond, ceiling)
    as_given = gross_amount.fillna(0).astype("int64").where(quantity != 0, 0)
    return as_given.where(given, computed)


def times_price(quantity: pd.Series, price: pd.Series) -> pd.Series:
    """Give `quantity` × `price` (ten-thousandths) in hundredths, half up.

    The result has Python integers if 64 bits are not enough, and null where the price is null.
    """
    known = price.notna()
    prices = price.fillna(0).astype("int64")
    largest = int(quantity.abs().max()) * int(prices.abs().max()) if len(quantity) else 0
    product = (
        quantity.astype(object) * prices.astype(object)
        if largest >= _SAFE_SUM
        else quantity.astype("int64") * prices
    )
    sign = (product > 0).astype("int64") - (product < 0).astype("int64")
    amount = sign * ((product.abs() + 50) // 100)
    if known.all():
        return amount
    if amount.dtype == object:
        return amount.where(known, None)
    return amount.astype("Int64").mask(~known)


def sums(frame: pd.DataFrame, by: str | Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Sum whole-number columns by group exactly, as Python integers if 64 bits may not do."""
    largest = max((int(frame[column].abs().max()) for column in columns if len(frame)), default=0)
    values = frame[list(columns)]
    if largest * len(frame) >= _SAFE_SUM:
        values = values.astype(object)
    keys = [by] if isinstance(by, str) else list(by)
    return values.groupby([frame[key] for key in keys], sort=True).sum()


def ratio(numerator: pd.Series, denominator: pd.Series, decimals: int = 0) -> pd.Series:
    """Divide whole numbers row by row, rounded half up, in units of the last of `decimals`.

    Null if the denominator is 0.
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
    return size if value.numerator >= 0 else -size
