"""Finds the orders whose facts a run changes, and the dates and customers that depend on them.

Most new versions of an order change its state alone, such as from paid to delivered. Nothing that
is summed by date, customer or cohort changes with it.
"""

from collections.abc import Mapping
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

_DATE = {
    FCT_ORDERS: "order_date",
    FCT_ORDER_ITEMS: "sale_date",
    FCT_RETURNS: "return_date",
    FCT_ADJUSTMENTS: "adjustment_date",
}


def touched_dates(before: Facts, after: Facts) -> pd.DataFrame:
    """List the dates, before and after, of everything in an order of which anything has changed.

    One row a `date` and `customer_id`, which is null for a guest.
    """
    orders = _changed_orders(before, after)
    rows = [_dates(table, facts, orders) for table, facts in product(_DATE, (before, after))]
    return pd.concat(rows, ignore_index=True).drop_duplicates()


def _changed_orders(before: Facts, after: Facts) -> pd.Series:
    """List the `order_id` of each order with a row that is not the same before and after."""
    changed = []
    for table, columns in COMPARED.items():
        rows = pd.concat([before[table][list(columns)], after[table][list(columns)]])
        if len(before[table]):
            rows = rows[~rows.duplicated(keep=False)]
        changed.append(rows["order_id"])
    return pd.concat(changed).drop_duplicates()


def _dates(table: Table, facts: Facts, orders: pd.Series) -> pd.DataFrame:
    rows = facts[table][["order_id", _DATE[table]]].drop_duplicates()
    rows = rows[is_in(rows["order_id"], orders)]
    customers = facts[FCT_ORDERS].set_index("order_id")["customer_id"]
    return pd.DataFrame(
        {"date": rows[_DATE[table]], "customer_id": looked_up(rows["order_id"], customers)}
    )
