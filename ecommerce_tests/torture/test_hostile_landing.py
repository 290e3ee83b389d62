"""Hostile files in a landing zone are staged, quarantined or refused; no load is harmed by them."""

import json
import os

import pytest
from typer.testing import CliRunner

from ecommerce_assets.cli import app
from ecommerce_assets.feeds.landing import LandingError
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product

DAY, NEXT_DAY, LAST_DAY = "2024-03-05", "2024-03-06", "2024-03-07"


def test_hostile_files_harm_no_load(small_shop: SmallShop) -> None:
    shop = small_shop
    shop.land("customers", DAY, customer(), {**customer("C2"), "anna@example.com": "x"})
    shop.land("products", DAY, product(), product("P2", name="x" * 3_000_000))
    shop.land("orders", DAY, order(), order("O" * 6_000), order("anna@example.com"))
    keys = {"k" * 3_000_000: 1, "a\0b": 1, "\ud800": 1}
    lines = [json.dumps({**item(f"I{key[0]}"), "ingested_at": DAY, key: 1}) for key in keys]
    shop.land_text("order_items", f"{DAY}.jsonl", "\n".join(lines))
    # An order whose id is an address, with a line of a product that is not there.
    shop.land("order_items", NEXT_DAY, item("I9", "anna@example.com", product_id="P9"))
    shop.land_text("returns", f"{DAY}.jsonl", "x" * 3_000_000 + "\n")
    shop.land_text("inventory", f"{DAY}.csv", "x" * 3_000_000)
    (shop.landing / "returns" / os.fsdecode(b"2024-03-06\xff.csv")).touch()
    os.mkfifo(shop.landing / "orders" / f"{NEXT_DAY}.csv")

    first = shop.load()
    second = shop.load()

    reasons = {(refusal.feed, str(refusal.batch_date)) for refusal in first.refusals}
    assert reasons == {("inventory", DAY), ("returns", NEXT_DAY)}
    assert first.ignored["orders"] == (f"{NEXT_DAY}.csv",)
    assert not second.is_changed
    broken = shop.rows(
        """
        select feed, left(business_key, 3), stage, reasons -> 0 ->> 'rule', order_id like '%%@%%'
        from quarantine.records order by 1, 2 nulls first, 3
        """
    )
    assert [row[:4] for row in broken if row[0] != "order_items"] == [
        ("orders", "OOO", "row", "range"),
        ("products", None, "row", "malformed"),
        ("returns", None, "row", "malformed"),
    ]
    assert broken[0][:4] == ("order_items", None, "row", "malformed")
    assert not any(row[4] for row in broken)
    assert shop.rows("select count(*) from quarantine.records where record::text like '%%@%%'") == [
        (0,)
    ]


def test_an_order_known_by_an_address_leaves_quarantine_again(small_shop: SmallShop) -> None:
    small_shop.land("order_items", DAY, item(order_id="anna@example.com"))
    small_shop.land("orders", DAY, order("O1"))
    small_shop.load_tables()
    kept = "select order_id from quarantine.records where stage = 'relation' and feed = %s"
    [(hashed,)] = small_shop.rows(kept, "order_items")
    assert len(hashed) == 64

    small_shop.land("customers", NEXT_DAY, customer())
    small_shop.land("products", NEXT_DAY, product())
    small_shop.land("orders", NEXT_DAY, order("anna@example.com"))
    small_shop.load_tables()

    assert small_shop.rows(kept, "order_items") == []


def test_an_empty_landing_zone_takes_nothing_back_unless_told_to(
    small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shop.land("customers", DAY, customer())
    small_shop.land("customers", NEXT_DAY, customer("C2"))
    small_shop.load_tables()
    small_shop.landing.rename(small_shop.landing.with_name("unmounted"))
    small_shop.landing.mkdir()

    with pytest.raises(LandingError, match=r"2 of the 2 feed-days .* are gone"):
        small_shop.load_tables()
    for name, value in {
        "ECOMMERCE_DATABASE_URL": small_shop.url,
        "ECOMMERCE_LANDING": str(small_shop.landing),
        "ECOMMERCE_CURRENCY": "EUR",
        "ECOMMERCE_HOME": str(small_shop.settings.home),
    }.items():
        monkeypatch.setenv(name, value)
    assert small_shop.rows("select count(*) from staging.customers") == [(2,)]
    with pytest.raises(LandingError):
        CliRunner().invoke(app, ["load"], catch_exceptions=False)

    small_shop.land_text("orders", "_SUCCESS", "")
    result = CliRunner().invoke(app, ["load", "--yes"], catch_exceptions=False)

    assert result.exit_code == 0
    assert "Ignored in orders, as no batch's file: _SUCCESS\n" in result.output
    assert small_shop.rows("select count(*) from staging.customers") == [(0,)]
