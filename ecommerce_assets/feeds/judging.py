"""Every reason of every record, found in one vectorised pass.

The rules are those of the feed's schema (docs/reference/feeds.md, Row rules); none is stated here
but those that a value breaks before it can be parsed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from ecommerce_assets.feeds.contract import DECIMALS, Feed, Store, Writing
from ecommerce_assets.feeds.parsing import Mask, parse
from ecommerce_assets.rules.money import half_up

_ARTICLES = {
    Writing.MOMENT: "a moment",
    Writing.DATE: "a date",
    Writing.AMOUNT: "an amount",
    Writing.PRICE: "an amount",
    Writing.WHOLE: "a whole number",
    Writing.TEXT: "a text",
}


@dataclass(frozen=True)
class Fault:
    """A rule that some records break, the column to blame, why, and the records' positions."""

    rule: str
    column: str
    message: str
    positions: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """The parsed values of each record, in the feed's columns, and all that is wrong with them."""

    values: pd.DataFrame
    faults: list[Fault]


def judge(
    feed: Feed, store: Store, texts: pd.DataFrame, unfit: dict[str, Mask], batch_date: pd.Series
) -> Judged:
    """Parse records and find all row rules that each breaks.

    `texts` has the feed's columns, `unfit` marks values that are no text at all, and `batch_date`
    is each record's batch. Values that broke `type` are null and judged by no other rule.
    """
    values = {"batch_date": batch_date}
    faults: list[Fault] = []
    imprecise = np.zeros(len(texts), dtype=bool)
    for name, column in feed.columns.items():
        parsed = parse(texts[name], feed.writing(name), store.source_timezone)
        broken = ~parsed.written | unfit.get(name, np.False_)
        values[name] = parsed.values.mask(broken) if broken.any() else parsed.values
        if not column.nullable:
            faults += _fault("required", name, "is missing", texts[name].isna().to_numpy())
        faults += _fault("type", name, f"is not written as {_ARTICLES[feed.writing(name)]}", broken)
        decimals = DECIMALS.get(feed.writing(name))
        cut = ~parsed.precise & ~broken
        faults += _fault("precision", name, f"has more than {decimals} decimals", cut)
        imprecise |= cut
    frame = pd.DataFrame(values)
    schema = feed.schema(store)
    for name, column in feed.columns.items():
        present = frame[name].notna().to_numpy()
        for check in column.checks:
            faults += _fault_of(check, name, frame.loc[present, name], np.flatnonzero(present))
    everyone = np.arange(len(frame))
    for check in schema.checks:
        faults += _fault_of(check, str(check.title), frame, everyone)
    if feed.name == "order_items":
        factors = ["quantity", "unit_price", "discount_amount"]
        complete = frame[factors].notna() | (texts[factors].isna() & [False, False, True])
        faults += _imprecise_line_discounts(texts, np.flatnonzero(imprecise & complete.all(axis=1)))
    return Judged(frame, faults)


def _fault(rule: str, column: str, message: str, broken: Mask) -> Iterator[Fault]:
    positions = np.flatnonzero(broken)
    if len(positions):
        yield Fault(rule, column, message, positions)


def _fault_of(
    check: pa.Check,
    column: str,
    judged: pd.Series | pd.DataFrame,
    positions: npt.NDArray[np.int64],
) -> Iterator[Fault]:
    if not len(judged):
        return
    held = np.asarray(check(judged).check_output, dtype=bool)
    if not held.all():
        yield Fault(str(check.name), column, str(check.error), positions[~held])


def _imprecise_line_discounts(
    items: pd.DataFrame, positions: npt.NDArray[np.int64]
) -> Iterable[Fault]:
    """Compare discount and gross as written, where decimals beyond the allowed may decide."""
    factors = items[["quantity", "unit_price", "discount_amount"]].iloc[positions].fillna("0")
    above = []
    for position, row in zip(positions, factors.itertuples(index=False), strict=True):
        quantity, unit_price, discount = (
            # By way of Decimal: int() refuses very long texts.
            Fraction(Decimal(text))
            for text in cast(tuple[str, ...], row)
        )
        if discount > Fraction(half_up(quantity * unit_price * 100), 100):
            above.append(position)
    if above:
        yield Fault("range", "discount_amount", "is above the line's gross", np.array(above))
