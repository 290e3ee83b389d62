"""The report of each month's gross margin: net revenue less the cost of the goods.

Rules: docs/reference/rules.md, Revenue of a date.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecommerce_assets.reports import canvas, cohorts, daily, wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.money import sums

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Margin by month"
_NET, _MARGIN = "#A6CEE3", "#08306B"
_BAR_WIDTH = 0.4
_AMOUNTS = ["gross_revenue", "discounts", "net_revenue", "gross_margin", "uncosted_revenue"]


def by_month(revenue: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Sum rows of `fct_revenue_daily` by month, for the last 13 months up to the period's end.

    One row a `month` (its first day), from the first month with a row: `net_revenue`,
    `gross_margin`, `uncosted_revenue` and `sold` (gross less discounts), in hundredths. A month
    `is_complete` when it is over and loaded.
    """
    last = pd.Period(context.end, freq="M")
    first = (last - (cohorts.MONTHS - 1)).start_time
    shown = revenue[revenue["date"].between(first, pd.Timestamp(context.end))]
    shown = shown.assign(month=cohorts.first_of_month(shown["date"]))
    months = sums(shown, "month", _AMOUNTS).sort_index().reset_index()
    loaded_to = min(pd.Timestamp(context.end), context.loaded_to)
    return months.assign(
        sold=months["gross_revenue"] - months["discounts"],
        is_complete=months["month"] + pd.offsets.MonthEnd(1) <= loaded_to,
    )


@canvas.styled
def draw(revenue: pd.DataFrame, context: Context) -> "Figure":
    """Draw each month's net revenue and gross margin, and below them the margin's share of net.

    Months not over yet are hatched. A month that sold goods without a cost has a hollow marker,
    since its margin is too high. `revenue`: rows of `fct_revenue_daily` of the 13 months up to the
    period's end; other rows are ignored.
    """
    months = by_month(revenue, context)
    figure = canvas.page(TITLE, context, f"months up to {wording.day(context.end)}")
    money, share = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    positions = np.arange(len(months))
    _draw_money(money, positions, months)
    _draw_share(share, positions, months)
    has_costs = _has_costs(months)
    money.set_title(
        "Net revenue, and what is left of it once the goods are paid for"
        if has_costs
        else "Net revenue"
    )
    canvas.money_axis(money, f"{context.currency} a month")
    share.set_title("Gross margin in % of net revenue")
    canvas.share_axis(share, "share of net revenue")
    for axes in (money, share):
        canvas.from_zero(axes)
        canvas.month_axis(axes, pd.DatetimeIndex(months["month"]))
        if months.empty:
            canvas.explain_empty(axes, "No figures for these months")
    if not months.empty and not has_costs:
        canvas.explain_empty(share, "The cost of what was sold is not known")
    for axes in (money, share):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _draw_money(
    axes: "Axes", positions: "np.typing.NDArray[np.int64]", months: pd.DataFrame
) -> None:
    done = months["is_complete"].to_numpy(dtype=bool)
    drawn = [("net_revenue", "net revenue", _NET)]
    if _has_costs(months):
        drawn.append(("gross_margin", "gross margin", _MARGIN))
    for number, (column, name, shade) in enumerate(drawn):
        places = positions + (number - 0.5) * _BAR_WIDTH
        values = months[column].astype("float64").to_numpy() / 100
        width = 0.94 * _BAR_WIDTH
        axes.bar(places[done], values[done], width, color=shade, label=name)
        axes.bar(
            places[~done],
            values[~done],
            width,
            facecolor="white",
            edgecolor=shade,
            hatch="////",
            label=f"{name}, month not over yet" if not done.all() else f"_{name}",
        )


def _draw_share(
    axes: "Axes", positions: "np.typing.NDArray[np.int64]", months: pd.DataFrame
) -> None:
    if not _has_costs(months):
        return
    net = months["net_revenue"].astype("float64").to_numpy()
    margin = months["gross_margin"].astype("float64").to_numpy()
    share = np.divide(margin, net, out=np.full(len(net), np.nan), where=net > 0)
    partly = months["uncosted_revenue"].gt(0).to_numpy(dtype=bool)
    axes.plot(positions, share, marker="", color="C0")
    for chosen, face, name in (
        (~partly, "C0", "gross margin"),
        (partly, "white", "goods without a cost among them"),
    ):
        if chosen.any():
            axes.plot(
                positions[chosen],
                share[chosen],
                linestyle="",
                marker="o",
                color="C0",
                markerfacecolor=face,
                label=name,
            )


def _has_costs(months: pd.DataFrame) -> bool:
    """Whether the cost of anything that was sold is known."""
    return daily.total(months["uncosted_revenue"]) < daily.total(months["sold"])


def sentence(revenue: pd.DataFrame, context: Context) -> str:
    """State the margin of the last complete month and of the year before, and missing costs.

    `revenue`: as for `draw`.
    """
    months = by_month(revenue, context)
    if daily.total(months["sold"]) == 0:
        return "Nothing was sold in these months."
    if not _has_costs(months):
        return "The cost of what was sold is not known, so there is no margin to state."
    over = months[months["is_complete"]]
    if over.empty or int(over.iloc[-1]["net_revenue"]) <= 0:
        return _margin_of(months, "these months together", context)
    last = over.iloc[[-1]]
    text = _margin_of(last, wording.month(last["month"].iloc[0]), context)
    year_before = months[months["month"] == last["month"].iloc[0] - pd.DateOffset(years=1)]
    if len(year_before) and daily.total(year_before["net_revenue"]) > 0:
        text += f" A year before it was {_share(year_before)} of net revenue."
    return text


def _margin_of(months: pd.DataFrame, when: str, context: Context) -> str:
    margin, net = daily.total(months["gross_margin"]), daily.total(months["net_revenue"])
    share = f", {_share(months)} of" if net > 0 else " at"
    text = (
        f"The gross margin of {when} was {wording.money(margin, context.currency)}{share} net "
        f"revenue of {wording.money(net, context.currency)}."
    )
    if uncosted := daily.total(months["uncosted_revenue"]):
        sold = daily.total(months["sold"])
        text += (
            f" Goods without a cost are {wording.share(uncosted, sold)} of what was sold and count "
            "as margin in full."
        )
    return text


def _share(months: pd.DataFrame) -> str:
    return wording.share(daily.total(months["gross_margin"]), daily.total(months["net_revenue"]))
