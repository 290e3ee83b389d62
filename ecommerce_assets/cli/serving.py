"""`ecommerce serve`, `migrate` and `database-url`: the programs and the database they need."""

from typing import Annotated

import typer

from ecommerce_assets.cli.console import out
from ecommerce_assets.settings import load_settings

app = typer.Typer()


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
