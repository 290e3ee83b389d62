"""A warehouse of an earlier version is migrated with its data, and says that it has to be rebuilt.

The earlier warehouses are made by their migrations, and filled by SQL.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.loading import load, rebuild
from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.frozen_settings import SettingsChangedError
from ecommerce_assets.warehouse.schema import migrate
from ecommerce_tests import postgres
from ecommerce_tests.contents import contents
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned, stock
from ecommerce_tests.warehouse.revisions import assert_kept, migrate_to, rows_of

DAY, NEXT = "2024-03-05", "2024-03-10"


def land(shop: SmallShop) -> None:
    """Land what `_BEFORE_THE_LEDGER` holds: the cost of a product changes, its price does not."""
    shop.land("customers", DAY, customer())
    shop.land("products", DAY, product(), product(updated_at="2024-03-06", cost="5.00"))
    shop.land("orders", DAY, order(shipping_amount="4.90"))
    shop.land("order_items", DAY, item())
    shop.land("returns", NEXT, returned(), returned("R2", "I9"))
    shop.land("inventory", DAY, stock())


# What the version before the ledger held of these files, as its own loads wrote it.
_BEFORE_THE_LEDGER = """
insert into ops.settings values
    ('timezone', 'UTC'), ('currency', 'EUR'), ('return_days', '30'), ('rules_version', '1'),
    ('hash_key', left(encode(sha256('ecommerce hash key '), 'hex'), 16));
insert into ops.staged_files
select feed, day::date, day || '.csv', 'sha256 of ' || feed, records, records, 0, '[]'
from (values ('customers', '2024-03-05', 1), ('products', '2024-03-05', 2),
             ('orders', '2024-03-05', 1), ('order_items', '2024-03-05', 1),
             ('returns', '2024-03-10', 2), ('inventory', '2024-03-05', 1)) f (feed, day, records);
insert into ops.refusals values
    ('2024-03-05 04:00Z', 'an old run', 'orders', '2024-03-04', '2024-03-04.csv', 'not CSV');
insert into ops.restatements values
    ('2024-03-11 04:00Z', 'an old run', '2024-03-10', '2024-03-10', '2024-03-05', 'return_rate',
     0, 1);
insert into ops.api_keys values ('dashboard', 'sha256 of a key', '2024-03-01', null),
    ('gone', 'sha256 of another', '2024-03-01', '2024-03-02');
update ops.warehouse_version set version = 41;
update ops.complete_figures set last_batch_date = '2024-03-10';

insert into staging.customers values
    ('2024-03-05', '2024-03-05.csv', 1, 'C1', 'hash', 'DE', '2024-01-01Z', '2024-03-05 12:00Z');
insert into staging.products values
    ('2024-03-05', '2024-03-05.csv', 1, 'P1', '2024-01-01Z', 'Product P1', 'garden', 10, 4,
     '2024-03-05 12:00Z'),
    ('2024-03-05', '2024-03-05.csv', 2, 'P1', '2024-03-06Z', 'Product P1', 'garden', 10, 5,
     '2024-03-05 12:00Z');
insert into staging.orders values
    ('2024-03-05', '2024-03-05.csv', 1, 'O1', 'C1', 'paid', '2024-03-05 10:00Z', null, null, null,
     'EUR', 0, 4.90, 0, '2024-03-05 12:00Z');
insert into staging.order_items values
    ('2024-03-05', '2024-03-05.csv', 1, 'I1', 'O1', 'P1', 2, 10, 0, '2024-03-05 12:00Z');
insert into staging.returns values
    ('2024-03-10', '2024-03-10.csv', 1, 'R1', 'I1', 'O1', 1, '2024-03-10 10:00Z', 10, 'too big',
     '2024-03-10 12:00Z'),
    ('2024-03-10', '2024-03-10.csv', 2, 'R2', 'I9', 'O1', 1, '2024-03-10 10:00Z', 10, 'too big',
     '2024-03-10 12:00Z');
insert into staging.inventory values
    ('2024-03-05', '2024-03-05.csv', 1, '2024-03-05', 'P1', 'main', 100, 10, 20,
     '2024-03-05 12:00Z');
insert into quarantine.records values
    ('returns', '2024-03-10', '2024-03-10.csv', 2, 'R2', 'relation', '[{"rule": "orphan"}]',
     '{"return_id": "R2"}', 'O1');

insert into analytics.dim_customer values
    ('C1', 'hash', 'DE', '2024-01-01Z', '2024-03-05', '2024-03-05', 1, 10, false);
insert into analytics.dim_product values
    ('P1@1704067200000000', 'P1', 'Product P1', 'garden', 10, 5, '2024-01-01Z', null, true);
insert into analytics.fct_orders values
    ('O1', 'C1', 'paid', true, '2024-03-05 10:00Z', '2024-03-05', null, null, null, 1, 2, 1,
     20, 0, 10, 10, 4.90, 0, '2024-03-05', '2024-03-05.csv', 1);
insert into analytics.fct_order_items values
    ('I1', 'O1', 'P1', 'P1@1704067200000000', '2024-03-05', true, 2, 10, 20, 0, 0, 20,
     '2024-03-05', '2024-03-05.csv', 1);
insert into analytics.fct_returns values
    ('R1', 'I1', 'O1', 'P1', 1, '2024-03-10 10:00Z', '2024-03-10', 5, true, 10, 10, 'too big',
     '2024-03-10', '2024-03-10.csv', 1);
insert into analytics.fct_inventory_daily values
    ('2024-03-05', 'P1', 'main', 'P1@1704067200000000', 100, 10, 90, 20, false,
     '2024-03-05', '2024-03-05.csv', 1);
insert into analytics.fct_revenue_daily
select day::date, (day = '2024-03-05')::int, 2 * (day = '2024-03-05')::int,
       20 * (day = '2024-03-05')::int, 0, 10 * (day = '2024-03-10')::int,
       10 * (day = '2024-03-05')::int,
       20 * (day = '2024-03-05')::int - 10 * (day = '2024-03-10')::int,
       case when day = '2024-03-05' then 20 end, (day = '2024-03-05')::int, 0, 0,
       (day = '2024-03-10')::int, case when day = '2024-03-05' then 1 end,
       4.90 * (day = '2024-03-05')::int, 0
from generate_series('2024-03-05'::date, '2024-03-10', '1 day') day;
insert into analytics.fct_cohort_ltv
select '2024-03-05', n, 1, 0, 0, 10, 10, '2024-03-05'::date + n from unnest(array[7, 30, 90]) n;
insert into analytics.dim_date
select day::date, 2024, 1, 3, 2024, 10, 1, false
from generate_series('2024-03-05'::date, '2024-03-10', '1 day') day;
"""


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[SmallShop]:
    """A shop whose warehouse is of the version before the ledger."""
    with postgres.database() as url:
        migrate_to(url, "0002")
        with psycopg.connect(url) as connection:
            connection.execute(_BEFORE_THE_LEDGER)
        shop = SmallShop(tmp_path / "landing", url)
        land(shop)
        yield shop


@dg.asset
def old_asset() -> None:
    """Something that an old run has materialized."""


@pytest.fixture
def instance(earlier: SmallShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance in the same database, with the events of an old run."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("ECOMMERCE_HOME", str(earlier.settings.home))
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", earlier.url)
    with open_instance(load_settings()) as instance:
        assert dg.materialize([old_asset], instance=instance).success
        yield instance


LOGS = {"ops.api_keys", "ops.restatements", "ops.refusals", "dagster.runs", "dagster.event_logs"}
"""The tables that no load and no rebuild may take anything from."""


def test_a_warehouse_from_before_the_ledger_is_migrated_and_rebuilt(
    earlier: SmallShop, instance: dg.DagsterInstance, migrated_template: str
) -> None:
    before = rows_of(earlier.url)

    migrate(earlier.url)

    migrated = rows_of(earlier.url)
    assert_kept(before, migrated)
    # Without the new columns the facts mean what they meant.
    assert earlier.rows(
        "select kind, sold_at::text, sale_date::text, cost_amount from analytics.fct_order_items"
    ) == [("product", "2024-03-05 10:00:00+00", DAY, None)]
    assert earlier.rows(
        "select net_revenue = gross_margin, order_value, uncosted_revenue, other_sales::int"
        " from analytics.fct_revenue_daily order by date limit 1"
    ) == [(True, 20, 20, 0)]

    with pytest.raises(
        SettingsChangedError, match=r"rules_version was 1 and is \d+.*ecommerce rebuild"
    ):
        load(earlier.shop, instance)
    assert_kept(migrated, rows_of(earlier.url))

    result = rebuild(earlier.shop, instance)

    assert (result.failures, result.refusals) == ([], [])
    logs = {table: migrated[table] for table in LOGS}
    assert all(logs.values())
    assert_kept(logs, rows_of(earlier.url))
    assert earlier.rows("select valid_from::date::text, cost::int from analytics.dim_product") == [
        ("2024-01-01", 4),
        ("2024-03-06", 5),
    ]
    with postgres.database(migrated_template) as url:
        anew = SmallShop(earlier.landing, url)
        anew.load()
        assert contents(earlier.url) == contents(url)
    assert not load(earlier.shop, instance).is_changed
