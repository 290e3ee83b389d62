"""Digests tell whether two warehouses hold the same rows."""

import psycopg

from ecommerce_assets.warehouse.digest import TABLES, TableDigest, table_digests
from ecommerce_tests import postgres
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product

DAYS = ("2024-03-05", "2024-03-06")


def digests(url: str, options: str = "") -> dict[str, TableDigest]:
    with psycopg.connect(url, options=options) as connection:
        return {digest.table: digest for digest in table_digests(connection)}


def land(shop: SmallShop) -> None:
    for day in DAYS:
        shop.land("customers", day, customer(f"C{day}"), customer(created_at="yesterday"))
        shop.land("products", day, product(updated_at=day))
        shop.land("orders", day, order(f"O{day}"))
        shop.land("order_items", day, item(f"I{day}", f"O{day}"))


def test_are_the_same_in_any_order_of_loading_and_any_session(
    small_shop: SmallShop, migrated_template: str
) -> None:
    land(small_shop)
    small_shop.load_tables()
    with postgres.database(migrated_template) as url:
        other = SmallShop(small_shop.landing, url)
        other.materialize_tables(*((day, day) for day in reversed(DAYS)))

        assert digests(url, "-c TimeZone=Asia/Tokyo -c DateStyle=German") == digests(small_shop.url)


def test_tell_every_changed_cell_and_no_other_table(small_shop: SmallShop) -> None:
    land(small_shop)
    small_shop.load_tables()
    before = digests(small_shop.url)
    small_shop.execute(
        "update analytics.fct_orders set channel = '' where order_id = 'O2024-03-05'"
    )
    after = digests(small_shop.url)

    assert {name for name in before if before[name] != after[name]} == {"analytics.fct_orders"}


def test_cover_every_table_of_the_three_schemas(small_shop: SmallShop) -> None:
    tables = small_shop.rows(
        "select schemaname || '.' || tablename from pg_tables"
        " where schemaname in ('staging', 'quarantine', 'analytics')"
    )

    assert {table.name for table in TABLES} == {name for (name,) in tables}


def test_of_empty_tables(small_shop: SmallShop) -> None:
    assert {(digest.rows, digest.digest) for digest in digests(small_shop.url).values()} == {
        (0, "0" * 32)
    }
