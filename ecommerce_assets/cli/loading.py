"""`ecommerce load` and `ecommerce rebuild`, and what they print of a load."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ecommerce_assets.cli.console import err, out, print_error
from ecommerce_assets.cli.options import From, To, day_range
from ecommerce_assets.settings import load_settings

if TYPE_CHECKING:
    from ecommerce_assets.loading import Load
    from ecommerce_assets.shop import Shop

app = typer.Typer()

_REFUSALS_SHOWN = 10


@app.command()
def load(
    from_: From = None,
    to: To = None,
    reports: Annotated[
        bool, typer.Option("--reports", help="Draw the last day's reports too, as at night.")
    ] = False,
) -> None:
    """Load the landed batch days into the warehouse, and take back those whose files are gone.

    All that have landed or are held, or those of a range. Loading again changes nothing.
    """
    first, last = day_range(from_, to)
    from ecommerce_assets.loading import load

    with _shop() as (shop, instance, bar):
        _report(
            shop, load(shop, instance, first, last, draw_reports=reports, on_start=bar.set_total)
        )


@app.command()
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Empty the warehouse and load all landed days: for other settings, or a newer rule."""
    if not yes and not typer.confirm("Empty staging, quarantine and analytics, and load anew?"):
        raise typer.Exit(1)
    from ecommerce_assets.loading import rebuild

    with _shop() as (shop, instance, bar):
        _report(shop, rebuild(shop, instance, on_start=bar.set_total))


class _LoadBar:
    """A progress bar over the steps of a load; each step reports the share of it that is done."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None)
        self._shares: dict[str, float] = {}

    def set_total(self, steps: int) -> None:
        self._bar.update(self._task, total=steps)

    def show(self, step: str, share: float) -> None:
        self._shares[step] = share
        self._bar.update(self._task, description=step, completed=sum(self._shares.values()))


@contextmanager
def _shop() -> Iterator[tuple["Shop", Any, _LoadBar]]:
    """The shop of the settings, Dagster's instance, and a progress bar on a terminal."""
    from ecommerce_assets.dagster_instance.home import open_instance
    from ecommerce_assets.shop import Shop

    settings = load_settings()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with progress, open_instance(settings) as instance:
        bar = _LoadBar(progress)
        yield Shop(settings, progress=bar.show), instance, bar


def _report(shop: "Shop", load: "Load") -> None:
    """Print what a load did; exit with 1 if something of it failed."""
    from ecommerce_assets.summary import feed_counts, figures, relation_quarantined

    with shop.warehouse() as connection:
        landed = Table("feed", title=f"Batches {load.first} to {load.last}", title_justify="left")
        for name in ("landed", "staged", "quarantined"):
            landed.add_column(name, justify="right")
        for row in feed_counts(connection, load.first, load.last):
            landed.add_row(row.feed, f"{row.landed:,}", f"{row.staged:,}", f"{row.quarantined:,}")
        out.print(landed)
        broken = relation_quarantined(connection)
        if broken:
            out.print(f"{broken:,} staged records break a relation rule by now.")
        _print_figures(shop, {"all dates": figures(connection), "30 days": figures(connection, 30)})
    _print_failed_checks(load)
    if not load.is_changed:
        out.print("Nothing has changed since the last load.")
    for refusal in load.refusals[:_REFUSALS_SHOWN]:
        print_error(refusal.sentence)
    if len(load.refusals) > _REFUSALS_SHOWN:
        more = load.refusals[_REFUSALS_SHOWN:]
        print_error(
            f"{len(more):,} more feed-days were refused, to {more[-1].batch_date}; the check"
            " `accepted` of each staged feed names them."
        )
    for sentence in load.failures:
        print_error(sentence)
    if load.refusals or load.failures:
        raise typer.Exit(1)


def _print_failed_checks(load: "Load") -> None:
    if not load.failed_checks:
        return
    table = Table(
        "asset", "check", "severity", title="Checks that did not pass", title_justify="left"
    )
    table.add_column("days", justify="right")
    table.add_column("the latest")
    for check in load.failed_checks:
        severity = check.severity.lower()
        table.add_row(check.asset, check.check, severity, f"{len(check.days):,}", max(check.days))
    out.print(table)


def _print_figures(shop: "Shop", columns: dict[str, Any]) -> None:
    if None in columns.values():
        out.print("No recognised order yet.")
        return
    table = Table("figure", title=f"Figures in {shop.settings.currency}", title_justify="left")
    for name, sums in columns.items():
        table.add_column(f"{name}, to {sums.end}", justify="right")
    for figure in ("orders", "gross_revenue", "discounts", "refunds", "net_revenue"):
        table.add_row(figure, *(f"{getattr(sums, figure):,}" for sums in columns.values()))
    out.print(table)
