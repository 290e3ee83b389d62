"""The command `ecommerce`. It parses, calls and prints; what it calls lives elsewhere."""

import dataclasses
import datetime as dt
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy.exc
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ecommerce_assets import keys_cli, operating_cli, shops_cli
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import load_settings

if TYPE_CHECKING:
    from ecommerce_assets.loading import Load
    from ecommerce_assets.shop import Shop

app = typer.Typer(
    name="ecommerce",
    help="Daily shop exports in, a warehouse whose numbers can be trusted out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(shops_cli.simulate)
app.add_typer(shops_cli.importer, name="import")
app.add_typer(keys_cli.app, name="api-key", no_args_is_help=True)

operating_cli.register(app)

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@app.command()
def load(
    from_: Annotated[
        dt.datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first batch day to load."),
    ] = None,
    to: Annotated[
        dt.datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The last batch day to load."),
    ] = None,
    reports: Annotated[
        bool, typer.Option("--reports", help="Draw the last day's reports too, as at night.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Take back what is gone, even if it is most of what is held."),
    ] = False,
) -> None:
    """Load the landed batch days into the warehouse, and take back those whose files are gone.

    All that have landed or are held, or those of a range. Loading again changes nothing.
    """
    first, last = (moment.date() if moment else None for moment in (from_, to))
    if first and last and last < first:
        raise OperatorError(f"--to {last} is before --from {first}; swap them.")
    from ecommerce_assets.loading import load

    with _shop() as (shop, instance):
        if yes:
            settings = shop.settings.model_copy(update={"refuse_gone_share": 1.0})
            shop = dataclasses.replace(shop, settings=settings)
        _report(shop, load(shop, instance, first, last, draw_reports=reports))


@app.command()
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Empty the warehouse and load all landed days: for other settings, or a newer rule."""
    if not yes and not typer.confirm("Empty staging, quarantine and analytics, and load anew?"):
        raise typer.Exit(1)
    from ecommerce_assets.loading import rebuild

    with _shop() as (shop, instance):
        _report(shop, rebuild(shop, instance))


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen. The UI has no log-in of its own.")
    ] = "127.0.0.1",
    ui_port: Annotated[int, typer.Option(help="The Dagster UI's port.")] = 3000,
    api_port: Annotated[int, typer.Option(help="The API's port.")] = 8000,
) -> None:
    """Run the Dagster UI with its daemon, and the API, until Ctrl-C."""
    from ecommerce_assets.serve import serve

    serve(load_settings(), host, ui_port, api_port, say=out.print)


@app.command()
def migrate() -> None:
    """Bring the warehouse's schema up to date; make a first API key where there is none."""
    from ecommerce_assets.api_keys import create_key, list_keys
    from ecommerce_assets.warehouse.schema import migrate
    from ecommerce_assets.warehouse.server import database_url
    from ecommerce_assets.warehouse.session import connect

    url = database_url(load_settings())
    migrate(url)
    with connect(url, "ecommerce migrate") as connection:
        if not list_keys(connection):
            key = create_key(connection, "first")
            print(f"The API's first key, which is named first and shown only now: {key}")


@app.command("database-url")
def print_database_url() -> None:
    """Print the URL of the warehouse, starting the embedded server if it must."""
    from ecommerce_assets.warehouse.schema import migrate
    from ecommerce_assets.warehouse.server import lasting_database_url

    url = lasting_database_url(load_settings())
    migrate(url)
    print(url)


@contextmanager
def _shop() -> Iterator[tuple["Shop", Any]]:
    """The shop of the settings and Dagster's instance, with a progress bar on a terminal."""
    from ecommerce_assets.instance import open_instance
    from ecommerce_assets.shop import Shop

    settings = load_settings()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar, open_instance(settings) as instance:
        task = bar.add_task("starting", total=_STEPS)
        shares: dict[str, float] = {}

        def progress(step: str, share: float) -> None:
            shares[step] = share
            bar.update(task, description=step, completed=sum(shares.values()))

        yield Shop(settings, progress=progress), instance


_STEPS = 13
"""Six staged feeds, and what is computed from them: one unit of progress each."""


_REFUSALS_SHOWN = 10
_IGNORED_SHOWN = 10


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
    _print_ignored(load)
    _print_failed_checks(load)
    if not load.is_changed:
        out.print("Nothing has changed since the last load.")
    for refusal in load.refusals[:_REFUSALS_SHOWN]:
        _print_error(refusal.sentence)
    if len(load.refusals) > _REFUSALS_SHOWN:
        more = load.refusals[_REFUSALS_SHOWN:]
        _print_error(
            f"{len(more):,} more feed-days were refused, to {more[-1].batch_date}; the check"
            " `accepted` of each staged feed names them."
        )
    for sentence in load.failures:
        _print_error(sentence)
    if load.refusals or load.failures:
        raise typer.Exit(1)


def _print_ignored(load: "Load") -> None:
    for feed, names in load.ignored.items():
        if names:
            shown = ", ".join(names[:_IGNORED_SHOWN])
            more = f" and {len(names) - _IGNORED_SHOWN:,} more" if names[_IGNORED_SHOWN:] else ""
            sentence = f"Ignored in {feed}, as no batch's file: {shown}{more}"
            out.print(sentence, markup=False, soft_wrap=True)


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


def _print_error(sentence: str) -> None:
    err.print(Text.assemble(("Error: ", "red"), sentence), soft_wrap=True)


def main() -> None:
    """Run the command; an error an operator can mend is one sentence and exit code 1."""
    # Python runs no exit handlers on SIGTERM, and one of them stops the embedded server.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except OperatorError as error:
        _print_error(str(error))
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _print_error(f"{where}{error.strerror or error}.")
        sys.exit(1)
    except sqlalchemy.exc.DBAPIError as error:
        # Dagster keeps its state in the same database, by a driver of its own.
        from ecommerce_assets.warehouse.session import explained

        sqlstate = getattr(error.orig, "pgcode", None)
        _print_error(str(explained(error.orig or error, sqlstate, is_passing=True)))
        sys.exit(1)
