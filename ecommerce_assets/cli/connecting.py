"""`ecommerce connect`: write a batch day from a shop's API into the landing zone."""

import datetime as dt
from typing import Annotated

import typer

from ecommerce_assets.cli.shop_imports import (
    Strict,
    print_counts,
    print_reconciliation,
    print_records,
    steps_bar,
)
from ecommerce_assets.errors import OperatorError

app = typer.Typer()


@app.command()
def connect(
    shop: Annotated[str, typer.Argument(metavar="SHOP", help="shopify, woocommerce or medusa")],
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
    strict: Strict = False,
) -> None:
    """Fetch what changed in a shop on a day into the landing zone. A day may be fetched again."""
    from ecommerce_assets.settings import load_settings
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
    with open_source(shop, settings, own.store) as source, steps_bar() as progress:
        batch = fetch_batch(source, settings.landing_url, window, progress)
    print_records(f"{shop}, batch {batch.day} in {settings.landing_url}", batch.records)
    print_counts("documents read", batch.fetched.documents)
    print_counts("left out or noted", batch.fetched.left_out)
    if batch.rewritten:
        print_counts("taken back", {"records of earlier files": batch.rewritten})
    print_reconciliation(batch.fetched.reconciliation)
    if strict and batch.fetched.reconciliation.differences:
        raise typer.Exit(1)
