"""The report of retention: new customers who order again in 7, 30, 90 days (rules.md, Cohorts)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecommerce_assets.reports import canvas, cohorts, wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.cohorts import HORIZONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Retention"


@canvas.styled
def draw(cohort_ltv: pd.DataFrame, context: Context) -> "Figure":
    """Draw the share of each cohort month that ordered again, by horizon, and the cohorts' sizes.

    Months not complete yet are hollow markers off the curve. `cohort_ltv`: all rows of
    `fct_cohort_ltv` with a cohort date in the months shown (`cohorts.earliest_month`); other rows
    are ignored.
    """
    months = cohorts.by_month(cohort_ltv, context)
    figure = canvas.page(TITLE, context, f"cohorts up to {wording.day(context.end)}")
    rate, size = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    shown = cohorts.months_shown(months["cohort"], context)
    positions = np.arange(len(shown))
    for number, horizon in enumerate(HORIZONS):
        _draw_curve(rate, number, horizon, months, shown)
    rate.plot(
        [],
        [],
        linestyle="",
        marker="o",
        markerfacecolor="white",
        color=canvas.INK,
        label="month not complete yet",
    )
    customers = months.drop_duplicates("cohort").set_index("cohort")["customers"].reindex(shown)
    size.bar(positions, customers.astype("float64").to_numpy(), width=0.6, color=canvas.FAINT)
    size.set_title("Customers who first ordered in the month")
    canvas.count_axis(size, "customers")
    rate.set_title("Ordered again within 7, 30, 90 days of the first order")
    canvas.share_axis(rate, "share of the month's new customers")
    rate.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    for axes in (rate, size):
        canvas.month_axis(axes, shown)
        canvas.from_zero(axes)
        if months.empty:
            canvas.explain_empty(axes, "No new customers in these months")
    size.set_xlabel("month of the first order")
    return figure


def _draw_curve(
    axes: "Axes", number: int, horizon: int, months: pd.DataFrame, shown: pd.DatetimeIndex
) -> None:
    of_horizon = months[months["horizon_days"] == horizon].set_index("cohort").reindex(shown)
    share = of_horizon["retention_rate"].astype("float64").to_numpy() / 10_000
    is_complete = (of_horizon["is_complete"] == True).to_numpy()  # noqa: E712 (null where no cohort)
    positions = np.arange(len(shown))
    (line,) = axes.plot(
        positions, np.where(is_complete, share, np.nan), label=f"within {horizon} days"
    )
    axes.plot(
        positions,
        np.where(is_complete, np.nan, share),
        linestyle="",
        marker=line.get_marker(),
        color=f"C{number}",
        markerfacecolor="white",
        label=f"_within {horizon} days, not complete",
    )


def sentence(cohort_ltv: pd.DataFrame, context: Context) -> str:
    """State, for each horizon, the share of the latest complete month that ordered again.

    `cohort_ltv`: as for `draw`.
    """
    months = cohorts.by_month(cohort_ltv, context)
    parts = [
        wording.part_of(int(row["retained_customers"]), int(row["customers"]), "customer")
        + f" of {wording.month(row['cohort'])} within {horizon} days"
        for horizon in HORIZONS
        if (row := cohorts.latest_complete(months, horizon)) is not None
    ]
    if not parts:
        return "No cohort month is complete yet, so there is no retention to state."
    return f"Of the new customers of the latest complete month ordered again: {', '.join(parts)}."
