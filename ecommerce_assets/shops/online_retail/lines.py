"""Classifies the lines of Online Retail by kind."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd


class Kind(StrEnum):
    """The kind of a line (docs/online-retail.md)."""

    GOODS = "goods"
    GIFT_CARD = "gift cards"
    CARRIAGE = "carriage"
    ACCOUNT = "entries in a customer's account"
    DISCOUNT = "discounts"
    REBOOKED = "manual entries credited and billed again"
    BAD_DEBT = "bad debt"
    FEE = "fees"
    SAMPLE = "samples"
    ADJUSTMENT = "adjustments"
    TEST = "test lines"
    STOCK = "stock movements"


LANDED = (Kind.GOODS, Kind.GIFT_CARD, Kind.CARRIAGE, Kind.ACCOUNT, Kind.DISCOUNT)
"""The kinds that go into the feeds; lines of the others are left out."""

_CARRIAGE = ("POST", "DOT", "C2", "C3")
_MANUAL = "M"
# With a customer, an entry in the customer's account; without, the shop's own affair.
_OWN_AFFAIRS = {
    "AMAZONFEE": Kind.FEE,
    "BANK CHARGES": Kind.FEE,
    "CRUK": Kind.FEE,
    "S": Kind.SAMPLE,
    "ADJUST": Kind.ADJUSTMENT,
    "ADJUST2": Kind.ADJUSTMENT,
}
_KIND_OF_CODE = {
    **dict.fromkeys(_CARRIAGE, Kind.CARRIAGE),
    **_OWN_AFFAIRS,
    _MANUAL: Kind.ACCOUNT,
    "B": Kind.BAD_DEBT,
    "D": Kind.DISCOUNT,
    "TEST001": Kind.TEST,
    "TEST002": Kind.TEST,
}
_GIFT_CARD = "GIFT_"

_REASONS = {
    **dict.fromkeys(_CARRIAGE, "carriage"),
    _MANUAL: "manual entry",
    "AMAZONFEE": "fee",
    "BANK CHARGES": "bank charges",
    "CRUK": "commission",
    "S": "samples",
    "ADJUST": "adjustment",
    "ADJUST2": "adjustment",
    "D": "discount",
}


def kinds(rows: pd.DataFrame) -> pd.Series:
    """Give the kind of each line.

    An invoice without customer and without any price is a stock movement: goods found, lost, broken
    or counted. `rows` has `invoice`, `stock_code`, `quantity`, `price`, `value`, `at`,
    `customer_id`, in order of time.
    """
    code = rows["stock_code"].str.upper()
    has_customer = rows["customer_id"].notna()
    kind = code.map(_KIND_OF_CODE).fillna(Kind.GOODS).astype("str")
    kind = kind.mask(code.str.startswith(_GIFT_CARD), Kind.GIFT_CARD)
    kind = kind.mask(code.isin(list(_OWN_AFFAIRS)) & has_customer, Kind.ACCOUNT)
    is_sale = rows["price"].ne(0) | has_customer
    kind = kind.mask(~is_sale.groupby(rows["invoice"]).transform("any"), Kind.STOCK)
    kind = kind.mask(rows["invoice"].str.upper().str.startswith("A"), Kind.BAD_DEBT)
    kind[_rebooked(rows[kind.eq(Kind.ACCOUNT) & code.eq(_MANUAL)])] = Kind.REBOOKED
    return kind


def _rebooked(entries: pd.DataFrame) -> list[int]:
    """Find the manual entries that were credited and billed again on the same day.

    The shop moves an amount from one account to another in this way. Both entries have the same
    price and quantity, and the same customer, unless one of them has none.
    """
    found: list[int] = []
    alike = entries.assign(size=entries["quantity"].abs(), day=entries["at"].dt.normalize())
    key = ["day", "price", "size"]
    values = alike.groupby(key)["value"]
    on_both_sides = values.transform("min").lt(0) & values.transform("max").gt(0)
    for _, same in alike[on_both_sides].groupby(key):
        billed = same.loc[same["value"].gt(0), "customer_id"]
        credited = same.loc[same["value"].lt(0), "customer_id"]
        for credit, customer in zip(credited.index.tolist(), credited, strict=True):
            of_customer = billed[billed.eq(customer)] if pd.notna(customer) else billed
            candidates = [*of_customer.index, *billed[billed.isna()].index]
            if candidates:
                found += [credit, candidates[0]]
                billed = billed.drop(candidates[0])
    return found


def reasons(stock_code: "pd.Series[str]") -> "pd.Series[str]":
    """Give the reason of an adjustment, by the code of its line."""
    return stock_code.str.upper().map(_REASONS)


def cents(ten_thousandths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Round ten-thousandths half away from zero."""
    rounded: npt.NDArray[np.int64] = (np.abs(ten_thousandths) + 50) // 100
    return np.where(ten_thousandths < 0, -rounded, rounded)
