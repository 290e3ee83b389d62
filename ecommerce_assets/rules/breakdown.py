"""Sales by day of a product, category, country, … (docs/reference/rules.md, Breakdowns)."""

import pandas as pd

from ecommerce_assets.rules.keys import is_in, looked_up, numbered
from ecommerce_assets.rules.kinds import PRODUCT, REFUND
from ecommerce_assets.rules.money import sums

BY_PRODUCT = ("product", "category")
BY_ORDER = ("country", "channel", "discount_code", "customer")
DIMENSIONS = (*BY_PRODUCT, *BY_ORDER)

NONE_GIVEN = ""
"""The value of rows without a value; landed texts are never empty."""

NEW, REPEAT, GUEST = "new", "repeat", "guest"

_FIGURES = ("units", "gross_revenue", "discounts", "refunds", "refunds_by_order_date", "cost")
_KEY = ["date", "value"]


def daily_sales(
    dates: pd.Series,
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    returns: pd.DataFrame,
    adjustments: pd.DataFrame,
    first_order_dates: pd.Series,
    categories: pd.Series,
) -> pd.DataFrame:
    """Make `fct_sales_daily` of some `dates`: one row a date, dimension and value.

    `lines`, `returns` and `adjustments` are those of recognised orders that are dated on `dates`
    or whose order is. `orders` are all orders of these. `first_order_dates` are by `customer_id`,
    `categories` by `product_id`. Money is dated as in `fct_revenue_daily`, so that the values of
    each dimension add up to it. The column `orders` counts, on the order's date, the orders with a
    product line of the value.
    """
    orders, lines, returns, adjustments = numbered("order_id", orders, lines, returns, adjustments)
    of_orders = _values_by_order(orders, first_order_dates)
    products = lines[lines["kind"] == PRODUCT]
    entries = _entries(orders, products, returns, adjustments)
    entries = entries[entries["date"].isin(dates)]
    ordered = products[["order_id", "product_id"]].drop_duplicates()
    ordered = ordered.assign(
        date=_looked_up(ordered["order_id"], orders.set_index("order_id")["order_date"])
    )
    ordered = ordered[ordered["date"].isin(dates)]
    parts = []
    for dimension in DIMENSIONS:
        of_entries, of_ordered = (
            _values(rows, dimension, of_orders, categories) for rows in (entries, ordered)
        )
        figures = sums(entries.assign(value=of_entries), _KEY, _FIGURES)
        each = ordered.assign(value=of_ordered)[["order_id", *_KEY]].drop_duplicates()
        counts = each.groupby(_KEY).size()
        # An order counts on its own date, even if all its lines were sold on other dates.
        part = figures.reindex(figures.index.union(counts.index), fill_value=0)
        part["orders"] = counts.reindex(part.index, fill_value=0)
        parts.append(part.reset_index().assign(dimension=dimension))
    return pd.concat(parts, ignore_index=True)


def refunds_of_sales(
    orders: pd.DataFrame,
    returns: pd.DataFrame,
    adjustments: pd.DataFrame,
    first_order_dates: pd.Series,
    categories: pd.Series,
) -> pd.DataFrame:
    """Make the figure of `fct_sales_daily` that changes when more is given back of orders.

    `orders` are all recognised orders of some dates of which anything was given back; `returns` and
    `adjustments` of other orders count nowhere. One row a date, dimension and value with anything
    given back: `refunds_by_order_date`.
    """
    returns, adjustments = (
        facts[is_in(facts["order_id"], orders["order_id"])] for facts in (returns, adjustments)
    )
    orders, returns, adjustments = numbered("order_id", orders, returns, adjustments)
    of_orders = _values_by_order(orders, first_order_dates)
    entries = pd.concat(_given_back_by_order_date(orders, returns, adjustments), ignore_index=True)
    parts = [
        sums(
            entries.assign(value=_values(entries, dimension, of_orders, categories)),
            _KEY,
            ["refunds_by_order_date"],
        )
        .reset_index()
        .assign(dimension=dimension)
        for dimension in DIMENSIONS
    ]
    return pd.concat(parts, ignore_index=True)


def _values(
    rows: pd.DataFrame, dimension: str, of_orders: pd.DataFrame, categories: pd.Series
) -> pd.Series:
    """Give the value of a dimension for rows with an `order_id` and a `product_id`."""
    if dimension in BY_ORDER:
        return looked_up(rows["order_id"], of_orders[dimension])
    return _of_products(rows["product_id"], dimension, categories)


def _values_by_order(orders: pd.DataFrame, first_order_dates: pd.Series) -> pd.DataFrame:
    first = _looked_up(orders["customer_id"], first_order_dates)
    customer = pd.Series(REPEAT, index=orders.index).mask(orders["order_date"] == first, NEW)
    return pd.DataFrame(
        {
            **{
                name: orders[name].astype("str").fillna(NONE_GIVEN)
                for name in BY_ORDER
                if name in orders
            },
            "customer": customer.mask(orders["customer_id"].isna(), GUEST),
        }
    ).set_index(orders["order_id"])


def _looked_up(keys: pd.Series, dates: pd.Series) -> pd.Series:
    """Give the date of each key; null without one."""
    # Not `map`: without a single date it fails.
    return dates.reindex(keys).set_axis(keys.index)


def _of_products(products: pd.Series, dimension: str, categories: pd.Series) -> pd.Series:
    values = products if dimension == "product" else looked_up(products, categories)
    return _texts(values)


def _texts(values: pd.Series) -> pd.Series:
    # A column of nulls alone is one of numbers to pandas.
    return values.astype("str").fillna(NONE_GIVEN)


def _entries(
    orders: pd.DataFrame, products: pd.DataFrame, returns: pd.DataFrame, adjustments: pd.DataFrame
) -> pd.DataFrame:
    """Make one frame of all amounts with their date, order, product and figures.

    A refund is in it twice: on its own date, and on its order's.
    """
    back, refunds = _given_back(returns, adjustments)
    return pd.concat(
        [
            _entry(
                products,
                products["sale_date"],
                units=products["quantity"],
                gross_revenue=products["gross_amount"],
                discounts=products["discount_amount"] + products["order_discount_amount"],
                cost=products["cost_amount"].fillna(0),
            ),
            _entry(
                back,
                back["return_date"],
                refunds=back["refund_amount"],
                cost=-back["cost_amount"].fillna(0),
            ),
            _entry(refunds, refunds["adjustment_date"], refunds=refunds["amount"]),
            *_given_back_by_order_date(orders, returns, adjustments),
        ],
        ignore_index=True,
    )


def _given_back_by_order_date(
    orders: pd.DataFrame, returns: pd.DataFrame, adjustments: pd.DataFrame
) -> list[pd.DataFrame]:
    order_dates = orders.set_index("order_id")["order_date"]
    back, refunds = _given_back(returns, adjustments)
    return [
        _entry(part, _looked_up(part["order_id"], order_dates), refunds_by_order_date=part[amount])
        for part, amount in ((back, "refund_amount"), (refunds, "amount"))
    ]


def _given_back(
    returns: pd.DataFrame, adjustments: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the returns of product lines, and the refunds, which are of no product."""
    refunds = adjustments[adjustments["kind"] == REFUND].assign(product_id=None)
    return returns[returns["kind"] == PRODUCT], refunds


def _entry(part: pd.DataFrame, dates: pd.Series, **figures: pd.Series) -> pd.DataFrame:
    # All figures, so that none is missing: what pandas fills becomes a float.
    return pd.DataFrame(
        {
            "date": dates.astype("datetime64[s]"),
            "order_id": part["order_id"],
            "product_id": part["product_id"],
            **{name: figures.get(name, 0) for name in _FIGURES},
        },
        index=part.index,
    )
