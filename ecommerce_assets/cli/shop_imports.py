"""`ecommerce import shopify`: turn documents of a shop's platform into a landing zone."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID
from rich.table import Table

from ecommerce_assets.cli.console import err, out

if TYPE_CHECKING:
    from ecommerce_assets.shops.reconciliation import Reconciliation

FilesAndOut = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE... OUT",
        help="The files of the shop, then the landing zone to write; it may hold no files yet.",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Fail if an order's own totals are not ours to the cent.")
]
Day = Annotated[
    dt.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="The day of the extraction, as the batch day of everything; "
        "without it each record lands on the day of its document's last change.",
    ),
]


def import_shopify(files_and_out: FilesAndOut, day: Day = None, strict: Strict = False) -> None:
    """Turn Shopify's documents or CSV exports into a landing zone (docs/shopify.md)."""
    *files, folder = files_and_out
    if not files:
        raise typer.BadParameter("give at least one FILE, and then OUT")
    from ecommerce_assets.feeds.contract import Store
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shops.shopify.importing import import_shopify

    settings = load_settings()
    with steps_bar() as progress:
        result = import_shopify(
            files,
            folder,
            store=Store(settings.timezone, settings.currency),
            return_days=settings.return_days,
            hash_key=settings.hash_key.get_secret_value() if settings.hash_key else None,
            day=day.date() if day else None,
            progress=progress,
        )
    print_records(f"{result.days} days in {folder}", result.records)
    print_counts("documents read", result.documents)
    print_counts("how orders were read", result.notes)
    print_counts("left out", result.left_out)
    print_reconciliation(result.reconciliation)
    if strict and result.reconciliation.differences:
        raise typer.Exit(1)


def print_records(title: str, records: Mapping[str, int]) -> None:
    """Print how many records landed, by feed."""
    table = Table("feed", title=title, title_justify="left")
    table.add_column("records", justify="right")
    for feed, count in records.items():
        table.add_row(feed, f"{count:,}")
    out.print(table)


def print_counts(title: str, counts: Mapping[str, int]) -> None:
    """Print named counts on one line, or nothing without any."""
    if counts:
        out.print(f"{title}: " + " · ".join(f"{name} {n:,}" for name, n in counts.items()))


def print_reconciliation(result: "Reconciliation") -> None:
    """Print how many orders agree with their own totals, and each amount that does not."""
    out.print(f"{result.agreeing:,} of {result.orders:,} orders agree with their own totals.")
    if result.without_totals:
        out.print(f"{result.without_totals:,} orders have no totals of their own.")
    for difference in result.differences:
        out.print(str(difference), soft_wrap=True)


@contextmanager
def steps_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar for each step of a command."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step)
            bar.update(tasks[step], completed=done, total=total)

        yield progress
