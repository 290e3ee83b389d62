"""The report of a new customer's net revenue within 7, 30, 90 days (rules.md, Cohorts)."""

from typing import TYPE_CHECKING

import pandas as pd

from ecommerce_assets.reports import canvas, cohorts, wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.cohorts import HORIZONS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

TITLE = "Lifetime value by cohort"
_SHADES = ("#A6CEE3", "#3B8BC2", "#08306B")
"""From light to dark, so that the bars differ in a grey print too."""
_BAR_WIDTH = 0.27


@canvas.styled
def draw(cohort_ltv: pd.DataFrame, context: Context) -> "Figure":
    """Draw the net revenue of a new customer by cohort month, with a bar for each horizon.

    Months not complete yet are hatched and not filled. `cohort_ltv`: all rows of `fct_cohort_ltv`
    with a cohort date in the months shown (`cohorts.earliest_month`); other rows are ignored.
    """
    from matplotlib.patches import Patch

    months = cohorts.by_month(cohort_ltv, context)
    figure = canvas.page(TITLE, context, f"cohorts up to {wording.day(context.end)}")
    axes = figure.subplots()
    shown = cohorts.months_shown(months["cohort"], context)
    for number, (horizon, shade) in enumerate(zip(HORIZONS, _SHADES, strict=True)):
        of_horizon = months[months["horizon_days"] == horizon]
        positions = shown.get_indexer(pd.DatetimeIndex(of_horizon["cohort"]))
        places = positions + (number - 1) * _BAR_WIDTH
        values = of_horizon["ltv"].astype("float64").to_numpy() / 100
        done = of_horizon["is_complete"].to_numpy(dtype=bool)
        width = 0.92 * _BAR_WIDTH
        axes.bar(places[done], values[done], width, color=shade, label=f"within {horizon} days")
        axes.bar(
            places[~done],
            values[~done],
            width,
            facecolor="white",
            edgecolor=shade,
            hatch="////",
            label=f"_within {horizon} days, not complete",
        )
    handles: list[Artist] = [Patch(color=shade) for shade in _SHADES]
    handles.append(Patch(facecolor="white", edgecolor=canvas.INK, hatch="////"))
    labels = [f"within {horizon} days" for horizon in HORIZONS]
    labels.append("month not complete yet")
    canvas.legend(figure, handles, labels)
    axes.set_title("Net revenue of a new customer")
    canvas.money_axis(axes, f"{context.currency} a customer")
    canvas.month_axis(axes, shown)
    axes.set_xlabel("month of the first order")
    axes.axhline(0, color=canvas.FAINT, linewidth=0.8)
    canvas.from_zero(axes)
    if months.empty:
        canvas.explain_empty(axes, "No new customers in these months")
    return figure


def sentence(cohort_ltv: pd.DataFrame, context: Context) -> str:
    """State, for each horizon, the net revenue of a customer of the latest complete month.

    `cohort_ltv`: as for `draw`.
    """
    months = cohorts.by_month(cohort_ltv, context)
    parts = [
        f"{wording.money(int(row['ltv']), context.currency)} within {horizon} days "
        f"({wording.count(int(row['customers']), 'customer')} of {wording.month(row['cohort'])})"
        for horizon in HORIZONS
        if (row := cohorts.latest_complete(months, horizon)) is not None
    ]
    if not parts:
        return "No cohort month is complete yet, so there is no lifetime value to state."
    longest = months[months["horizon_days"] == HORIZONS[-1]]
    partial = int((~longest["is_complete"]).sum())
    text = f"A new customer of the latest complete month brought {', '.join(parts)}"
    if partial:
        text += (
            f"; for {HORIZONS[-1]} days {partial} of {wording.count(len(longest), 'month')} "
            f"{'is' if partial == 1 else 'are'} not complete yet"
        )
    return f"{text}."
