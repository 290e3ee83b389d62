"""The schema that the migrations make. What they keep of an older one is in `test_upgrade`."""

from importlib.resources import files

import psycopg
import pytest
from alembic.script import ScriptDirectory

from ecommerce_assets import warehouse
from ecommerce_assets.warehouse.schema import SchemaError, latest_version, migrate
from ecommerce_assets.warehouse.tables import ANALYTICS, QUARANTINE, STAGING, Table
from ecommerce_tests.contents import contents
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product
from ecommerce_tests.warehouse.revisions import definitions

TABLES = [*STAGING.values(), QUARANTINE, *ANALYTICS]


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_a_table_is_what_the_frames_take_it_for(table: Table, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        columns = connection.execute(
            """
            select attname, format_type(atttypid, atttypmod) from pg_attribute
            where attrelid = %s::regclass and attnum > 0 and not attisdropped
            """,
            [table.name],
        ).fetchall()
        key = connection.execute(
            """
            select attname from pg_index, unnest(indkey) with ordinality k (attnum, place)
            join pg_attribute a on a.attnum = k.attnum and a.attrelid = %(table)s::regclass
            where indrelid = %(table)s::regclass and indisprimary order by place
            """,
            {"table": table.name},
        ).fetchall()
    assert dict(columns) == {name: kind.sql_type for name, kind in table.columns.items()}
    assert tuple(name for (name,) in key) == table.key


def test_the_three_schemas_hold_no_other_tables(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            """
            select schemaname || '.' || tablename from pg_tables
            where schemaname in ('staging', 'quarantine', 'analytics')
            """
        ).fetchall()
    assert {name for (name,) in tables} == {table.name for table in TABLES}


def test_all_text_of_the_three_schemas_compares_by_code_point(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        others = connection.execute(
            """
            select table_schema, table_name, column_name from information_schema.columns
            where table_schema in ('staging', 'quarantine', 'analytics')
              and data_type = 'text' and collation_name is distinct from 'C'
            """
        ).fetchall()
    assert others == []


def test_migrating_again_changes_nothing(small_shop: SmallShop) -> None:
    load_an_order(small_shop)
    before = contents(small_shop.url), definitions(small_shop.url)
    migrate(small_shop.url)
    assert (contents(small_shop.url), definitions(small_shop.url)) == before


def test_the_latest_version_is_the_head_of_the_migrations() -> None:
    scripts = ScriptDirectory(str(files(warehouse) / "migrations"))
    assert scripts.get_current_head() == latest_version()


def test_a_database_of_a_newer_program_is_refused_and_left_alone(small_shop: SmallShop) -> None:
    load_an_order(small_shop)
    small_shop.execute("update ops.alembic_version set version_num = '9999'")
    before = contents(small_shop.url), definitions(small_shop.url)
    with pytest.raises(
        SchemaError, match=r"schema version 9999, which is newer than this program; update"
    ):
        migrate(small_shop.url)
    assert (contents(small_shop.url), definitions(small_shop.url)) == before


def load_an_order(shop: SmallShop) -> None:
    shop.land("customers", "2024-03-05", customer())
    shop.land("products", "2024-03-05", product())
    shop.land("orders", "2024-03-05", order())
    shop.land("order_items", "2024-03-05", item())
    shop.load_tables()
