"""The page, axes, lines and style that all reports share.

Each report draws its content in its own module; `paper` writes files.
"""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pandas as pd

from ecommerce_assets.reports import wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.reports.daily import WINDOW_DAYS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("ecommerce.mplstyle")

INK = "#333333"
FAINT = "#8A8A8A"
FEW_DAYS = 14
_MANY_DAYS = 120
EACH_DAY = "each day"
MEAN = f"mean of {WINDOW_DAYS} days"
MEAN_BEFORE = f"mean of {WINDOW_DAYS} days, a year before"

HEADER_INCHES = 0.72
_LEGEND_INCHES = 0.35
_MOST_TICKS = 8
_FEWEST_PLACES = 8

_P = ParamSpec("_P")
_R = TypeVar("_R")


def styled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a function under the reports' style, whatever style the process has set."""

    @wraps(function)
    def with_style(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        from matplotlib import rc_context

        with rc_context(fname=STYLE):
            return function(*args, **kwargs)

    return with_style


def page(title: str, context: Context, subject: str | None = None) -> "Figure":
    """Make a figure with its title and, below it, the store and `subject` (default: the period)."""
    from matplotlib.figure import Figure

    figure = Figure()
    subject = subject or wording.period(context.start, context.end)
    header_text(figure, 0.12, title, fontsize=15, fontweight="bold")
    store = wording.shortened(context.store, 60)
    header_text(figure, 0.42, f"{store} · {subject}", color=INK)
    leave_room(figure, HEADER_INCHES)
    return figure


def header_text(figure: "Figure", inches_from_top: float, text: str, **style: Any) -> None:
    """Write text at a fixed distance from the left and top edges, whatever the page's size."""
    from matplotlib.transforms import ScaledTranslation

    corner = figure.transFigure + ScaledTranslation(0.15, -inches_from_top, figure.dpi_scale_trans)
    figure.text(0, 1, drawable(text), transform=corner, va="top", **style)


@styled
def drawable(text: str) -> str:
    """Replace characters that the font does not have, such as Chinese ones, by an ellipsis."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    glyphs = get_font(findfont(FontProperties())).get_charmap()
    drawn = "".join(c if c.isspace() or ord(c) in glyphs else "…" for c in text)
    return re.sub(r"…[ …]*…", "…", drawn)


def leave_room(figure: "Figure", top_inches: float) -> None:
    """Keep the axes below the header, and above the legend if there is one."""
    height = figure.get_figheight()
    bottom = _LEGEND_INCHES / height if figure.legends else 0
    figure.set_layout_engine("constrained", rect=(0, bottom, 1, 1 - bottom - top_inches / height))


def trend(
    axes: "Axes",
    days: pd.DatetimeIndex,
    daily: pd.Series,
    mean: pd.Series,
    mean_before: pd.Series,
) -> None:
    """Draw daily values as dots, their mean as a line, the year before's mean as a dashed line."""
    axes.plot(
        days,
        daily,
        linestyle="",
        marker="." if len(days) > FEW_DAYS else "x",
        markersize=4 if len(days) <= _MANY_DAYS else 2.5,
        color=FAINT,
        label=EACH_DAY,
    )
    axes.plot(days, mean, linestyle="-", marker=few_days_marker(days, "o"), color="C0", label=MEAN)
    axes.plot(
        days,
        mean_before,
        linestyle="--",
        linewidth=1.6,
        marker=few_days_marker(days, "D"),
        markerfacecolor="white",
        color="C1",
        label=MEAN_BEFORE,
    )


def few_days_marker(days: pd.DatetimeIndex, marker: str) -> str:
    """Give the marker that keeps a line of few points visible."""
    return marker if len(days) <= FEW_DAYS else ""


def legend(figure: "Figure", handles: Sequence["Artist"], labels: Sequence[str]) -> None:
    """Put a legend under the whole figure."""
    figure.legend(
        handles,
        labels,
        loc="lower center",
        # Without this the legend would lie in the margin of the PDF's page.
        bbox_to_anchor=(0, 0, 1, 1),
        bbox_transform=figure.transFigure,
        ncols=len(labels),
    )
    leave_room(figure, HEADER_INCHES)


def day_axis(axes: "Axes", days: pd.DatetimeIndex) -> None:
    """Use these days as the x axis, with ticks on days, Mondays or first days of months."""
    half = pd.Timedelta(hours=12)
    limits: Any = (days[0] - half, days[-1] + half)  # Matplotlib's types know no dates.
    axes.set_xlim(limits)
    ticks = day_ticks(days)
    axes.set_xticks(ticks, day_labels(ticks))


def day_ticks(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Pick the days to label on an axis: all days, Mondays or first days of months."""
    mondays, firsts = days[days.day_of_week == 0], days[days.day == 1]
    for ticks in (days, days[::2], mondays, mondays[::2], firsts):
        if len(ticks) <= _MOST_TICKS:
            return ticks
    return every_few(firsts)


def every_few(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Pick evenly spaced days, as many as an axis has room to label."""
    return days[:: -(-len(days) // _MOST_TICKS)]


def month_axis(axes: "Axes", months: pd.DatetimeIndex) -> None:
    """Use these months as the x axis; few months do not stretch over the whole width."""
    axes.set_xlim(-0.6, max(len(months), _FEWEST_PLACES) - 0.4)
    axes.set_xticks(range(len(months)), _month_labels(months))


def place_axis(axes: "Axes", names: Sequence[str]) -> None:
    """Use names as the y axis, from the top down; few names do not fill the whole height."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), _FEWEST_PLACES) - 0.4, -0.6)


def day_labels(days: pd.DatetimeIndex) -> list[str]:
    """Label days, with the year on the first day of each year."""
    return [f"{day.day} {day:%b}{_new_year(days, i)}" for i, day in enumerate(days)]


def _month_labels(months: pd.DatetimeIndex) -> list[str]:
    return [f"{month:%b}{_new_year(months, i)}" for i, month in enumerate(months)]


def _new_year(days: pd.DatetimeIndex, position: int) -> str:
    is_new = position == 0 or days[position].year != days[position - 1].year
    return f"\n{days[position].year}" if is_new else ""


def money_axis(axes: "Axes", label: str) -> None:
    """Label y as an amount of money in whole units of the currency."""
    axes.set_ylabel(label)
    axes.yaxis.set_major_formatter(lambda value, _: short_number(value))


def share_axis(axes: "Axes", label: str) -> None:
    """Label y as a share between 0 and 1, in percent."""
    axes.set_ylabel(label)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")


def count_axis(axes: "Axes", label: str) -> None:
    """Label y as a count."""
    from matplotlib.ticker import MaxNLocator

    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: short_number(value))


def short_number(value: float) -> str:
    """Write 1,500 as `1.5 k`, 2,000,000 as `2 M`, then `bn` and `tn`."""
    for size, suffix in ((1e12, " tn"), (1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:,.6g}{suffix}".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−")


def from_zero(axes: "Axes") -> None:
    """Start y at 0, or at the lowest value if it is negative.

    With negative values a line marks 0, so that small values differ from none. Where all values are
    0, or there is none, 0 is the only label.
    """
    siblings = list(axes.get_shared_y_axes().get_siblings(axes))
    low = min(0.0, *(_finite(other.dataLim.y0) for other in siblings))
    high = max(0.0, *(_finite(other.dataLim.y1) for other in siblings))
    room = 0.06 * (high - low)
    if low < 0:
        for other in siblings:
            other.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    axes.set_ylim(low - room if low < 0 else 0, high + room if high > low else 1)
    if high == low:
        axes.set_yticks([0])


def has_height(axes: "Axes") -> bool:
    """Whether any value that is drawn differs from 0."""
    return bool(_finite(axes.dataLim.y0) or _finite(axes.dataLim.y1))


def _finite(value: float) -> float:
    return value if abs(value) < float("inf") else 0.0


def explain_empty(axes: "Axes", text: str) -> None:
    """Write in the middle of empty axes why they are empty."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=INK, fontsize=11
    )
