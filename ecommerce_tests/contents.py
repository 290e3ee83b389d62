"""Reads the contents of a warehouse, so that two can be compared row by row."""

import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.tables import ANALYTICS, QUARANTINE, STAGING
from ecommerce_tests import postgres
from ecommerce_tests.small_shop import SmallShop

TABLES = [table.name for table in (*ANALYTICS, QUARANTINE, *STAGING.values())]


def contents(url: str) -> dict[str, list[str]]:
    """Give the rows of every table of the three schemas, as text and sorted."""
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        return {name: _rows(connection, name) for name in TABLES}


def _rows(connection: psycopg.Connection, name: str) -> list[str]:
    query = sql.SQL("select t::text from {} t order by 1").format(sql.Identifier(*name.split(".")))
    return [row for (row,) in connection.execute(query)]


def assert_like_a_rebuild(shop: SmallShop, template: str) -> None:
    """Compare a shop's warehouse with a load of its landing zone into a copy of `template`."""
    with postgres.database(template) as url:
        SmallShop(shop.landing, url, timezone=shop.settings.timezone).load_tables()
        rebuilt = contents(url)
    assert contents(shop.url) == rebuilt
