"""`ecommerce load` and `ecommerce rebuild`, and the summary that they print."""

import dataclasses
import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ecommerce_assets.cli.console import err, out, print_error
from ecommerce_assets.cli.options import From, To, day_range

if TYPE_CHECKING:
    from ecommerce_assets.checks.results import FailedCheck
    from ecommerce_assets.loading import Load
    from ecommerce_assets.shop import Shop

app = typer.Typer()

_REFUSALS_SHOWN = 10
_IGNORED_SHOWN = 10
_SECONDS_BETWEEN_LINES = 5
_NOTHING_CHANGED = "Nothing has changed since the last load."


@app.command()
def load(
    from_: From = None,
    to: To = None,
    reports: Annotated[
        bool, typer.Option("--reports", help="Draw the last day's reports too, as at night.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Take back what is gone, even if it is most of what is held."),
    ] = False,
) -> None:
    """Load the landed batch days into the warehouse; remove those whose files are gone.

    Without a range it loads all days that have landed or are held. Loading again changes nothing.
    """
    first, last = day_range(from_, to)
    from ecommerce_assets.batch_days import choose_days, is_unchanged

    with _shop() as (shop, progress):
        if yes:
            settings = shop.settings.model_copy(update={"refuse_gone_share": 1.0})
            shop = dataclasses.replace(shop, settings=settings)
        chosen = choose_days(shop, first, last)
        if reports or not is_unchanged(shop, chosen):
            loaded = _load(shop, progress, first, last, has_reports=reports)
        else:
            loaded = None
    if loaded is None:
        _print_warehouse(shop, chosen.days[0], chosen.days[-1])
        _print_ignored(chosen.listing.ignored)
        out.print(_NOTHING_CHANGED)
    else:
        _report(shop, loaded, has_reports=reports)


def _load(
    shop: "Shop",
    progress: "_LoadProgress",
    first: dt.date | None,
    last: dt.date | None,
    *,
    has_reports: bool,
) -> "Load":
    from ecommerce_assets.dagster_instance.home import open_instance
    from ecommerce_assets.loading import load
    from ecommerce_assets.settings import load_settings

    # Not the shop's, which `--yes` changes: Dagster's storage reads those of the environment.
    with open_instance(load_settings()) as instance:
        return load(
            shop, instance, first, last, draw_reports=has_reports, on_start=progress.set_steps
        )


@app.command()
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Empty the warehouse and load all landed days: for other settings, or a newer rule."""
    if not yes and not typer.confirm("Empty staging, quarantine and analytics, and load anew?"):
        raise typer.Exit(1)
    from ecommerce_assets.dagster_instance.home import open_instance
    from ecommerce_assets.loading import rebuild

    with _shop() as (shop, progress), open_instance(shop.settings) as instance:
        loaded = rebuild(shop, instance, on_start=progress.set_steps)
    _report(shop, loaded, has_reports=False)


class _LoadProgress:
    """A load's progress: each step reports the share that is done.

    A terminal shows a bar; other output gets a line every few seconds.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._steps: int | None = None
        self._shares: dict[str, float] = {}
        self._step = "starting"
        self._ended = Event()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task = self._bar.add_task(self._step, total=None)

    @contextmanager
    def shown(self) -> Iterator[Self]:
        """Show the progress while the block runs."""
        lines = Thread(target=self._print_lines, daemon=True)
        with self._bar:
            if not err.is_terminal:
                lines.start()
            try:
                yield self
            finally:
                self._ended.set()

    def set_steps(self, steps: int) -> None:
        """Set the number of steps that will report."""
        self._steps = steps
        self._bar.update(self._task, total=steps)

    def report(self, step: str, share: float) -> None:
        """Record the share of a step that is done."""
        self._shares[step] = share
        self._step = step
        self._bar.update(self._task, description=step, completed=sum(self._shares.values()))

    def _print_lines(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LINES):
            seconds = time.monotonic() - self._began
            done = sum(self._shares.copy().values()) / self._steps if self._steps else 0
            err.print(f"{seconds:.0f} s: {self._step}, {done:.0%} of the load")


@contextmanager
def _shop() -> Iterator[tuple["Shop", _LoadProgress]]:
    """The shop of the settings, and the progress of a load."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shop import Shop

    settings = load_settings()
    with _LoadProgress().shown() as progress:
        yield Shop(settings, progress=progress.report), progress


def _report(shop: "Shop", load: "Load", *, has_reports: bool) -> None:
    """Print what a load did; exit with 1 if a part of it failed."""
    _print_warehouse(shop, load.first, load.last)
    _print_ignored(load.ignored)
    _print_failed_checks(load)
    if not load.is_changed:
        out.print(_NOTHING_CHANGED)
    if has_reports:
        folder = shop.settings.home / "reports" / str(load.last)
        document = folder / "report.pdf"
        out.print(
            f"The reports of {load.last} are in {document}, and as pictures beside it.",
            soft_wrap=True,
        )
    else:
        out.print("`ecommerce load --reports` draws the reports of the last day, as PNG and PDF.")
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


def _print_warehouse(shop: "Shop", first: dt.date, last: dt.date) -> None:
    """Print what is held of some batch days, and the figures."""
    from ecommerce_assets.summary import feed_counts, figures, relation_quarantined

    with shop.warehouse() as connection:
        landed = Table("feed", title=f"Batches {first} to {last}", title_justify="left")
        for name in ("landed", "staged", "quarantined"):
            landed.add_column(name, justify="right")
        for row in feed_counts(connection, first, last):
            landed.add_row(row.feed, f"{row.landed:,}", f"{row.staged:,}", f"{row.quarantined:,}")
        out.print(landed)
        broken = relation_quarantined(connection)
        if broken:
            verb = "record breaks" if broken == 1 else "records break"
            out.print(
                f"{broken:,} staged {verb} a relation rule: `ecommerce quarantine` lists them.",
                soft_wrap=True,
            )
        _print_figures(shop, {"all dates": figures(connection), "30 days": figures(connection, 30)})


def _print_ignored(ignored: Mapping[str, Sequence[str]]) -> None:
    for feed, names in ignored.items():
        if names:
            shown = ", ".join(names[:_IGNORED_SHOWN])
            more = f" and {len(names) - _IGNORED_SHOWN:,} more" if names[_IGNORED_SHOWN:] else ""
            sentence = f"Ignored in {feed}, as no batch's file: {shown}{more}"
            out.print(sentence, markup=False, soft_wrap=True)


def _print_failed_checks(load: "Load") -> None:
    """Print a table of errors, and a line for each kind of warning."""
    errors = [check for check in load.failed_checks if check.is_error]
    if errors:
        table = Table("asset", "check", title="Look at this: failed checks", title_justify="left")
        table.add_column("days", justify="right")
        table.add_column("the latest")
        for check in errors:
            table.add_row(check.asset, check.check, f"{len(check.days):,}", max(check.days))
        out.print(table)
    warnings: dict[str, list[FailedCheck]] = {}
    for check in load.failed_checks:
        if not check.is_error:
            warnings.setdefault(check.check, []).append(check)
    if warnings:
        out.print("By the way, these checks gave warnings, which stop nothing:")
    for name, checks in warnings.items():
        assets = ", ".join(
            f"{check.asset} ({len(check.days):,} {'day' if len(check.days) == 1 else 'days'})"
            for check in checks
        )
        latest = max(day for check in checks for day in check.days)
        out.print(f"  {name}: {assets}; the latest {latest}", soft_wrap=True)


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
