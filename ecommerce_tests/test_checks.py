"""Every check passes on a sound shop, and fails on the day of the fault that it looks for."""

import datetime as dt
from collections.abc import Iterator

import pandas as pd
import psycopg
import pytest

from ecommerce_assets.checks.feeds import FEED_CHECKS, feeds_of, measure
from ecommerce_assets.checks.scope import scope
from ecommerce_assets.checks.table_check import judge
from ecommerce_assets.checks.tables import TABLE_CHECKS
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.session import connect
from ecommerce_tests import postgres
from ecommerce_tests.conftest import template
from ecommerce_tests.small_shop import (
    SmallShop,
    adjustment,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)

DAY = dt.date(2024, 3, 5)
NEXT = dt.date(2024, 3, 6)


def land_sound_shop(shop: SmallShop) -> None:
    """Two days with a bit of everything; each day 24 customers, so that shares mean something."""
    for day in (DAY, NEXT):
        names = [f"{day.day}-{number}" for number in range(24)]
        shop.land("customers", str(day), *map(customer, names))
        shop.land("products", str(day), product(updated_at=f"{day}T01:00:00Z", price=f"{day.day}"))
        shop.land(
            "orders",
            str(day),
            *(order(f"O{n}", customer_id=n, ordered_at=f"{day}T10:00:00Z") for n in names),
        )
        price = f"{day.day}"
        shop.land(
            "order_items",
            str(day),
            *(item(f"I{n}", f"O{n}", unit_price=price) for n in names),
            item(f"G{day.day}", f"O{names[0]}", kind="gift_card", gross_amount="19.99"),
        )
        shop.land(
            "adjustments",
            str(day),
            adjustment(f"A{day.day}", f"O{names[0]}", adjusted_at=f"{day}T21:00:00Z"),
            adjustment(f"S{day.day}", f"O{names[0]}", adjusted_at=f"{day}T21:00:00Z")
            | {"kind": "shipping"},
        )
        shop.land(
            "returns",
            str(day),
            returned(f"R{day.day}", f"I{names[0]}", f"O{names[0]}", refund_amount="5.00")
            | {"returned_at": f"{day}T20:00:00Z"},
        )
        allocated = 48 * (day.day - 4)  # units of product lines
        shop.land("inventory", str(day), stock(snapshot_date=str(day), allocated=allocated))


@pytest.fixture(scope="session")
def sound_template(migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    def fill(url: str) -> None:
        from ecommerce_assets.warehouse.schema import migrate

        migrate(url)
        shop = SmallShop(tmp_path_factory.mktemp("sound") / "landing", url)
        land_sound_shop(shop)
        assert shop.load().failures == []

    return template("sound", fill)


@pytest.fixture
def sound_url(sound_template: str) -> Iterator[str]:
    with postgres.database(sound_template) as url:
        yield url


def verdicts(
    url: str, table: str, name: str, days: tuple[dt.date, ...] = (DAY, NEXT), **settings: object
) -> pd.DataFrame:
    """Judge a check over some days, by the settings."""
    wanted = Settings(_env_file=None, **settings)
    with connect(url) as connection:
        for check in FEED_CHECKS:
            for feed in feeds_of(check):
                if (f"staging.{feed.name}", check.name) == (table, name):
                    return check.judge(measure(connection, feed, days), wanted)
        (found,) = (c for c in TABLE_CHECKS if (c.table.name, c.name) == (table, name))
        with scope(connection, days):
            ((_, verdict),) = judge(connection, [found], days, wanted)
        return verdict


def failed_days(frame: pd.DataFrame) -> list[str]:
    return [str(day.date()) for day in frame.index[~frame["passed"].astype(bool)]]


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        assert connection.execute(statement).rowcount > 0


EVERY_CHECK = [
    *((f"staging.{feed.name}", check.name) for check in FEED_CHECKS for feed in feeds_of(check)),
    *((check.table.name, check.name) for check in TABLE_CHECKS),
]


def test_all_pass_on_a_sound_shop(sound_url: str) -> None:
    failing = [check for check in EVERY_CHECK if failed_days(verdicts(sound_url, *check))]

    assert failing == []


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("stray", ["staging.{feed}", "quarantine.records", "ops.staged_files"])
def test_conservation_fails_when_a_record_is_gone_or_one_too_many(
    sound_url: str, feed: str, stray: str
) -> None:
    statement = {
        "staging.{feed}": f"delete from staging.{feed} where batch_date = '2024-03-06'"
        " and line_number = 1",
        "quarantine.records": "insert into quarantine.records values"
        f" ('{feed}', '2024-03-06', 'x.csv', 1, null, 'row', '[]', '{{}}')",
        "ops.staged_files": "update ops.staged_files set records = records + 1"
        f" where feed = '{feed}' and batch_date = '2024-03-06'",
    }[stray]
    change(sound_url, statement)

    assert failed_days(verdicts(sound_url, f"staging.{feed}", "conservation")) == [str(NEXT)]


@pytest.mark.parametrize("feed", FEEDS)
def test_quarantine_share_fails_above_its_threshold(sound_url: str, feed: str) -> None:
    table, check = f"staging.{feed}", "quarantine_share"
    change(
        sound_url,
        "insert into quarantine.records select"
        f" '{feed}', '2024-03-06', 'x.csv', n, null, 'row', '[]', '{{}}'"
        " from generate_series(1, 5) n",
    )
    change(
        sound_url,
        "update ops.staged_files set records = 20"
        f" where feed = '{feed}' and batch_date = '2024-03-06'",
    )

    assert failed_days(verdicts(sound_url, table, check)) == [str(NEXT)]
    assert failed_days(verdicts(sound_url, table, check, warn_quarantine_share=0.3)) == []


@pytest.mark.parametrize("feed", FEEDS)
def test_volume_fails_far_from_the_same_weekday_s_median(sound_url: str, feed: str) -> None:
    table, check = f"staging.{feed}", "volume"
    change(
        sound_url,
        "insert into ops.staged_files select"
        f" '{feed}', '2024-03-06'::date - 7 * week, 'x.csv', 'x', 1000, 1000, 0, '[]'"
        " from generate_series(1, 4) week",
    )

    assert failed_days(verdicts(sound_url, table, check)) == [str(NEXT)]
    assert failed_days(verdicts(sound_url, table, check, warn_volume_change=1.0)) == []


NULLS = [("customers", "email_sha256"), ("orders", "customer_id")]


@pytest.mark.parametrize(("feed", "column"), NULLS)
def test_nulls_fails_above_a_column_s_threshold(sound_url: str, feed: str, column: str) -> None:
    change(
        sound_url,
        f"update staging.{feed} set {column} = null where batch_date = '2024-03-05'",
    )

    shares = {f"{feed}.{column}": 0.5}
    found = verdicts(sound_url, f"staging.{feed}", "nulls", warn_null_share=shares)

    assert failed_days(found) == [str(DAY)]
    assert list(found[column]) == [1.0, 0.0]


OTHER_NULLS = [
    ("products", "category", {}),
    ("order_items", "gross_amount", {"order_items.gross_amount": 0.8}),
    ("returns", "reason", {"returns.reason": 0.5}),
    ("adjustments", "reason", {"adjustments.reason": 0.5}),
]


@pytest.mark.parametrize(("feed", "column", "shares"), OTHER_NULLS)
def test_nulls_of_the_other_feeds_fail_by_their_own_threshold(
    sound_url: str, feed: str, column: str, shares: dict[str, float]
) -> None:
    change(
        sound_url,
        f"""
        insert into staging.{feed} select (jsonb_populate_record(s, jsonb_build_object(
            'line_number', n, '{column}', null))).*
        from staging.{feed} s, generate_series(101, 140) n
        where batch_date = '2024-03-05' and line_number = 1
        """,
    )
    settings = {"warn_null_share": shares} if shares else {}

    found = verdicts(sound_url, f"staging.{feed}", "nulls", **settings)

    assert failed_days(found) == [str(DAY)]


OUT_OF_RANGE = {
    "customers": "created_at = '1980-01-01'",
    "products": "price = -1",
    "orders": "tax_amount = -1",
    "order_items": "discount_amount = 1000",
    "returns": "quantity = 0",
    "adjustments": "amount = -1000000000",
    "inventory": "allocated = -1",
}


@pytest.mark.parametrize("feed", OUT_OF_RANGE)
def test_ranges_fails_on_a_value_no_feed_may_have(sound_url: str, feed: str) -> None:
    change(
        sound_url,
        f"update staging.{feed} set {OUT_OF_RANGE[feed]}"
        " where batch_date = '2024-03-05' and line_number = 1",
    )

    assert failed_days(verdicts(sound_url, f"staging.{feed}", "ranges")) == [str(DAY)]


@pytest.mark.parametrize("feed", FEEDS)
def test_duplicate_versions_fails_on_repeated_exports(sound_url: str, feed: str) -> None:
    change(
        sound_url,
        f"""
        insert into staging.{feed} select (jsonb_populate_record(s,
            jsonb_build_object('source_file', 'again-' || n || '.csv'))).*
        from staging.{feed} s, generate_series(1, 24) n where batch_date = '2024-03-05'
        """,
    )

    found = verdicts(sound_url, f"staging.{feed}", "duplicate_versions")

    assert failed_days(found) == [str(DAY)]


def test_order_times_fails_where_more_orders_than_allowed_go_backwards(sound_url: str) -> None:
    change(
        sound_url,
        "update staging.orders set paid_at = ordered_at - interval '1 second'"
        " where order_id in ('O6-1', 'O6-2')",
    )
    check = ("staging.orders", "order_times")

    assert failed_days(verdicts(sound_url, *check)) == [str(NEXT)]
    assert failed_days(verdicts(sound_url, *check, warn_quarantine_share=0.3)) == []


TABLE_FAULTS = [
    ("staging.orders", "order_flow", "update staging.orders set status = 'created',"
     " order_id = 'O5-1', ingested_at = '2024-03-07' where order_id = 'O6-1'", [NEXT]),
    ("analytics.fct_orders", "conservation",
     "delete from analytics.fct_orders where order_id = 'O6-1'", [NEXT]),
    ("analytics.fct_order_items", "conservation",
     "delete from analytics.fct_order_items where order_item_id = 'I6-1'", [NEXT]),
    ("analytics.fct_returns", "conservation",
     "delete from staging.returns where return_id = 'R6'", [NEXT]),
    ("analytics.fct_orders", "net_formula",
     "update analytics.fct_orders set net_amount = net_amount + 0.01 where order_id = 'O5-1'",
     [DAY]),
    ("analytics.fct_orders", "net_formula", "update analytics.fct_order_items set gross_amount = 9"
     " where order_item_id = 'I5-1'", [DAY]),
    ("analytics.fct_orders", "references",
     "delete from analytics.dim_customer where customer_id = '5-1'", [DAY]),
    ("analytics.fct_order_items", "net_formula", "update analytics.fct_order_items"
     " set net_amount = 0 where order_item_id = 'I5-1'", [DAY]),
    ("analytics.fct_order_items", "references", "update analytics.fct_order_items"
     " set product_key = product_key || 'x' where order_item_id = 'I5-1'", [DAY]),
    ("analytics.fct_order_items", "references",
     "delete from analytics.fct_orders where order_id = 'O5-1'", [DAY]),
    ("analytics.fct_order_items", "list_price", "update analytics.fct_order_items"
     " set unit_price = 100 where order_item_id like 'I5-1%'", [DAY]),
    ("analytics.fct_returns", "references", "update analytics.fct_returns"
     " set order_item_id = 'I5-2' where return_id = 'R6'", [NEXT]),
    ("analytics.fct_order_items", "cost",
     "update analytics.fct_order_items set cost_amount = null where order_item_id = 'I5-1'", [DAY]),
    ("analytics.fct_order_items", "cost",
     "update analytics.dim_product set cost = null where is_current", [NEXT]),
    ("analytics.fct_adjustments", "conservation",
     "delete from analytics.fct_adjustments where adjustment_id = 'A6'", [NEXT]),
    ("analytics.fct_adjustments", "conservation",
     "delete from staging.adjustments where adjustment_id = 'S5'", [DAY]),
    ("analytics.fct_adjustments", "references", "update analytics.fct_orders"
     " set is_recognised = false where order_id = 'O5-0'", [DAY]),
    ("analytics.fct_inventory_daily", "conservation",
     "delete from analytics.fct_inventory_daily where snapshot_date = '2024-03-05'", [DAY]),
    ("analytics.fct_inventory_daily", "references",
     "update analytics.fct_inventory_daily set product_key = 'x'", [DAY, NEXT]),
    ("analytics.fct_inventory_daily", "available_formula",
     "update analytics.fct_inventory_daily set is_alert = not is_alert", [DAY, NEXT]),
    ("analytics.fct_inventory_daily", "oversold", "update analytics.fct_inventory_daily"
     " set on_hand = -1 where snapshot_date = '2024-03-05'", [DAY]),
    ("analytics.fct_inventory_daily", "allocated", "update analytics.fct_inventory_daily"
     " set allocated = 5 where snapshot_date = '2024-03-06'", [NEXT]),
    ("analytics.fct_inventory_daily", "allocated", "update analytics.fct_orders"
     " set fulfilled_at = '2024-03-06' where order_date = '2024-03-05'", [NEXT]),
    ("analytics.dim_product", "conservation", "delete from analytics.dim_product", [NEXT]),
    ("analytics.dim_product", "versions", "update analytics.dim_product"
     " set valid_to = valid_to - interval '1 hour' where valid_to is not null", [NEXT]),
    ("analytics.dim_product", "versions", "update analytics.dim_product"
     " set valid_to = valid_to + interval '1 hour' where valid_to is not null", [NEXT]),
    ("analytics.dim_product", "versions", "update analytics.dim_product set is_current = true",
     [NEXT]),
    ("analytics.dim_product", "versions", "update analytics.dim_product set is_current = false",
     [NEXT]),
    ("analytics.dim_customer", "conservation",
     "delete from analytics.dim_customer where customer_id = '5-1'", [DAY]),
    ("analytics.dim_customer", "conservation",
     "update analytics.dim_customer set is_inferred = true where customer_id = '6-1'", [NEXT]),
    ("analytics.fct_revenue_daily", "net_formula",
     "update analytics.fct_revenue_daily set refunds = 0 where date = '2024-03-05'", [DAY]),
    ("analytics.fct_revenue_daily", "net_formula",
     "delete from analytics.fct_revenue_daily where date = '2024-03-05'", [DAY]),
    *(
        ("analytics.fct_revenue_daily", "ledger",
         f"update analytics.{table} set {fault} where {date} = '2024-03-05'", [DAY])
        for table, date, fault in (
            ("fct_revenue_daily", "date", "orders = orders + 1"),
            ("fct_revenue_daily", "date", "gross_revenue = gross_revenue + 0.01"),
            ("fct_revenue_daily", "date", "other_sales = 0"),
            ("fct_revenue_daily", "date", "cost = cost + 0.01"),
            ("fct_revenue_daily", "date", "order_value = 0"),
            ("fct_order_items", "sale_date", "quantity = quantity + 1"),
            ("fct_order_items", "sale_date", "kind = 'other'"),
            ("fct_returns", "return_date", "refund_amount = refund_amount - 0.01"),
            ("fct_returns", "return_date", "cost_amount = null"),
            ("fct_adjustments", "adjustment_date", "amount = amount + 0.01"),
            ("fct_adjustments", "adjustment_date", "kind = 'shipping'"),
            ("fct_orders", "order_date", "shipping_amount = 1"),
            ("fct_orders", "order_date", "refund_amount = 0"),
        )
    ),
    ("analytics.fct_revenue_daily", "net_formula",
     "update analytics.fct_revenue_daily set gross_margin = 0 where date = '2024-03-05'", [DAY]),
    *(
        ("analytics.fct_sales_daily", "totals",
         f"update analytics.fct_sales_daily set {fault}"
         f" where date = '2024-03-05' and dimension = '{dimension}'", [DAY])
        for dimension, fault in (
            ("product", "units = units + 1"),
            ("customer", "gross_revenue = gross_revenue + 0.01"),
            ("channel", "cost = cost + 0.01"),
        )
    ),
    ("analytics.fct_revenue_daily", "every_date",
     "update analytics.fct_revenue_daily set date = '2024-03-08' where date = '2024-03-06'",
     [NEXT]),
    ("analytics.fct_revenue_daily", "refund_bases",
     "update analytics.fct_revenue_daily set refunds_by_order_date = 0", [NEXT]),
    ("analytics.fct_cohort_ltv", "cohort_sizes", "update analytics.fct_cohort_ltv"
     " set customers = 1 where cohort_date = '2024-03-05' and horizon_days = 30", [DAY]),
    ("analytics.fct_cohort_ltv", "cohort_sizes", "delete from analytics.fct_cohort_ltv"
     " where cohort_date = '2024-03-06' and horizon_days = 90", [NEXT]),
    ("analytics.dim_date", "calendar",
     "delete from analytics.dim_date where date = '2024-03-05'", [NEXT]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "name", "fault", "days"), TABLE_FAULTS)
def test_a_check_of_a_table_fails_on_its_fault(
    sound_url: str, table: str, name: str, fault: str, days: list[dt.date]
) -> None:
    change(sound_url, fault)

    assert failed_days(verdicts(sound_url, table, name)) == [str(day) for day in days]


def test_every_check_has_a_test_in_which_it_fails() -> None:
    by_feed = {check.name for check in FEED_CHECKS}
    assert by_feed == {
        "conservation", "quarantine_share", "volume", "nulls", "ranges", "duplicate_versions",
        "order_times",
    }  # fmt: skip
    assert {(c.table.name, c.name) for c in TABLE_CHECKS} == {fault[:2] for fault in TABLE_FAULTS}
    assert set(map(lambda f: f.name, feeds_of(FEED_CHECKS[3]))) == {  # noqa: C417
        "customers", "products", "orders", "order_items", "returns", "adjustments",
    }  # fmt: skip


def test_a_day_is_judged_by_what_it_names_alone(sound_url: str) -> None:
    change(sound_url, "update analytics.fct_orders set net_amount = 0 where order_id = 'O5-1'")

    found = verdicts(sound_url, "analytics.fct_orders", "net_formula", (NEXT,))

    assert failed_days(found) == []
    assert list(found["examined"]) == [24]


def test_all_days_together_find_a_row_that_no_record_accounts_for(sound_url: str) -> None:
    change(
        sound_url,
        """
        insert into analytics.fct_orders select (jsonb_populate_record(o,
            jsonb_build_object('order_id', 'stray'))).*
        from analytics.fct_orders o where order_id = 'O5-1'
        """,
    )

    assert failed_days(verdicts(sound_url, "analytics.fct_orders", "conservation", (DAY,))) == []
    assert failed_days(verdicts(sound_url, "analytics.fct_orders", "conservation")) == [str(NEXT)]


def test_checks_of_the_same_rows_are_judged_together_as_alone(sound_url: str) -> None:
    change(sound_url, "update analytics.fct_orders set net_amount = 0 where order_id = 'O5-1'")
    change(sound_url, "update analytics.fct_order_items set cost_amount = 0 where kind = 'product'")
    days, settings = (DAY, NEXT), Settings(_env_file=None)

    with connect(sound_url) as connection, scope(connection, days):
        together = dict(judge(connection, TABLE_CHECKS, days, settings))
        alone = {
            check: verdict
            for one in TABLE_CHECKS
            for check, verdict in judge(connection, [one], days, settings)
        }

    assert list(together) == list(TABLE_CHECKS)
    for check, verdict in together.items():
        pd.testing.assert_frame_equal(verdict, alone[check])
    failed = {(c.table.name, c.name) for c, verdict in together.items() if failed_days(verdict)}
    assert failed == {
        ("analytics.fct_orders", "net_formula"),
        ("analytics.fct_order_items", "cost"),
        ("analytics.fct_revenue_daily", "ledger"),
    }
