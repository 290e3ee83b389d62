"""Databases at a schema revision: made by the migrations, filled, and what they hold.

The tests state what is expected of them after an upgrade.
"""

from importlib.resources import files
from typing import Any

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql

from ecommerce_assets.warehouse import schema

Rows = dict[str, list[dict[str, Any]]]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files(schema.__package__) / "migrations"))
    return config


REVISIONS = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][
    ::-1
]
"""All revisions, the first one first."""


def migrate_to(url: str, revision: str) -> None:
    """Make an empty database what the program of that revision made of it."""
    config = _config()
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create schema ops"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def revision_of(url: str) -> str:
    """The revision that the database says it has."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select version_num from ops.alembic_version").fetchone()
    assert row
    return row[0]


def _tables(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        """
        select schemaname, tablename from pg_tables
        where schemaname in ('staging', 'quarantine', 'analytics', 'ops', 'dagster')
          and tablename <> 'alembic_version'
        order by 1, 2
        """
    ).fetchall()


def fill_every_table(url: str) -> None:
    """Write a row of whatever fits into every table that has none."""
    with psycopg.connect(url) as connection:
        for table in _tables(connection):
            _fill(connection, table)


def _fill(connection: psycopg.Connection, table: tuple[str, str]) -> None:
    columns = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where (table_schema, table_name) = (%s, %s)",
        table,
    ).fetchall()
    value = {"text": "row", "boolean": "t", "jsonb": "[]", "date": "2024-03-05"}
    row = [
        value.get(type_, "2024-03-05" if type_.startswith("timestamp") else "1")
        for _, type_ in columns
    ]
    connection.execute(
        sql.SQL("insert into {} ({}) values ({}) on conflict do nothing").format(
            sql.Identifier(*table),
            sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            sql.SQL(", ").join(map(sql.Literal, row)),
        )
    )


def rows_of(url: str) -> Rows:
    """Every row of every table, columns by name."""
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        return {
            ".".join(table): [
                row
                for (row,) in connection.execute(
                    sql.SQL("select to_jsonb(t) from {} t order by t::text").format(
                        sql.Identifier(*table)
                    )
                )
            ]
            for table in _tables(connection)
        }


def assert_kept(before: Rows, after: Rows) -> None:
    """Every row is there, with each value that it had; columns may have come."""
    assert before.keys() <= after.keys()
    for table, rows in before.items():
        columns = set(rows[0]) if rows else set()
        kept = [{name: row[name] for name in columns} for row in after[table]]
        for row in rows:
            assert row in kept, table


def definitions(url: str) -> list[tuple[str, ...]]:
    """All columns, constraints and indexes of the database."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """
            select table_schema, table_name, column_name,
                   concat_ws(' ', data_type, is_nullable, column_default, collation_name)
            from information_schema.columns where table_schema !~ '^(pg_|information)'
            union all
            select connamespace::regnamespace::text, conrelid::regclass::text, conname,
                   pg_get_constraintdef(oid)
            from pg_constraint where connamespace::regnamespace::text !~ '^(pg_|information)'
            union all
            select schemaname, tablename, indexname, indexdef from pg_indexes
            where schemaname !~ '^(pg_|information)'
            order by 1, 2, 3, 4
            """
        ).fetchall()
