"""`ecommerce api-key`: create, list and revoke the API's keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ecommerce_assets.cli.console import out

if TYPE_CHECKING:
    import psycopg

app = typer.Typer(help="The API's keys: without any it serves this machine alone.")

Name = Annotated[str, typer.Argument(help="What the key is called, such as who uses it.")]


@app.command()
def create(name: Name) -> None:
    """Make a key and print it. It cannot be shown again: only its hash is stored."""
    from ecommerce_assets.api_keys import create_key

    with _warehouse() as connection:
        print(create_key(connection, name))


@app.command("list")
def list_() -> None:
    """List the keys by name."""
    from ecommerce_assets.api_keys import list_keys

    table = Table("name", "made", "revoked")
    with _warehouse() as connection:
        for key in list_keys(connection):
            revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            table.add_row(key.name, f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    out.print(table)


@app.command()
def revoke(name: Name) -> None:
    """Revoke a key; it stays in the list."""
    from ecommerce_assets.api_keys import revoke_key

    with _warehouse() as connection:
        revoke_key(connection, name)


@contextmanager
def _warehouse() -> Iterator["psycopg.Connection"]:
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shop import Shop
    from ecommerce_assets.warehouse.session import connect

    with connect(Shop(load_settings()).database_url, "ecommerce api-key") as connection:
        yield connection
