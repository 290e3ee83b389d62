"""`ecommerce stores`: several shops, each with a file of settings, under one Dagster."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ecommerce_assets.cli.console import out
from ecommerce_assets.root import PROJECT_ROOT

app = typer.Typer(help="Run several shops beside one Dagster, each with a file of its settings.")

Stores = Annotated[
    Path, typer.Option("--stores", help="The folder with a file `<store>.env` for each store.")
]
_STORES = PROJECT_ROOT / "stores"


@app.command("list")
def list_stores(stores: Stores = _STORES) -> None:
    """List the stores, and check their files."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.stores import read_stores

    table = Table("store", "name", "currency", "time zone", "loads at")
    table.add_column("landing zone", overflow="fold")
    for store in read_stores(stores, load_settings()):
        of = store.settings
        table.add_row(
            store.name, of.store, of.currency, of.timezone, f"{of.load_at:%H:%M}", of.landing_url
        )
    out.print(table)


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="The folder with compose.yaml.")],
    stores: Stores = _STORES,
) -> None:
    """Write the compose file, the workspace, the API's stores and the SQL of the databases."""
    from ecommerce_assets.deployment import write_deployment

    for file in write_deployment(folder, stores):
        out.print(f"Wrote {file}.", soft_wrap=True)


@app.command(context_settings={"ignore_unknown_options": True})
def run(
    name: Annotated[str, typer.Argument(metavar="STORE", help="The store's name.")],
    arguments: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="What follows `ecommerce`.")
    ],
    stores: Stores = _STORES,
) -> None:
    """Run a command for one store: `ecommerce stores run north load --from 2024-01-01`."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.stores import find_store, read_stores

    store = find_store(read_stores(stores, load_settings()), name)
    program = "from ecommerce_assets.cli import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    os.execve(sys.executable, command, {**os.environ, **store.environment})  # noqa: S606


@app.command("api-key")
def create_api_key(
    name: Annotated[str, typer.Argument(help="Who or what has the key.")],
    of: Annotated[list[str], typer.Option("--store", help="A store that it may read.")],
    stores: Stores = _STORES,
) -> None:
    """Make one API key for several stores and print it. It cannot be shown again."""
    from ecommerce_assets.api_keys import create_key, new_key
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.stores import find_store, read_stores
    from ecommerce_assets.warehouse.database_url import database_url
    from ecommerce_assets.warehouse.schema import migrate
    from ecommerce_assets.warehouse.session import connect

    known = read_stores(stores, load_settings())
    key = new_key()
    for store in [find_store(known, one) for one in of]:
        url = database_url(store.settings)
        migrate(url)
        with connect(url, "ecommerce stores api-key") as connection:
            create_key(connection, name, key)
    print(key)
