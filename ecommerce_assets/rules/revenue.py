"""Revenue by day (docs/reference/rules.md, Revenue of a date)."""

import pandas as pd

from ecommerce_assets.rules.money import ratio, sums


def daily_revenue(
    dates: pd.Series, orders: pd.DataFrame, returns: pd.DataFrame, first_order_dates: pd.Series
) -> pd.DataFrame:
    """Make `fct_revenue_daily` of some `dates`, one row each.

    `orders` are the `fct_orders` placed on them, `returns` the `fct_returns` returned on them, and
    `first_order_dates` those orders' customers' (`first_order_date` by `customer_id`).
    """
    placed = orders[orders["is_recognised"]].assign(orders=1)
    first = placed.join(first_order_dates, on="customer_id")["first_order_date"]
    placed["guest_orders"] = placed["customer_id"].isna().astype("int64")
    placed["has_return"] = (placed["returns"] > 0).astype("int64")
    sales = sums(
        placed.rename(
            columns={
                "gross_amount": "gross_revenue",
                "discount_amount": "discounts",
                "refund_amount": "refunds_by_order_date",
                "shipping_amount": "shipping",
                "tax_amount": "tax",
            }
        ),
        "order_date",
        [
            "orders",
            "units",
            "gross_revenue",
            "discounts",
            "refunds_by_order_date",
            "shipping",
            "tax",
            "guest_orders",
            "has_return",
        ],
    )
    refunds = sums(returns, "return_date", ["refund_amount"])["refund_amount"]
    days = pd.Index(dates, name="date")
    rows = sales.reindex(days, fill_value=0)
    rows["refunds"] = refunds.reindex(days, fill_value=0)
    rows["net_revenue"] = rows["gross_revenue"] - rows["discounts"] - rows["refunds"]
    rows["aov"] = ratio(rows["gross_revenue"] - rows["discounts"], rows["orders"])
    rows["return_rate"] = ratio(rows.pop("has_return"), rows["orders"], decimals=4)
    rows["returned_orders"] = _distinct(returns, "return_date", "order_id", days)
    is_new = first == placed["order_date"]
    rows["new_customers"] = _distinct(placed[is_new], "order_date", "customer_id", days)
    is_repeat = first < placed["order_date"]
    rows["repeat_customers"] = _distinct(placed[is_repeat], "order_date", "customer_id", days)
    return rows.reset_index()


def _distinct(frame: pd.DataFrame, day: str, of: str, days: pd.Index) -> pd.Series:
    return frame.groupby(day)[of].nunique().reindex(days, fill_value=0)
