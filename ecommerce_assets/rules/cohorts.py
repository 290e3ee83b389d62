"""Cohorts: what customers are worth, and who comes back (docs/reference/rules.md, Cohorts)."""

import pandas as pd

from ecommerce_assets.rules.money import ratio, sums

HORIZONS = (7, 30, 90)


def cohort_values(
    customers: pd.DataFrame, orders: pd.DataFrame, returns: pd.DataFrame
) -> pd.DataFrame:
    """Make `fct_cohort_ltv` of some cohorts, one row a cohort date and horizon.

    `customers` are all of those cohorts (`customer_id`, `first_order_date`), `orders` their
    recognised `fct_orders`, and `returns` the `fct_returns` of those, with `customer_id`.
    """
    cohort = customers.set_index("customer_id")["first_order_date"].rename("cohort_date")
    sizes = customers.groupby("first_order_date").size()
    bought = pd.DataFrame(
        {
            "cohort_date": orders.join(cohort, on="customer_id")["cohort_date"],
            "customer_id": orders["customer_id"],
            "date": orders["order_date"],
            "net_revenue": orders["gross_amount"] - orders["discount_amount"],
        }
    )
    refunded = pd.DataFrame(
        {
            "cohort_date": returns.join(cohort, on="customer_id")["cohort_date"],
            "date": returns["return_date"],
            "net_revenue": -returns["refund_amount"],
        }
    )
    for moves in (bought, refunded):
        moves["day"] = (moves["date"] - moves["cohort_date"]).dt.days
    moves = pd.concat([bought, refunded], ignore_index=True)
    return pd.concat([_horizon(days, sizes, bought, moves) for days in HORIZONS], ignore_index=True)


def _horizon(
    days: int, sizes: pd.Series, bought: pd.DataFrame, moves: pd.DataFrame
) -> pd.DataFrame:
    came_back = bought[bought["day"].between(1, days)]
    rows = pd.DataFrame({"horizon_days": days, "customers": sizes})
    rows["retained_customers"] = (
        came_back.groupby("cohort_date")["customer_id"].nunique().reindex(sizes.index, fill_value=0)
    )
    within = moves[moves["day"].between(0, days)]
    net = sums(within, "cohort_date", ["net_revenue"])["net_revenue"]
    rows["net_revenue"] = net.reindex(sizes.index, fill_value=0)
    rows["retention_rate"] = ratio(rows["retained_customers"], rows["customers"], decimals=4)
    rows["ltv"] = ratio(rows["net_revenue"], rows["customers"])
    rows["complete_on"] = sizes.index.to_series() + pd.Timedelta(days=days)
    return rows.rename_axis("cohort_date").reset_index()
