"""The report of gross, net, discounts and refunds (docs/reference/rules.md, Revenue of a date).

Sums over days are in `daily`.
"""

from typing import TYPE_CHECKING

import pandas as pd

from ecommerce_assets.reports import canvas, daily, wording
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Revenue"
_PANELS = {
    "gross_revenue": "Gross",
    "net_revenue": "Net",
    "discounts": "Discounts",
    "refunds": "Refunds, on the day of the return",
}
_NONE = {"discounts": "No discounts in these days", "refunds": "No refunds in these days"}


@canvas.styled
def draw(revenue: pd.DataFrame, context: Context) -> "Figure":
    """Draw each day of the period, the 7-day mean, and that of the same days a year before.

    `revenue`: rows of `fct_revenue_daily` of the period and of the same days a year before, each
    from six days earlier on; other rows are ignored.
    """
    figure = canvas.page(TITLE, context)
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    rows = revenue.set_index("date")
    weekly = daily.weekly_sums(revenue, *_PANELS)
    days = context.days
    for axes, (column, name) in zip(panels.flat, _PANELS.items(), strict=True):
        # Values are in hundredths; a sum over seven days is divided by seven for the mean.
        mean_divisor = 100 * daily.WINDOW_DAYS
        canvas.trend(
            axes,
            days,
            daily.plotted(rows[column], days, 100),
            daily.plotted(weekly[column], days, mean_divisor),
            daily.plotted(weekly[column], context.days_a_year_before, mean_divisor),
        )
        axes.set_title(name)
        canvas.money_axis(axes, f"{context.currency} a day")
        canvas.day_axis(axes, days)
        # With shared axes only the left panel would have tick labels.
        axes.tick_params(labelleft=True)
        if not days.isin(rows.index).any():
            canvas.explain_empty(axes, "No figures for these days")
        elif column in _NONE and not canvas.has_height(axes):
            canvas.explain_empty(axes, _NONE[column])
    for axes in panels[:, 0]:
        canvas.from_zero(axes)
    canvas.legend(figure, *panels.flat[0].get_legend_handles_labels())
    return figure


def sentence(revenue: pd.DataFrame, context: Context) -> str:
    """State the period's net revenue, its parts, and that of the year before.

    `revenue`: as for `draw`.
    """
    now = daily.of_days(revenue, context.days)
    if now.empty:
        return "The warehouse has no figures for these days."
    sums = {column: daily.total(now[column]) for column in _PANELS}
    amounts = {column: wording.money(cents, context.currency) for column, cents in sums.items()}
    made_of = (
        f"Net revenue was {amounts['net_revenue']} in {wording.count(len(now), 'day')}: "
        f"gross {amounts['gross_revenue']} less discounts of {amounts['discounts']} "
        f"and refunds of {amounts['refunds']}."
    )
    if other := daily.total(now["other_sales"]):
        made_of += f" Gift cards and fees came to {wording.money(other, context.currency)} besides."
    before = daily.year_before(revenue, context)
    if before is None:
        return f"{made_of} The warehouse does not hold all of the same days a year before."
    net_before = daily.total(before["net_revenue"])
    return (
        f"{made_of} The same days a year before brought "
        f"{wording.money(net_before, context.currency)} "
        f"({wording.change(sums['net_revenue'], net_before)})."
    )
