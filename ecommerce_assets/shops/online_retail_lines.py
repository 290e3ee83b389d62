"""What a line of Online Retail stands for, and which sale a credit takes back. No files here."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd


class Kind(StrEnum):
    """What a line stands for (docs/online-retail.md); only goods and carriage go into orders."""

    GOODS = "goods"
    CARRIAGE = "carriage"
    BAD_DEBT = "bad debt"
    STOCK = "stock movements"
    TEST = "test lines"
    FEE = "fees"
    ADJUSTMENT = "adjustments"
    MANUAL = "manual entries"
    DISCOUNT = "discounts"
    SAMPLE = "samples"


_KIND_OF_CODE = {
    "POST": Kind.CARRIAGE,
    "DOT": Kind.CARRIAGE,
    "C2": Kind.CARRIAGE,
    "C3": Kind.CARRIAGE,
    "B": Kind.BAD_DEBT,
    "TEST001": Kind.TEST,
    "TEST002": Kind.TEST,
    "AMAZONFEE": Kind.FEE,
    "BANK CHARGES": Kind.FEE,
    "CRUK": Kind.FEE,
    "ADJUST": Kind.ADJUSTMENT,
    "ADJUST2": Kind.ADJUSTMENT,
    "M": Kind.MANUAL,
    "D": Kind.DISCOUNT,
    "S": Kind.SAMPLE,
}


def kinds(rows: pd.DataFrame) -> pd.Series:
    """Tell the kind of each line.

    An invoice without customer and without any price is a stock movement: goods found, lost, broken
    or counted.
    """
    kind = rows["stock_code"].str.upper().map(_KIND_OF_CODE).fillna(Kind.GOODS).astype("str")
    told = rows["price"].ne(0) | rows["customer_id"].notna()
    kind = kind.mask(~told.groupby(rows["invoice"]).transform("any"), Kind.STOCK)
    return kind.mask(rows["invoice"].str.upper().str.startswith("A"), Kind.BAD_DEBT)


def cents(ten_thousandths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Round ten-thousandths half away from zero."""
    rounded: npt.NDArray[np.int64] = (np.abs(ten_thousandths) + 50) // 100
    return np.where(ten_thousandths < 0, -rounded, rounded)


def match_credits(sales: pd.DataFrame, credits_: pd.DataFrame) -> pd.DataFrame:
    """Find the earlier lines that each credit takes back: the customer's latest of its code first.

    A line gives as many units as it has left, and no more money than it brought; what one line
    cannot give, the one before it is asked for. A credit without customer has no earlier lines.

    Args:
        sales: one row per line sold, `customer_id`, `stock_code`, `quantity`, `price`
            (ten-thousandths); the index tells the order in time, over both frames.
        credits_: the same, `quantity` above 0.

    Returns:
        `credit` and `sale` (indices; `sale` is -1 for what no line could give) and `quantity`,
        in order of the credits, latest line first.
    """
    both = pd.concat([sales, credits_])
    is_credit = np.repeat([False, True], [len(sales), len(credits_)])
    known = both["customer_id"].notna().to_numpy()
    customer = pd.factorize(both["customer_id"])[0]
    code = pd.factorize(both["stock_code"])[0]
    product = np.where(known, customer * (code.max(initial=0) + 1) + code, -1)
    of_interest = np.isin(product, product[is_credit])
    order = np.lexsort((both.index, product))
    order = order[of_interest[order] & (is_credit | known)[order]]

    pieces: list[tuple[int, int, int]] = []
    current = -1
    left: list[list[int]] = []
    columns = (
        both.index.to_numpy(),
        product,
        is_credit,
        both["quantity"].to_numpy(),
        both["price"].to_numpy(),
    )
    for line, key, credited, quantity, price in zip(
        *(column[order].tolist() for column in columns), strict=True
    ):
        if key != current or key == -1:
            current, left = key, []
        if not credited:
            left.append([line, quantity, (quantity * price + 50) // 100])
            continue
        for lot in reversed(left):
            # All units whose money, rounded to cents, the line still has.
            payable = (lot[2] * 100 + 49) // price if price else quantity
            taken = min(quantity, lot[1], payable)
            if taken:
                lot[1] -= taken
                lot[2] -= (taken * price + 50) // 100
                quantity -= taken
                pieces.append((line, lot[0], taken))
            if not quantity:
                break
        else:
            pieces.append((line, -1, quantity))
    matched = pd.DataFrame(pieces, columns=["credit", "sale", "quantity"], dtype="int64")
    return matched.sort_values("credit", kind="stable", ignore_index=True)
