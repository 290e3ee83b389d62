"""Two and three loads at once, with readers beside them, come out as one after the other."""

from pathlib import Path

import psycopg
import pytest

from ecommerce_tests import postgres
from ecommerce_tests.small_shop import SmallShop, item, order
from ecommerce_tests.torture import crowd
from ecommerce_tests.torture.consistency import contradictions


def test_loads_at_once(tmp_path: Path, database_url: str, migrated_template: str) -> None:
    with postgres.database(migrated_template) as empty_url:
        snapshots = crowd.play(tmp_path, database_url, empty_url, seed=5, rounds=1)

    assert snapshots > 1


@pytest.mark.parametrize(
    ("change", "contradiction"),
    [
        ("delete from analytics.fct_order_items", "an order and its lines"),
        ("update analytics.fct_orders set net_amount = 1", "the net of an order"),
        ("update analytics.fct_revenue_daily set units = 1", "facts and dates"),
        ("delete from analytics.fct_cohort_ltv", "customers and cohorts"),
    ],
)
def test_readers_would_notice(change: str, contradiction: str, small_shop: SmallShop) -> None:
    small_shop.land("orders", "2024-03-05", order())
    small_shop.land("order_items", "2024-03-05", item())
    small_shop.materialize_tables(("2024-03-05", "2024-03-05"))
    small_shop.execute(change)

    with psycopg.connect(small_shop.url, autocommit=True) as connection:
        assert contradiction in contradictions(connection)
