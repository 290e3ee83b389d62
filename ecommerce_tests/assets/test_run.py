"""A load retries transient errors of the database, and reports others in a sentence."""

import psycopg
import pytest

from ecommerce_assets.assets import run
from ecommerce_assets.loading import rebuild
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop, customer, item, load_days, order, product

# Sequences do not roll back, so they count the attempts.
_BREAK_OFF = """
create sequence ops.attempts;
create function ops.break_off() returns trigger language plpgsql as $$
begin
    if nextval('ops.attempts') <= {times} then
        perform pg_terminate_backend(pg_backend_pid());
    end if;
    return new;
end $$;
create trigger break_off before insert on {table}
    for each statement execute function ops.break_off();
"""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "FIRST_WAIT_SECONDS", 0)


@pytest.fixture
def shop(small_shop: SmallShop) -> SmallShop:
    small_shop.land("customers", "2024-03-05", customer())
    small_shop.land("products", "2024-03-05", product())
    small_shop.land("orders", "2024-03-05", order())
    small_shop.land("order_items", "2024-03-05", item())
    return small_shop


def break_off(shop: SmallShop, times: int, table: str = "analytics.fct_orders") -> None:
    with psycopg.connect(shop.url) as connection:
        connection.execute(_BREAK_OFF.format(times=times, table=table))


def test_a_connection_that_breaks_off_twice_costs_two_retries(shop: SmallShop) -> None:
    break_off(shop, 2)

    result = shop.load()

    assert result.failures == []
    assert shop.rows("select net_revenue from analytics.fct_revenue_daily") == [(20,)]
    assert shop.rows("select last_value from ops.attempts") == [(3,)]


def test_a_database_that_stays_broken_fails_with_a_sentence(shop: SmallShop) -> None:
    break_off(shop, 100)

    result = load_days(shop.shop)

    (sentence,) = set(result.failures)
    assert "start it, then load again" in sentence
    assert shop.rows("select last_value from ops.attempts") == [(1 + run.RETRIES,)]
    assert shop.rows("select count(*) from analytics.fct_orders") == [(0,)]


def test_a_refused_statement_is_not_tried_again(shop: SmallShop) -> None:
    with psycopg.connect(shop.url) as connection:
        connection.execute("alter table analytics.fct_orders add check (net_amount < 0)")

    result = load_days(shop.shop)

    (sentence,) = result.failures
    assert "refused a statement" in sentence


def test_a_rebuild_whose_first_step_breaks_off_still_empties_the_warehouse(
    shop: SmallShop,
) -> None:
    shop.load()
    shop.execute("update staging.products set name = 'changed behind the loader'")
    break_off(shop, 1, "ops.settings")

    with in_memory() as instance:
        rebuilt = rebuild(shop.shop, instance)

    assert rebuilt.failures == []
    assert shop.rows("select name from staging.products") == [("Product P1",)]
