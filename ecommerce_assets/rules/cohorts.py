"""Lifetime value and retention of cohorts (docs/reference/rules.md, Cohorts)."""

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from ecommerce_assets.rules.kinds import PRODUCT, REFUND
from ecommerce_assets.rules.money import ratio, sums

HORIZONS = (7, 30, 90)
_FREQUENCIES: Mapping[str, str] = MappingProxyType({"day": "D", "week": "W-SUN", "month": "M"})


def cohort_values(
    customers: pd.DataFrame,
    came_back: pd.DataFrame,
    lines: pd.DataFrame,
    returns: pd.DataFrame,
    adjustments: pd.DataFrame,
) -> pd.DataFrame:
    """Make `fct_cohort_ltv` of some cohorts, one row a cohort date and horizon.

    `customers` has their number by `cohort_date`; `came_back` the number of `customers` by
    `cohort_date` and the `order_date` of their first recognised order after it. `lines`, `returns`
    and `adjustments` are the facts of the customers' recognised orders with `cohort_date`, or sums
    of facts of the same cohort, date and kind.
    """
    sizes = customers.set_index("cohort_date")["customers"]
    returned = _by_cohort_day(
        came_back["cohort_date"], came_back["order_date"], came_back["customers"]
    )
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
    horizons = [_horizon(days, sizes, returned, moves) for days in HORIZONS]
    return pd.concat(horizons, ignore_index=True)


def _by_cohort_day(cohort_date: pd.Series, date: pd.Series, value: pd.Series) -> pd.DataFrame:
    """Make rows of `cohort_date`, `day` (the days since that date) and `value`."""
    return pd.DataFrame(
        {"cohort_date": cohort_date, "day": (date - cohort_date).dt.days, "value": value}
    )


def _horizon(
    days: int, sizes: pd.Series, returned: pd.DataFrame, moves: pd.DataFrame
) -> pd.DataFrame:
    retained, net_revenue = (
        sums(rows[rows["day"].between(0, days)], "cohort_date", ["value"])["value"]
        for rows in (returned, moves)
    )
    rows = pd.DataFrame({"horizon_days": days, "customers": sizes})
    rows["retained_customers"] = retained.reindex(sizes.index, fill_value=0)
    rows["net_revenue"] = net_revenue.reindex(sizes.index, fill_value=0)
    rows["retention_rate"] = ratio(rows["retained_customers"], rows["customers"], decimals=4)
    rows["ltv"] = ratio(rows["net_revenue"], rows["customers"])
    rows["complete_on"] = sizes.index.to_series() + pd.Timedelta(days=days)
    return rows.rename_axis("cohort_date").reset_index()


def group_cohorts(
    cohorts: pd.DataFrame, by: str, loaded_to: pd.Timestamp, end: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Group rows of `fct_cohort_ltv` by day, ISO week or month (docs/reference/api.md, `/ltv`).

    `by` is `day`, `week` or `month`. One row a `cohort` (its first day) and `horizon_days`,
    ascending. Sums are over the cohort's days; `retention_rate` in ten-thousandths and `ltv` in
    hundredths are ratios of the sums. A cohort `is_complete` when `loaded_to` reaches the last day
    of the window of its last day, or of `end` if that is earlier. `cohorts` has no cohort date
    after `end`.
    """
    frequency = _FREQUENCIES[by]
    first_day = _days(cohorts["cohort_date"].dt.to_period(frequency).dt.start_time)
    grouped = sums(
        cohorts.assign(cohort=first_day),
        ["cohort", "horizon_days"],
        ["customers", "retained_customers", "net_revenue"],
    ).reset_index()
    last_day = _days(grouped["cohort"].dt.to_period(frequency).dt.end_time)
    if end is not None:
        last_day = last_day.where(last_day <= end, end)
    complete_on = last_day + pd.to_timedelta(grouped["horizon_days"], unit="D")
    return grouped.assign(
        retention_rate=ratio(grouped["retained_customers"], grouped["customers"], decimals=4),
        ltv=ratio(grouped["net_revenue"], grouped["customers"]),
        is_complete=complete_on <= loaded_to,
    )


def _days(moments: pd.Series) -> pd.Series:
    days: pd.Series = moments.dt.normalize().astype("datetime64[s]")
    return days
