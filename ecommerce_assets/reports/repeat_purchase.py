"""The report of repeat purchases: the months after their first order in which customers return.

No table has these figures, so the rule is in this module.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecommerce_assets.reports import canvas, cohorts, wording
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Repeat purchase by month"
_DARK_CELL = 0.55
"""Cells above this share of the darkest one have white text."""
_LEAST_SCALE = 0.2
"""The colour scale reaches at least 20%, so that small differences do not look large."""


def returning_customers(purchases: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Count the customers who ordered again, by month of the first order and months since.

    `purchases` has `customer_id`, `first_order_date` and `order_date`, of recognised orders. An
    order counts if it is on a later day than the first and not after the period's end. One row a
    `cohort` (the first day of its month) and `months_after` from 0 to 12, up to the month of the
    period's end: `customers` of the cohort, `returned` of them, and `is_complete` once that month
    is over and loaded.
    """
    end = pd.Timestamp(context.end)
    seen = purchases[(purchases["first_order_date"] <= end) & (purchases["order_date"] <= end)]
    months = cohorts.months_shown(seen["first_order_date"], context)
    cohort = cohorts.first_of_month(seen["first_order_date"])
    seen = seen.assign(
        cohort=cohort,
        months_after=_month_number(seen["order_date"]) - _month_number(seen["first_order_date"]),
    )[cohort >= months[0]]
    customers = seen.groupby("cohort")["customer_id"].nunique()
    again = seen[seen["order_date"] > seen["first_order_date"]]
    returned = again.groupby(["cohort", "months_after"])["customer_id"].nunique()
    loaded_to = min(end, context.loaded_to)
    latest = end.to_period("M")
    cells = [
        {
            "cohort": month,
            "months_after": after,
            "customers": int(customers[month]),
            "returned": int(returned.get((month, after), 0)),
            "is_complete": (month + pd.DateOffset(months=after + 1, days=-1)) <= loaded_to,
        }
        for month in months
        if month in customers.index
        for after in range(cohorts.MONTHS)
        if month.to_period("M") + after <= latest
    ]
    columns = ["cohort", "months_after", "customers", "returned", "is_complete"]
    return pd.DataFrame(cells, columns=columns)


def _month_number(days: pd.Series) -> pd.Series:
    number: pd.Series = days.dt.year * 12 + days.dt.month
    return number


@canvas.styled
def draw(purchases: pd.DataFrame, context: Context) -> "Figure":
    """Draw the share of each cohort month (row) that ordered in each later month (column).

    Months not over yet are hatched. `purchases`: `customer_id` and `order_date` of recognised
    `fct_orders` with the customer's `first_order_date` (of `dim_customer`), for customers whose
    first order is in the months shown (`cohorts.earliest_month`).
    """
    from matplotlib.patches import Rectangle

    cells = returning_customers(purchases, context)
    figure = canvas.page(TITLE, context, f"cohorts up to {wording.day(context.end)}")
    axes = figure.subplots()
    axes.set_title("Of a month's new customers: ordered again, by months since, in %")
    axes.set_xlabel("months after the first order (0: on a later day of the same month)")
    axes.set_ylabel("month of the first order (customers)")
    axes.grid(visible=False)
    if cells.empty:
        axes.set(xticks=[], yticks=[])
        canvas.explain_empty(axes, "No new customers in these months")
        return figure
    _draw_cells(axes, cells, cohorts.months_shown(cells["cohort"], context))
    bar = figure.colorbar(axes.images[0], ax=axes, pad=0.02, fraction=0.05)
    bar.set_label("% of the month's new customers")
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}")
    if not cells["is_complete"].all():
        hatched = Rectangle((0, 0), 1, 1, facecolor="white", edgecolor=canvas.INK, hatch="///")
        canvas.legend(figure, [hatched], ["month not over yet"])
    return figure


def _draw_cells(axes: "Axes", cells: pd.DataFrame, months: pd.DatetimeIndex) -> None:
    from matplotlib.patches import Rectangle

    rows = months.get_indexer(pd.DatetimeIndex(cells["cohort"])).astype("int64")
    columns = cells["months_after"].to_numpy()
    shares = (cells["returned"] / cells["customers"]).to_numpy()
    grid = np.full((len(months), int(columns.max()) + 1), np.nan)
    grid[rows, columns] = shares
    darkest = max(np.ceil(10 * float(shares.max())) / 10, _LEAST_SCALE)
    axes.imshow(grid, cmap="Blues", vmin=0, vmax=darkest, aspect="auto")
    is_complete = cells["is_complete"].to_numpy(dtype=bool)
    for x, y, share, complete in zip(columns, rows, shares, is_complete, strict=True):
        color = "white" if share > _DARK_CELL * darkest else canvas.INK
        axes.text(x, y, f"{100 * share:.1f}", ha="center", va="center", color=color, fontsize=8)
        if not complete:
            hatched = Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, linewidth=0, hatch="///")
            hatched.set_alpha(0.35)
            axes.add_patch(hatched)
    customers = cells.drop_duplicates("cohort").set_index("cohort")["customers"]
    sizes = customers.reindex(months, fill_value=0)
    labels = [f"{month:%b %Y}  ({size:,})" for month, size in zip(months, sizes, strict=True)]
    axes.set_yticks(np.arange(len(months)), labels)
    axes.set_xticks(np.arange(grid.shape[1]))


def sentence(purchases: pd.DataFrame, context: Context) -> str:
    """State how many customers ordered in the month after their first, and the extremes.

    `purchases`: as for `draw`.
    """
    cells = returning_customers(purchases, context)
    month_after = cells[(cells["months_after"] == 1) & cells["is_complete"].astype(bool)]
    if month_after.empty:
        return "No month after a first order is over yet, so there is no repeat purchase to state."
    customers, returned = int(month_after["customers"].sum()), int(month_after["returned"].sum())
    again = wording.part_of(returned, customers, "customer")
    text = f"In the month after that of their first order {again} ordered again"
    if len(month_after) == 1:
        return f"{text} ({wording.month(month_after['cohort'].iloc[0])})."
    return f"{text}{_extremes(month_after)}."


def _extremes(month_after: pd.DataFrame) -> str:
    """Name the months with the highest and lowest share, if the shares differ."""
    many = month_after[month_after["customers"] >= wording.FEW]
    if many.empty:
        return ""
    ranked = many.assign(share=many["returned"] / many["customers"])
    ranked = ranked.sort_values("share", kind="stable")
    (worst, fewest), (best, most) = (
        (wording.month(row["cohort"]), wording.share(int(row["returned"]), int(row["customers"])))
        for row in (ranked.iloc[0], ranked.iloc[-1])
    )
    return "" if most == fewest else f": most of {best} ({most}), fewest of {worst} ({fewest})"
