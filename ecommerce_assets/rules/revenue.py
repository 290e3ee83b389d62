"""Revenue by day (docs/reference/rules.md, Revenue of a date)."""

import pandas as pd

from ecommerce_assets.rules.keys import looked_up
from ecommerce_assets.rules.kinds import PRODUCT, REFUND
from ecommerce_assets.rules.money import ratio, sums


def daily_revenue(
    dates: pd.Series,
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    returns: pd.DataFrame,
    adjustments: pd.DataFrame,
    first_order_dates: pd.Series,
) -> pd.DataFrame:
    """Make `fct_revenue_daily` of some `dates`, one row each.

    `orders` are the recognised `fct_orders` placed on them, `lines` the recognised
    `fct_order_items` sold on them, `returns` and `adjustments` the facts dated on them; what is of
    other dates counts nowhere. `first_order_dates` are those of the orders' customers by
    `customer_id`.
    """
    days = pd.Index(dates, name="date")
    rows = pd.concat([_placed(orders, days), _sold(lines, days)], axis=1)
    back = _given_back(returns, adjustments, days)
    rows["refunds"] = back["refunds"]
    rows["net_revenue"] = rows["gross_revenue"] - rows["discounts"] - rows["refunds"]
    rows["cost"] = rows["cost"] - back["cost"]
    rows["gross_margin"] = rows["net_revenue"] - rows["cost"]
    rows["other_sales"] = rows["other_sales"] - back["other_refunds"]
    rows["shipping"] = rows["shipping"] - back["shipping_refunds"]
    rows["aov"] = ratio(rows["order_value"], rows["orders"])
    rows["return_rate"] = ratio(rows.pop("has_return"), rows["orders"], decimals=4)
    rows["returned_orders"] = _distinct(returns, "return_date", "order_id", days)
    first = looked_up(orders["customer_id"], first_order_dates)
    is_new, is_repeat = first == orders["order_date"], first < orders["order_date"]
    rows["new_customers"] = _distinct(orders[is_new], "order_date", "customer_id", days)
    rows["repeat_customers"] = _distinct(orders[is_repeat], "order_date", "customer_id", days)
    return rows.reset_index()


def refunds_of_dates(orders: pd.DataFrame, refunded: pd.DataFrame) -> pd.DataFrame:
    """Make the figures of `fct_revenue_daily` that change when more is given back of orders.

    `orders` has the number of `orders` by `date`; `refunded` are the recognised `fct_orders` placed
    on these dates of which anything was given back. One row a `date`: `refunds_by_order_date` and
    `return_rate`, in ten-thousandths.
    """
    days = pd.Index(orders["date"], name="date")
    rows = _placed(refunded, days)[["refunds_by_order_date", "has_return"]]
    counts = orders.set_index("date")["orders"]
    rows["return_rate"] = ratio(rows.pop("has_return"), counts, decimals=4)
    return rows.reset_index()


def _placed(orders: pd.DataFrame, days: pd.Index) -> pd.DataFrame:
    """Sum the figures dated by the order."""
    figures = {
        "orders": pd.Series(1, index=orders.index),
        "order_value": orders["gross_amount"] - orders["discount_amount"],
        "refunds_by_order_date": orders["refund_amount"],
        "shipping": orders["shipping_amount"],
        "tax": orders["tax_amount"],
        "guest_orders": orders["customer_id"].isna().astype("int64"),
        "has_return": (orders["returns"] > 0).astype("int64"),
    }
    return sums(orders.assign(**figures), "order_date", list(figures)).reindex(days, fill_value=0)


def _sold(lines: pd.DataFrame, days: pd.Index) -> pd.DataFrame:
    """Sum the figures dated by the sale: product lines are revenue, others are other sales."""
    is_product = lines["kind"] == PRODUCT
    products, others = lines[is_product], lines[~is_product]
    uncosted = products["net_amount"].where(products["cost_amount"].isna(), 0)
    figures = {
        "units": products["quantity"],
        "gross_revenue": products["gross_amount"],
        "discounts": products["discount_amount"] + products["order_discount_amount"],
        "cost": products["cost_amount"].fillna(0),
        "uncosted_revenue": uncosted,
    }
    sold = sums(products.assign(**figures), "sale_date", list(figures))
    return sold.reindex(days, fill_value=0).assign(
        other_sales=_by_day(others, "sale_date", "net_amount", days)
    )


def _given_back(returns: pd.DataFrame, adjustments: pd.DataFrame, days: pd.Index) -> pd.DataFrame:
    """Sum the refunds by the date of the return or adjustment.

    A return of a product line reduces cost too, whether it is refundable or not.
    """
    is_product, is_refund = returns["kind"] == PRODUCT, adjustments["kind"] == REFUND
    products = returns[is_product]
    products = products.assign(cost_amount=products["cost_amount"].fillna(0))
    return pd.DataFrame(
        {
            "refunds": _by_day(products, "return_date", "refund_amount", days)
            + _by_day(adjustments[is_refund], "adjustment_date", "amount", days),
            "other_refunds": _by_day(returns[~is_product], "return_date", "refund_amount", days),
            "cost": _by_day(products, "return_date", "cost_amount", days),
            "shipping_refunds": _by_day(adjustments[~is_refund], "adjustment_date", "amount", days),
        }
    )


def _by_day(frame: pd.DataFrame, day: str, amount: str, days: pd.Index) -> pd.Series:
    return sums(frame, day, [amount])[amount].reindex(days, fill_value=0)


def _distinct(frame: pd.DataFrame, day: str, of: str, days: pd.Index) -> pd.Series:
    return frame.groupby(day)[of].nunique().reindex(days, fill_value=0)
