"""`ecommerce digest`: compare two warehouses."""

import typer

app = typer.Typer()


@app.command()
def digest() -> None:
    """Print a line for each table: its name, its number of rows and a digest of them.

    Two warehouses with the same lines hold the same data.
    """
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.warehouse.database_url import database_url
    from ecommerce_assets.warehouse.digest import table_digests
    from ecommerce_assets.warehouse.session import connect

    with connect(database_url(load_settings()), "ecommerce digest") as connection:
        for table in table_digests(connection):
            print(f"{table.table} {table.rows} {table.digest}")
