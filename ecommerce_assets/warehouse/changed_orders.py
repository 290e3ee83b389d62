"""Finds the orders whose facts a run changes, and the dates and customers that depend on them.

Most new versions of an order change its state alone, such as from paid to delivered. Nothing that
is summed by date, customer or cohort changes with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import pandas as pd

from ecommerce_assets.rules.keys import is_in, looked_up
from ecommerce_assets.warehouse.tables import (
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    Table,
)

Facts = Mapping[Table, pd.DataFrame]
"""Rows of the four tables of orders, each with its columns in `COMPARED` at least."""

_NEVER_SUMMED = {
    *("status", "paid_at", "fulfilled_at", "delivered_at", "reason"),
    *("batch_date", "source_file", "line_number"),
}
COMPARED = {
    table: {name: kind for name, kind in table.columns.items() if name not in _NEVER_SUMMED}
    for table in (FCT_ORDERS, FCT_ORDER_ITEMS, FCT_RETURNS, FCT_ADJUSTMENTS)
}
"""The columns with which something changes that is computed from the facts, and their kinds."""

_GIVEN_BACK = [
    "returns",
    "refund_amount",
    "net_amount",
    "other_amount",
    "shipping_refund_amount",
]
"""The columns of an order that a return or an adjustment changes."""

_DATE = {
    FCT_ORDERS: "order_date",
    FCT_ORDER_ITEMS: "sale_date",
    FCT_RETURNS: "return_date",
    FCT_ADJUSTMENTS: "adjustment_date",
}


@dataclass(frozen=True)
class Touched:
    """The dates with figures that depend on orders whose facts have changed."""

    dates: pd.DataFrame
    """Dates of which any figure may change: one row a `date` and `customer_id` (null: a guest)."""
    refunded_dates: pd.DataFrame
    """Dates of orders of which only more was given back, later: one row a `date`."""


def touched(before: Facts, after: Facts) -> Touched:
    """List the dates of everything in an order of which anything has changed, before and after.

    Where only returns or adjustments were added to an order, these are their dates alone. Of the
    date of such an order, only what was given back of its orders changes.
    """
    gone, new = _differences(before, after)
    changed = _order_ids(*gone.values(), *new.values())
    changed_sales = _order_ids(
        _otherwise_changed(gone[FCT_ORDERS], new[FCT_ORDERS]),
        gone[FCT_ORDER_ITEMS],
        new[FCT_ORDER_ITEMS],
        gone[FCT_RETURNS],
        gone[FCT_ADJUSTMENTS],
    )
    refunded = changed[~is_in(changed, changed_sales)]
    dates = [
        *(_dates(t, facts, changed_sales) for t, facts in product(_DATE, (before, after))),
        *(
            _dates(table, {table: new[table], FCT_ORDERS: after[FCT_ORDERS]}, refunded)
            for table in (FCT_RETURNS, FCT_ADJUSTMENTS)
        ),
    ]
    return Touched(
        pd.concat(dates, ignore_index=True).drop_duplicates(),
        _dates(FCT_ORDERS, after, refunded)[["date"]].drop_duplicates(),
    )


def _differences(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """Give each table's rows that are only in `before`, and those that are only in `after`."""
    gone, new = {}, {}
    for table, columns in COMPARED.items():
        old, now = before[table][list(columns)], after[table][list(columns)]
        rows = pd.concat([old, now], ignore_index=True)
        is_old = rows.index < len(old)
        is_single = ~rows.duplicated(keep=False) if len(old) else ~is_old
        gone[table], new[table] = rows[is_single & is_old], rows[is_single & ~is_old]
    return gone, new


def _otherwise_changed(gone: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of orders that differ in more than what was given back."""
    rows = pd.concat([gone, new], ignore_index=True)
    return rows[~rows.drop(columns=_GIVEN_BACK).duplicated(keep=False)]


def _order_ids(*frames: pd.DataFrame) -> pd.Series:
    return pd.concat([frame["order_id"] for frame in frames]).drop_duplicates()


def _dates(table: Table, facts: Facts, orders: pd.Series) -> pd.DataFrame:
    rows = facts[table][["order_id", _DATE[table]]].drop_duplicates()
    rows = rows[is_in(rows["order_id"], orders)]
    customers = facts[FCT_ORDERS].set_index("order_id")["customer_id"]
    return pd.DataFrame(
        {"date": rows[_DATE[table]], "customer_id": looked_up(rows["order_id"], customers)}
    )
