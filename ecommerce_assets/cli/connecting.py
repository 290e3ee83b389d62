"""`ecommerce connect`: a batch day from a shop's API into the landing zone."""

import datetime as dt
from typing import Annotated

import typer
from rich.table import Table

from ecommerce_assets.cli.console import out as console
from ecommerce_assets.cli.console import progress_bar
from ecommerce_assets.cli.reconciling import print_reconciliation
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import load_settings

app = typer.Typer()


@app.command()
def connect(
    shop: Annotated[str, typer.Argument(metavar="SHOP", help="woocommerce or medusa")],
    day: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The batch day; yesterday unless given."),
    ] = None,
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Fetch all days from this one on, as the batch of the day."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if an order differs from its own totals.")
    ] = False,
) -> None:
    """Fetch what changed in a shop on a day into the landing zone. A day may be fetched again."""
    from ecommerce_assets.shop import Shop
    from ecommerce_assets.shops.connecting.fetching import fetch_batch
    from ecommerce_assets.shops.connecting.source import window_of
    from ecommerce_assets.shops.sources import SOURCES, open_source

    if shop not in SOURCES:
        raise OperatorError(f"{shop} is none of {', '.join(SOURCES)}.")
    settings = load_settings()
    own = Shop(settings)
    window = window_of(
        day.date() if day else own.today - dt.timedelta(1),
        since=since.date() if since else None,
        timezone=settings.timezone,
        now=own.now(),
    )
    with open_source(shop, settings, own.store) as source, progress_bar("fetching") as progress:
        batch = fetch_batch(
            source, settings.landing_url, window, lambda _, done, total: progress(done, total)
        )
    table = Table("feed", title=f"{shop}, batch {batch.day}", title_justify="left")
    table.add_column("records", justify="right")
    for feed, records in batch.records.items():
        table.add_row(feed, f"{records:,}")
    for what, count in batch.fetched.left_out.items():
        table.add_row(f"left out or noted: {what}", f"{count:,}")
    if batch.mended:
        table.add_row("taken out of earlier files", f"{batch.mended:,}")
    console.print(table)
    print_reconciliation(batch.fetched.reconciliation, strict=strict)
