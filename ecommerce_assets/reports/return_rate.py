"""The return rate of each day's orders, and the orders that came back on a day.

Both as docs/reference/rules.md, Revenue of a date, has them; sums over days are in `daily`.
"""

from typing import TYPE_CHECKING

import pandas as pd

from ecommerce_assets.reports import canvas, daily, wording
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Return rate"


@canvas.styled
def draw(revenue: pd.DataFrame, context: Context) -> "Figure":
    """Draw the share of each day's orders that has a return by now, and the orders returned on it.

    Days from which a return may still come are shaded.

    `revenue`: rows of `fct_revenue_daily` of the period and of the same days a year before, both
    from six days earlier on; other rows do no harm.
    """
    figure = canvas.page(TITLE, context)
    rate, returned = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
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
    rate.set_title("Of the orders placed on a day: with a return by now")
    canvas.share_axis(rate, "share of orders")
    canvas.trend(
        returned,
        days,
        daily.plotted(by_day["returned_orders"], days),
        daily.plotted(weekly["returned_orders"], days, daily.WINDOW_DAYS),
        daily.plotted(weekly["returned_orders"], days_before, daily.WINDOW_DAYS),
    )
    returned.set_title("Orders with a return that came in on a day")
    canvas.count_axis(returned, "orders a day")
    for axes in (rate, returned):
        canvas.from_zero(axes)
        canvas.day_axis(axes, days)
        if not days.isin(revenue["date"]).any():
            canvas.say_nothing(axes, "No figures for these days")
    open_days = days[days > _last_settled_day(context)]
    if len(open_days):
        rate.axvspan(
            open_days[0] - pd.Timedelta(hours=12),
            days[-1] + pd.Timedelta(hours=12),
            color="#EBEBEB",
            zorder=0,
            label=f"returns may still come ({wording.count(context.return_days, 'day')})",
        )
    canvas.legend(figure, *rate.get_legend_handles_labels())
    return figure


def with_orders_returned(revenue: pd.DataFrame) -> pd.DataFrame:
    """Add `orders_returned`: how many of the orders placed on the day have a return by now.

    The table holds it as a rate of four decimals, which gives it back exactly for days of fewer
    than 10,000 orders, and within 0.005% of the orders above.
    """
    rate = revenue["return_rate"].fillna(0).astype("int64")
    return revenue.assign(orders_returned=(rate * revenue["orders"] + 5_000) // 10_000)


def _last_settled_day(context: Context) -> pd.Timestamp:
    """Give the last day whose orders, delivered at once, are past the days for a return."""
    return context.loaded_to - pd.Timedelta(days=context.return_days)


def sentence(revenue: pd.DataFrame, context: Context) -> str:
    """State the return rate of the period's orders, the year before's, and what may still come.

    `revenue`: as for `draw`.
    """
    now = with_orders_returned(daily.of_days(revenue, context.days))
    orders, returned = daily.total(now["orders"]), daily.total(now["orders_returned"])
    if orders == 0:
        return "There were no orders in these days."
    text = (
        f"{wording.share(returned, orders)} of the {wording.count(orders, 'order')} placed in the "
        f"period ({returned:,}) {'has' if returned == 1 else 'have'} a return by now"
    )
    before = daily.year_before(revenue, context)
    if before is not None and (orders_before := daily.total(before["orders"])):
        returned_before = daily.total(with_orders_returned(before)["orders_returned"])
        share_before = wording.share(returned_before, orders_before)
        text += f", against {share_before} of those of a year before"
    open_orders = daily.total(now.loc[now.index > _last_settled_day(context), "orders"])
    if open_orders:
        text += (
            f"; {wording.count(open_orders, 'order')} of the last "
            f"{wording.count(context.return_days, 'day')} may still be returned"
        )
    return f"{text}."
