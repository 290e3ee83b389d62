"""`ecommerce simulate` and `ecommerce import`: the commands that write landing zones."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ecommerce_assets.cli.console import out as console
from ecommerce_assets.cli.console import progress_bar
from ecommerce_assets.cli.shop_imports import import_shopify
from ecommerce_assets.cli.woocommerce_imports import import_woocommerce

app = typer.Typer()
importer = typer.Typer(help="Turn a real export into a landing zone.", no_args_is_help=True)
importer.command("shopify")(import_shopify)
importer.command("woocommerce")(import_woocommerce)
app.add_typer(importer, name="import")

Out = Annotated[Path, typer.Argument(help="The landing zone to write; it may hold no files yet.")]


@app.command()
def simulate(
    out: Out,
    start: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")],
    days: Annotated[int, typer.Option(min=1, help="How many batch days.")],
    orders_per_day: Annotated[int, typer.Option(min=1, help="How many orders, on average.")],
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 0,
    dirty: Annotated[
        float, typer.Option(min=0, max=0.5, help="The share of records that are broken.")
    ] = 0.0,
) -> None:
    """Write the landing zone of a synthetic shop."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shops.simulate import simulate

    currency = load_settings().currency
    with progress_bar("simulating") as progress:
        shop = simulate(
            out,
            start=start.date(),
            days=days,
            orders_per_day=orders_per_day,
            seed=seed,
            dirty=dirty,
            currency=currency,
            progress=progress,
        )
    broken: dict[str, int] = {}
    for (feed, _), records in shop.broken.items():
        broken[feed] = broken.get(feed, 0) + records
    table = Table("feed", title=f"{shop.days} days in {out}", title_justify="left")
    table.add_column("records", justify="right")
    table.add_column("of them broken", justify="right")
    for feed, records in shop.records.items():
        table.add_row(feed, f"{records:,}", f"{broken.get(feed, 0):,}")
    console.print(table)


@importer.command("online-retail")
def import_online_retail(
    files_and_out: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE... OUT",
            help="The .xlsx, .csv or .parquet files, then the landing zone to write.",
        ),
    ],
) -> None:
    """Turn the UCI Online Retail data into a landing zone (docs/online-retail.md)."""
    *files, out = files_and_out
    if not files:
        raise typer.BadParameter("give at least one FILE, and then OUT")
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shops.online_retail.importing import import_online_retail

    with progress_bar("importing") as progress:
        result = import_online_retail(
            files, out, return_days=load_settings().return_days, progress=progress
        )
    title = f"{result.lines:,} lines, {result.days} days in {out}"
    table = Table("where the money went", title=title, title_justify="left")
    table.add_column("records", justify="right")
    table.add_column("GBP", justify="right")
    for landed_as, part in result.landed.items():
        table.add_row(landed_as, f"{part.count:,}", _amount(part.money))
    for kind, part in result.left_out.items():
        table.add_row(f"left out: {kind}", f"{part.count:,}", _amount(part.money))
    table.add_row("rounding to cents", "", _amount(result.rounding))
    table.add_section()
    table.add_row("the file", f"{result.lines:,}", _amount(result.money))
    console.print(table)
    if result.overlapping_lines:
        console.print(
            f"{result.overlapping_lines:,} lines were in two files or sheets, and landed once."
        )
    console.print("Load it with ECOMMERCE_TIMEZONE=Europe/London and ECOMMERCE_CURRENCY=GBP.")


def _amount(money: Decimal) -> str:
    """Write an exact amount with two decimals, or more where it has more."""
    exact = money.normalize()
    return f"{exact:,.2f}" if exact == round(exact, 2) else f"{exact:,f}"
