"""`ecommerce serve`, `migrate` and `database-url`: run the services and prepare the database."""

import os
import sys
import time
import webbrowser
from typing import Annotated

import typer
from rich.table import Table

from ecommerce_assets.cli.console import out

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    ui_port: Annotated[int, typer.Option(help="The Dagster UI's port.")] = 3000,
    api_port: Annotated[int, typer.Option(help="The API's port.")] = 8000,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", help="Print a line a request, and what Dagster logs."),
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the shop's page in a browser.")
    ] = False,
    load: Annotated[
        bool,
        typer.Option("--load", help="Load what has landed first, while the programs start."),
    ] = False,
    began_at: Annotated[float | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the Dagster UI with its daemon, and the API, until Ctrl-C.

    If the output is not a terminal, as under systemd, each request is logged too.
    """
    from ecommerce_assets.serve import Addresses, serve
    from ecommerce_assets.settings import load_settings

    began = time.time() if began_at is None else began_at
    addresses = Addresses(host, ui_port, api_port)

    def on_ready() -> None:
        table = Table.grid(padding=(0, 2))
        table.add_row("The shop's page", f"[bold]{addresses.api}[/bold]")
        table.add_row("The API's manual", f"{addresses.api}/docs")
        table.add_row("The Dagster UI", f"[bold]{addresses.ui}[/bold]")
        out.print()
        out.print(table)
        out.print(f"\nReady after {time.time() - began:.0f} s. Ctrl-C stops everything.")
        if out.is_terminal and not no_browser and _has_desktop():
            webbrowser.open(addresses.api)

    serve(load_settings(), addresses, on_ready, loads_first=load, is_verbose=verbose)


def _has_desktop() -> bool:
    """Whether this machine has a desktop on which a browser can open a window."""
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


@app.command()
def migrate() -> None:
    """Bring the warehouse's schema up to date; make a first API key if there is none."""
    from ecommerce_assets.api_keys import create_key, list_keys
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.warehouse.database_url import database_url
    from ecommerce_assets.warehouse.schema import migrate
    from ecommerce_assets.warehouse.session import connect

    url = database_url(load_settings())
    migrate(url)
    with connect(url, "ecommerce migrate") as connection:
        if not list_keys(connection):
            key = create_key(connection, "first")
            print(f"The API's first key, which is named first and shown only now: {key}")


@app.command("database-url")
def print_database_url() -> None:
    """Print the URL of the warehouse; start the embedded server if it does not run."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.warehouse.database_url import lasting_database_url
    from ecommerce_assets.warehouse.schema import migrate

    url = lasting_database_url(load_settings())
    migrate(url)
    print(url)
