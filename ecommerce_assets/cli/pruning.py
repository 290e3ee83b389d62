"""`ecommerce prune`: delete staged records that no table depends on any more."""

import datetime as dt
from typing import Annotated

import typer
from rich.table import Table

from ecommerce_assets.cli.console import out

app = typer.Typer()

_GIVEN_UP = (
    "Staged records of days before {before} that a later one of them supersedes are deleted. Every"
    " figure stays. These days can be neither replaced nor taken back afterwards, and orders no"
    " longer show the earlier versions of these days. Keep their files: a rebuild needs them."
)


@app.command()
def prune(
    before: Annotated[
        dt.datetime,
        typer.Option("--staging-before", formats=["%Y-%m-%d"], help="The first day to keep whole."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Delete superseded records of old days from staging; every figure stays."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shop import Shop
    from ecommerce_assets.warehouse.pruning import prune

    day = before.date()
    if not yes:
        out.print(_GIVEN_UP.format(before=day), soft_wrap=True)
        typer.confirm("Delete them?", abort=True)
    pruned = prune(Shop(load_settings()).database_url, day)
    table = Table("feed", title=f"Staged records of days before {day}", title_justify="left")
    for name in ("deleted", "kept"):
        table.add_column(name, justify="right")
    for feed, counts in pruned.items():
        table.add_row(feed, f"{counts.deleted:,}", f"{counts.kept:,}")
    out.print(table)
