"""Finds every row rule that every record breaks, in one vectorised pass.

The rules are the checks of the feed's schema (docs/reference/feeds.md, Row rules). This module adds
only the rules that a value breaks before it is parsed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from ecommerce_assets.feeds.contract import DECIMALS, LINE_GROSS_LIMIT, Feed, Store, Writing
from ecommerce_assets.feeds.parsing import Mask, parse

# A million decimals are multiplied as fast as they are read; fractions would take minutes.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_UP)
_CENT = Decimal("0.01")

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
    """A broken rule with the column it blames, the message, and the positions of the records."""

    rule: str
    column: str
    message: str
    positions: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """The parsed values of each record, in the feed's columns, and all broken rules."""

    values: pd.DataFrame
    faults: list[Fault]


def judge(
    feed: Feed, store: Store, texts: pd.DataFrame, unfit: dict[str, Mask], batch_date: pd.Series
) -> Judged:
    """Parse records and find all row rules that each breaks.

    `texts` has the feed's columns, `unfit` marks values that are not texts, and `batch_date` is the
    batch of each record. Values that break `type` become null, and no other rule judges them.
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
    whole_records = frame
    if feed.name == "order_items":
        faults += _imprecise_line_amounts(texts, frame, imprecise)
        whole_records = _without_undecided_lines(texts, frame, imprecise)
    everyone = np.arange(len(frame))
    for check in schema.checks:
        faults += _fault_of(check, str(check.title), whole_records, everyone)
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


def _has_gross(texts: pd.DataFrame, values: pd.DataFrame) -> pd.Series:
    """Find the lines with a valid quantity, and a valid gross amount or else unit price."""
    given = texts["gross_amount"].notna()
    amount = values["gross_amount"].notna().where(given, values["unit_price"].notna())
    return values["quantity"].notna() & amount


def _without_undecided_lines(
    texts: pd.DataFrame, values: pd.DataFrame, imprecise: Mask
) -> pd.DataFrame:
    """Set the quantity to null on lines whose amounts the vectorised checks cannot judge.

    These are lines without a valid gross, and lines that `_imprecise_line_amounts` judges.
    """
    undecided = ~_has_gross(texts, values) | imprecise
    if not undecided.any():
        return values
    return values.assign(quantity=values["quantity"].mask(undecided))


def _imprecise_line_amounts(
    texts: pd.DataFrame, values: pd.DataFrame, imprecise: Mask
) -> Iterator[Fault]:
    """Compare gross and discount as written, on lines with more decimals than allowed."""
    positions = np.flatnonzero(imprecise & _has_gross(texts, values).to_numpy())
    if not len(positions):
        return
    parses = (values["discount_amount"].notna() | texts["discount_amount"].isna()).iloc[positions]
    too_large, above = [], []
    amounts = texts[["quantity", "unit_price", "gross_amount", "discount_amount"]]
    rows = amounts.iloc[positions].itertuples(index=False)
    for position, has_discount, row in zip(positions, parses, rows, strict=True):
        quantity, unit_price, given, discount = (
            Decimal(text) if isinstance(text, str) and parsed else None
            for text, parsed in zip(row, (True, pd.isna(row[2]), True, has_discount), strict=True)
        )
        if given is None:
            product = _EXACT.multiply(cast(Decimal, quantity), cast(Decimal, unit_price))
            gross = _EXACT.quantize(product, _CENT)
        else:
            gross = given if quantity else Decimal(0)
        if gross >= LINE_GROSS_LIMIT:
            too_large.append(position)
        if discount is not None and discount > gross:
            above.append(position)
    if too_large:
        message = "makes a line gross of 10¹² or more"
        yield Fault("range", "quantity", message, np.array(too_large))
    if above:
        yield Fault("range", "discount_amount", "is above the line's gross", np.array(above))
