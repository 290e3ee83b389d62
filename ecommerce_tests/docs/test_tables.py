"""The page on tables describes every column as the database does."""

import re

import psycopg
import pytest

from ecommerce_assets.warehouse.tables import STAGING
from ecommerce_tests.docs.pages import DOCS, headings, names, rows, section

PAGE = DOCS / "reference" / "tables.md"
SHORT = {"timestamp with time zone": "timestamptz"}
ADDRESS = {"batch_date": "date", "source_file": "text", "line_number": "bigint"}

DESCRIBED = [heading for heading in headings(PAGE) if "." in heading]


def documented(table: str) -> dict[str, str]:
    """The columns of a table with their types, `?` for those that may be null, keys in bold."""
    columns = {}
    for column, type_, *_ in rows(section(PAGE, table)):
        for name in names(column):
            columns[f"**{name}**" if f"**`{name}`**" in column else name] = type_
    return columns


def held(url: str, table: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            """
            select a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
                   exists (select from pg_index i where i.indrelid = a.attrelid and i.indisprimary
                                                    and a.attnum = any (i.indkey))
            from pg_attribute a
            where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped
            order by a.attnum
            """,
            [table],
        ).fetchall()
    return {
        f"**{name}**" if is_key else name: SHORT.get(type_, type_) + "?" * is_nullable
        for name, type_, is_nullable, is_key in columns
    }


@pytest.mark.parametrize("table", DESCRIBED)
def test_a_table_is_described_as_it_is(table: str, database_url: str) -> None:
    assert documented(table) == held(database_url, table)


@pytest.mark.parametrize("feed", STAGING)
def test_a_staging_table_is_described_as_it_is(feed: str, database_url: str) -> None:
    table = f"staging.{feed}"
    [columns] = [of for name, of in rows(section(PAGE, "staging")) if table in names(name)]
    described = {f"**{name}**": type_ for name, type_ in ADDRESS.items()}
    described |= dict(re.findall(r"`(\w+)` ([^ ·]+)", columns))
    assert described == held(database_url, table)


def test_every_table_is_described(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            """
            select schemaname || '.' || tablename from pg_tables
            where schemaname in ('quarantine', 'analytics')
            """
        ).fetchall()
    assert {table for (table,) in tables} <= set(DESCRIBED)
