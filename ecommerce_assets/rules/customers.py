"""Customers with the sums of their orders (docs/reference/rules.md, Customers)."""

import pandas as pd

from ecommerce_assets.rules.keys import is_in
from ecommerce_assets.rules.money import sums
from ecommerce_assets.rules.versions import latest


def build_customers(customers: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Make `dim_customer`, one row a customer of either frame.

    `customers` holds all staged versions of some customers, `orders` the `fct_orders` of the same
    ones: `customer_id`, `order_date`, `is_recognised`, `net_amount`.
    """
    known = latest(customers, ["customer_id"]).set_index("customer_id")
    ids = pd.concat([known.index.to_series(), orders["customer_id"]]).drop_duplicates()
    is_known = is_in(ids, known.index.to_series())
    ids = pd.Index(ids, name="customer_id")
    rows = known.reindex(ids)[["email_sha256", "country", "created_at"]]
    rows["is_inferred"] = ~is_known.to_numpy()

    recognised = orders[orders["is_recognised"]].assign(orders=1)
    # The fill keeps whole numbers whole: a missing row would turn the sums into floats.
    totals = sums(recognised, "customer_id", ["orders", "net_amount"]).reindex(ids, fill_value=0)
    dates = recognised.groupby("customer_id")["order_date"].agg(["min", "max"]).reindex(ids)
    rows["first_order_date"] = dates["min"]
    rows["last_order_date"] = dates["max"]
    rows["orders"] = totals["orders"]
    rows["net_revenue"] = totals["net_amount"]
    return rows.rename_axis("customer_id").reset_index()
