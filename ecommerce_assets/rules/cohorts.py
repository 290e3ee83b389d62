"""Cohorts: what customers are worth, and who comes back (docs/reference/rules.md, Cohorts)."""

import pandas as pd

from ecommerce_assets.rules.keys import looked_up
from ecommerce_assets.rules.kinds import PRODUCT, REFUND
from ecommerce_assets.rules.money import ratio, sums

HORIZONS = (7, 30, 90)


def cohort_values(
    customers: pd.DataFrame,
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    returns: pd.DataFrame,
    adjustments: pd.DataFrame,
) -> pd.DataFrame:
    """Make `fct_cohort_ltv` of some cohorts, one row a cohort date and horizon.

    `customers` are all of those cohorts (`customer_id`, `first_order_date`), `orders` their
    recognised `fct_orders`. `lines`, `returns` and `adjustments` are the facts of those orders with
    `cohort_date`, or sums of facts of the same cohort, date and kind.
    """
    cohort = customers.set_index("customer_id")["first_order_date"]
    sizes = customers.groupby("first_order_date").size()
    joined = looked_up(orders["customer_id"], cohort)
    came = _by_cohort_day(joined, orders["order_date"], orders["customer_id"])
    sold, back = lines[lines["kind"] == PRODUCT], returns[returns["kind"] == PRODUCT]
    given = adjustments[adjustments["kind"] == REFUND]
    net = sold["gross_amount"] - sold["discount_amount"] - sold["order_discount_amount"]
    moves = pd.concat(
        [
            _by_cohort_day(sold["cohort_date"], sold["sale_date"], net),
            _by_cohort_day(back["cohort_date"], back["return_date"], -back["refund_amount"]),
            _by_cohort_day(given["cohort_date"], given["adjustment_date"], -given["amount"]),
        ],
        ignore_index=True,
    )
    return pd.concat([_horizon(days, sizes, came, moves) for days in HORIZONS], ignore_index=True)


def _by_cohort_day(cohort_date: pd.Series, date: pd.Series, value: pd.Series) -> pd.DataFrame:
    """Lay out what happened by `cohort_date` and `day`, counted from it, in `value`."""
    return pd.DataFrame(
        {"cohort_date": cohort_date, "day": (date - cohort_date).dt.days, "value": value}
    )


def _horizon(days: int, sizes: pd.Series, came: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    came_back = came[came["day"].between(1, days)].groupby("cohort_date")["value"].nunique()
    within = moves[moves["day"].between(0, days)]
    rows = pd.DataFrame({"horizon_days": days, "customers": sizes})
    rows["retained_customers"] = came_back.reindex(sizes.index, fill_value=0)
    net_revenue = sums(within, "cohort_date", ["value"])["value"]
    rows["net_revenue"] = net_revenue.reindex(sizes.index, fill_value=0)
    rows["retention_rate"] = ratio(rows["retained_customers"], rows["customers"], decimals=4)
    rows["ltv"] = ratio(rows["net_revenue"], rows["customers"])
    rows["complete_on"] = sizes.index.to_series() + pd.Timedelta(days=days)
    return rows.rename_axis("cohort_date").reset_index()
