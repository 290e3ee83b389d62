"""The report of the average order value and of new and repeat customers.

Rules: docs/reference/rules.md, Revenue of a date. Sums over days are in `daily`.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from ecommerce_assets.reports import canvas, daily, wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.money import half_up

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Average order value and customers"
_CUSTOMERS = {
    "repeat_customers": "repeat customers",
    "new_customers": "new customers",
    "guest_orders": "orders of guests",
}
_COUNTED = ("new_customers", "repeat_customers", "guest_orders")


@canvas.styled
def draw(revenue: pd.DataFrame, context: Context) -> "Figure":
    """Draw the average order value, and below it each day's customers: new, repeat and guests.

    `revenue`: rows of `fct_revenue_daily` of the period and of the same days a year before, each
    from six days earlier on; other rows are ignored.
    """
    figure = canvas.page(TITLE, context)
    value, customers = figure.subplots(2, 1, sharex=True)
    _draw_value(value, revenue, context)
    _draw_customers(customers, revenue, context)
    for axes in (value, customers):
        canvas.day_axis(axes, context.days)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        if not context.days.isin(revenue["date"]).any():
            canvas.explain_empty(axes, "No figures for these days")
    return figure


def _draw_value(axes: "Axes", revenue: pd.DataFrame, context: Context) -> None:
    weekly = daily.weekly_sums(revenue, "order_value", "orders").astype("float64")
    # Where no order was placed in seven days there is no mean to draw.
    orders = weekly["orders"].where(weekly["orders"] > 0)
    mean = weekly["order_value"] / orders
    canvas.trend(
        axes,
        context.days,
        daily.plotted(revenue.set_index("date")["aov"], context.days, 100),
        daily.plotted(mean, context.days, 100),
        daily.plotted(mean, context.days_a_year_before, 100),
    )
    axes.set_title("Average order value, discounts taken off")
    canvas.money_axis(axes, f"{context.currency} an order")
    canvas.from_zero(axes)


def _draw_customers(axes: "Axes", revenue: pd.DataFrame, context: Context) -> None:
    weekly = daily.weekly_sums(revenue, *_CUSTOMERS)
    by_day = revenue.set_index("date")
    for position, (column, name) in enumerate(_CUSTOMERS.items()):
        marker = "os^"[position]
        axes.plot(
            context.days,
            daily.plotted(weekly[column], context.days, daily.WINDOW_DAYS),
            marker=canvas.few_days_marker(context.days, marker),
            label=name,
        )
        axes.plot(
            context.days,
            daily.plotted(by_day[column], context.days),
            linestyle="",
            marker=marker,
            markersize=2.5,
            alpha=0.45,
            color=f"C{position}",
            label=f"_{name}, {canvas.EACH_DAY}",
        )
    axes.set_title(f"Who ordered: {canvas.MEAN} (small marks: {canvas.EACH_DAY})")
    canvas.count_axis(axes, "customers, orders a day")
    canvas.from_zero(axes)


def sentence(revenue: pd.DataFrame, context: Context) -> str:
    """State the average order value of the period and of the year before, and the customers.

    `revenue`: as for `draw`.
    """
    now = daily.of_days(revenue, context.days)
    orders = daily.total(now["orders"])
    if orders == 0:
        return "There were no orders in these days."
    value = _value(now)
    before = daily.year_before(revenue, context)
    compared = ""
    if before is not None and daily.total(before["orders"]):
        value_before = _value(before)
        compared = (
            f", against {wording.money(value_before, context.currency)} in the same days a year "
            f"before ({wording.change(value, value_before)})"
        )
    return (
        f"An order was worth {wording.money(value, context.currency)} over "
        f"{wording.count(orders, 'order')}{compared}. {_who_ordered(now)}."
    )


def _who_ordered(days: pd.DataFrame) -> str:
    new, repeat, guests = (daily.total(days[column]) for column in _COUNTED)
    a_day = [
        f"{wording.tenths(half_up(Fraction(10 * customers, len(days))))} {kind}"
        for customers, kind in ((new, "new"), (repeat, "repeat"))
        if customers or kind == "repeat"
    ]
    text = (
        f"{wording.count(new, 'customer') if new else 'No customer'} ordered for the first time; "
        f"a day saw {' and '.join(a_day)} customers on average"
    )
    if guests:
        text += f", and {wording.count(guests, 'order')} came from guests"
    return text


def _value(days: pd.DataFrame) -> int:
    """Give the average order value of these days together, in hundredths."""
    return half_up(Fraction(daily.total(days["order_value"]), daily.total(days["orders"])))
