"""The report of the return rate of each day's orders, and of the orders returned on each day.

Rules: docs/reference/rules.md, Revenue of a date. Sums over days are in `daily`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from ecommerce_assets.reports import canvas, daily, wording
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Return rate"


@canvas.styled
def draw(revenue: pd.DataFrame, context: Context) -> "Figure":
    """Draw the share of each day's orders with a return by now, and the orders returned that day.

    Days whose orders may still be returned are shaded.

    `revenue`: rows of `fct_revenue_daily` of the period and of the same days a year before, each
    from six days earlier on; other rows are ignored.
    """
    figure = canvas.page(TITLE, context)
    rate, returned = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    rate.set_title("Of the orders placed on a day: with a return by now")
    canvas.share_axis(rate, "share of orders")
    returned.set_title("Orders with a return that came in on a day")
    canvas.count_axis(returned, "orders a day")
    if context.returns_landed:
        _draw_trends(rate, returned, revenue, context)
        canvas.legend(figure, *rate.get_legend_handles_labels())
    for axes in (rate, returned):
        canvas.from_zero(axes)
        canvas.day_axis(axes, context.days)
        if not context.returns_landed:
            canvas.explain_empty(axes, "No returns have landed")
        elif not context.days.isin(revenue["date"]).any():
            canvas.explain_empty(axes, "No figures for these days")
    return figure


def _draw_trends(rate: "Axes", returned: "Axes", revenue: pd.DataFrame, context: Context) -> None:
    days, days_before = context.days, context.days_a_year_before
    counted = with_orders_returned(revenue)
    weekly = daily.weekly_sums(counted, "orders", "orders_returned", "returned_orders")
    weekly = weekly.astype("float64")
    mean_rate = weekly["orders_returned"] / weekly["orders"].where(weekly["orders"] > 0)
    by_day = revenue.set_index("date")
    canvas.trend(
        rate,
        days,
        daily.plotted(by_day["return_rate"], days, 10_000),
        daily.plotted(mean_rate, days),
        daily.plotted(mean_rate, days_before),
    )
    canvas.trend(
        returned,
        days,
        daily.plotted(by_day["returned_orders"], days),
        daily.plotted(weekly["returned_orders"], days, daily.WINDOW_DAYS),
        daily.plotted(weekly["returned_orders"], days_before, daily.WINDOW_DAYS),
    )
    open_days = days[days > _last_settled_day(context)]
    if len(open_days):
        half = pd.Timedelta(hours=12)
        edges: Any = (open_days[0] - half, days[-1] + half)  # Matplotlib's types know no dates.
        rate.axvspan(
            *edges,
            color="#EBEBEB",
            zorder=0,
            label=f"returns may still come ({wording.count(context.return_days, 'day')})",
        )


def with_orders_returned(revenue: pd.DataFrame) -> pd.DataFrame:
    """Add `orders_returned`: the number of orders placed on the day that have a return by now.

    The table holds a rate of four decimals. The number from it is exact for days of fewer than
    10,000 orders, and within 0.005% of the orders for larger ones.
    """
    rate = revenue["return_rate"].fillna(0).astype("int64")
    return revenue.assign(orders_returned=(rate * revenue["orders"] + 5_000) // 10_000)


def _last_settled_day(context: Context) -> pd.Timestamp:
    """Give the last day whose orders can no longer be returned if they were delivered at once."""
    return context.loaded_to - pd.Timedelta(days=context.return_days)


def sentence(revenue: pd.DataFrame, context: Context) -> str:
    """State how many orders have a return, separately for days that may still get returns.

    Only the other days are compared with the year before: recent orders have had less time.
    `revenue`: as for `draw`.
    """
    now = with_orders_returned(daily.of_days(revenue, context.days))
    if daily.total(now["orders"]) == 0:
        return "There were no orders in these days."
    if not context.returns_landed:
        return "No file of the feed returns has landed, so there is no return rate to state."
    settled_to = _last_settled_day(context)
    settled, young = now[now.index <= settled_to], now[now.index > settled_to]
    parts = []
    if daily.total(settled["orders"]):
        last = min(settled_to.date(), context.end)
        placed = f"placed up to {wording.day(last)}" if len(young) else "placed"
        text = _with_a_return(settled, placed)
        parts.append(text + _year_before(revenue, replace(context, end=last)))
    if daily.total(young["orders"]):
        placed = "placed since then" if parts else "placed"
        parts.append(f"so far {_with_a_return(young, placed)}, and may see more")
    return f"{wording.capitalised('; '.join(parts))}."


def _with_a_return(days: pd.DataFrame, placed: str) -> str:
    orders, returned = daily.total(days["orders"]), daily.total(days["orders_returned"])
    counted = wording.part_of(returned, orders, "order")
    return f"{counted} {placed} {'has' if returned == 1 else 'have'} a return"


def _year_before(revenue: pd.DataFrame, context: Context) -> str:
    """Compare with the same days a year before, if both have enough orders for a share."""
    before = daily.year_before(revenue, context)
    orders = 0 if before is None else daily.total(before["orders"])
    now = daily.total(daily.of_days(revenue, context.days)["orders"])
    if before is None or min(orders, now) < wording.FEW:
        return ""
    returned = daily.total(with_orders_returned(before)["orders_returned"])
    return f", against {wording.share(returned, orders)} of those of the same days a year before"
