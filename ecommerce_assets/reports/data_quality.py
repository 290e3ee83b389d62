"""The report of quarantined records by rule and batch (docs/reference/feeds.md, rules.md)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecommerce_assets.reports import canvas, daily, wording
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Data quality"
_MOST_COLUMNS = 100
_FEWEST_COLUMNS = 10
"""Fewer columns do not stretch over the whole width."""


def steps(context: Context) -> pd.DatetimeIndex:
    """Give the columns of the period's grid: its days, or the Mondays if there are too many."""
    if len(context.days) <= _MOST_COLUMNS:
        return context.days
    return _mondays(context.days.to_series()).drop_duplicates().pipe(pd.DatetimeIndex)


def by_step(counts: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Keep the period's rows, and add the `step` (of `steps`) of their `batch_date`."""
    within = counts["batch_date"].between(pd.Timestamp(context.start), pd.Timestamp(context.end))
    rows = counts[within]
    by_week = len(context.days) > _MOST_COLUMNS
    return rows.assign(step=_mondays(rows["batch_date"]) if by_week else rows["batch_date"])


def _mondays(days: pd.Series) -> pd.Series:
    mondays: pd.Series = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    return mondays


@canvas.styled
def draw(quarantine: pd.DataFrame, landed: pd.DataFrame, context: Context) -> "Figure":
    """Draw the share of landed records in quarantine, and below it the records by rule, over time.

    A record that breaks two rules counts in two rows of the grid.

    `quarantine`: the number of `records` of a `batch_date` that break a `rule`, one row a batch
    date, feed and rule. `landed`: the number of `records` of a `batch_date` that landed, and of
    those `quarantined` at either stage (each once), one row a batch date and feed.
    """
    unit = "day" if len(context.days) <= _MOST_COLUMNS else "week"
    figure = canvas.page(TITLE, context)
    share, grid = figure.subplots(2, 1, sharex=True, height_ratios=[2, 3])
    columns = steps(context)
    _draw_share(share, landed, context, columns)
    _draw_grid(grid, quarantine, context, columns, unit)
    ticks = canvas.day_ticks(columns) if unit == "day" else canvas.every_few(columns)
    grid.set_xticks(columns.get_indexer(ticks), canvas.day_labels(ticks))
    middle, half = (len(columns) - 1) / 2, max(len(columns), _FEWEST_COLUMNS) / 2
    grid.set_xlim(middle - half, middle + half)
    grid.set_xlabel("day of the batch" if unit == "day" else "week of the batch (its Monday)")
    return figure


def _draw_share(
    axes: "Axes", landed: pd.DataFrame, context: Context, columns: pd.DatetimeIndex
) -> None:
    sums = by_step(landed, context).groupby("step")[["records", "quarantined"]].sum()
    sums = sums.reindex(columns).astype("float64")
    shares = sums["quarantined"] / sums["records"].where(sums["records"] > 0)
    axes.bar(np.arange(len(columns)), shares.to_numpy(), width=0.8, color="C0")
    axes.set_title("Of the records landed: in quarantine")
    canvas.share_axis(axes, "share of records")
    canvas.from_zero(axes)
    if shares.isna().all():
        canvas.explain_empty(axes, "Nothing landed in these days")


def _draw_grid(
    axes: "Axes",
    quarantine: pd.DataFrame,
    context: Context,
    columns: pd.DatetimeIndex,
    unit: str,
) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    counts = by_step(quarantine, context)
    totals = counts.groupby("rule")["records"].sum().sort_values(ascending=False, kind="stable")
    axes.set_title("Records in quarantine, by the rule they break")
    axes.grid(visible=False)
    axes.set_ylabel("rule (records)")
    if totals.empty:
        axes.set_yticks([])
        canvas.explain_empty(axes, "No record is in quarantine")
        return
    grid = counts.pivot_table(index="rule", columns="step", values="records", aggfunc="sum")
    grid = grid.reindex(index=totals.index, columns=columns)
    values = grid.to_numpy(dtype="float64")
    image = axes.imshow(
        np.ma.masked_invalid(values),
        # The lightest blues could not be told from none.
        cmap=ListedColormap(colormaps["Blues"](np.linspace(0.25, 1, 256))),
        # Counts of rules differ by powers of ten; a scale of one step would divide by nothing.
        norm=LogNorm(1, max(10.0, float(np.nanmax(values)))),
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_yticks(
        np.arange(len(totals)), [f"{rule}  ({number:,})" for rule, number in totals.items()]
    )
    bar = axes.figure.colorbar(image, ax=axes, pad=0.01, fraction=0.04)
    bar.set_label(f"records a {unit}")
    bar.ax.yaxis.set_major_formatter(lambda value, _: canvas.short_number(value))


def sentence(quarantine: pd.DataFrame, landed: pd.DataFrame, context: Context) -> str:
    """State how many of the period's records are in quarantine, and the most frequent rules.

    `quarantine`, `landed`: as for `draw`.
    """
    batches = by_step(landed, context)
    records = daily.total(batches["records"])
    if records == 0:
        return "Nothing landed in these days."
    quarantined = daily.total(batches["quarantined"])
    if quarantined == 0:
        return f"None of the {wording.count(records, 'record')} that landed is in quarantine."
    totals = by_step(quarantine, context).groupby("rule")["records"].sum()
    most = totals.sort_values(ascending=False, kind="stable").head(3)
    rules = ", ".join(f"{rule} ({number:,})" for rule, number in most.items())
    broken = f"all for {totals.index[0]}" if len(totals) == 1 else f"most for {rules}"
    return (
        f"{wording.share(quarantined, records)} of the {wording.count(records, 'record')} that "
        f"landed ({quarantined:,}) {'is' if quarantined == 1 else 'are'} in quarantine, "
        f"{broken}."
    )
