"""Every record lands in staged or quarantined with all its reasons, whatever stands in it."""

import json
from typing import Any

import pandas as pd
import pytest

from ecommerce_assets.feeds.contract import FEEDS, Store
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.split import LandedRecords, Split, split
from ecommerce_tests.small_shop import customer, item, order, product, returned, stock

GOOD: dict[str, dict[str, Any]] = {
    "customers": customer(),
    "products": product(),
    "orders": order(),
    "order_items": item(),
    "returns": returned(),
    "inventory": stock(),
}
STORE = Store(timezone="UTC", currency="EUR")


def split_records(feed: str, *records: dict[str, Any], day: str = "2024-03-20") -> Split:
    lines = [json.dumps({"ingested_at": f"{day}T12:00:00Z", **record}) for record in records]
    landed = read_records(f"{day}.jsonl", "\n".join(lines).encode(), FEEDS[feed])
    file = LandedRecords(pd.Timestamp(day), f"{day}.jsonl", landed)
    return split(FEEDS[feed], STORE, Hasher(None), [file])


def rules(feed: str, /, **changed: Any) -> list[str]:
    """The rules that a good record breaks once some of its values are changed."""
    result = split_records(feed, {**GOOD[feed], **changed})
    assert len(result.staged) + len(result.quarantined) == 1
    if result.quarantined.empty:
        return []
    return sorted({reason["rule"] for reason in json.loads(result.quarantined["reasons"].iloc[0])})


@pytest.mark.parametrize("feed", GOOD)
def test_a_good_record_is_staged(feed: str) -> None:
    assert rules(feed) == []


@pytest.mark.parametrize(
    ("feed", "column", "value", "rule"),
    [
        ("orders", "order_id", None, "required"),
        ("orders", "order_id", "  ", "required"),
        ("orders", "ingested_at", "", "required"),
        ("orders", "order_id", "x" * 256, "range"),
        ("orders", "order_id", "a\0b", "type"),
        ("orders", "order_id", ["a"], "type"),
        ("orders", "order_id", True, "type"),
        ("orders", "ordered_at", "2024-02-30", "type"),
        ("orders", "ordered_at", "2023-02-29", "type"),
        ("orders", "ordered_at", "2024-03-05T24:00", "type"),
        ("orders", "ordered_at", "2024-03-05T10:00:60", "type"),
        ("orders", "ordered_at", "2024-03-05T10", "type"),
        ("orders", "ordered_at", "2024-03-05T10:00:00.1234567", "type"),
        ("orders", "ordered_at", "2024-03-05t10:00Z", "type"),
        ("orders", "ordered_at", "2024-03-05T10:00+0100", "type"),
        ("orders", "ordered_at", "2024-03-05T10:00Z ", None),
        ("orders", "ordered_at", "2024-03-05 10:00+05:30", None),
        ("orders", "ordered_at", "2024-03-05T10:00+01", None),
        ("orders", "ordered_at", "2024-03-05T10:00-24", "type"),
        ("orders", "ordered_at", "2024-03-05T10:00:00.5-08:00", None),
        ("orders", "ordered_at", "2024-03-05", None),
        ("orders", "ordered_at", "0000-01-01", "type"),
        ("orders", "ordered_at", "0001-01-01T00:00+14:00", "range"),
        ("orders", "ordered_at", "1989-12-31T23:59:59Z", "range"),
        ("orders", "ordered_at", "1990-01-01T00:59+01:00", "range"),
        ("orders", "ordered_at", "2024-03-21T23:59:59.999999Z", None),
        ("orders", "ordered_at", "2024-03-22", "future"),
        ("orders", "ordered_at", "9999-12-31T23:59-23:59", "future"),
        ("orders", "status", "Paid", "enum"),
        ("orders", "currency", "USD", "currency"),
        ("orders", "currency", "eur", "currency"),
        ("orders", "currency", None, None),
        ("orders", "paid_at", "2024-03-05T09:59:59Z", "order_flow"),
        ("orders", "delivered_at", "2024-03-05T09:59:59Z", "order_flow"),
        ("orders", "order_discount", "-0.01", "range"),
        ("orders", "order_discount", "-0", None),
        ("orders", "order_discount", "+1.50", None),
        ("orders", "order_discount", "1.500", "precision"),
        ("orders", "order_discount", "999999999.99", None),
        ("orders", "order_discount", "1000000000", "range"),
        ("orders", "order_discount", "0" * 5000 + "1", None),
        ("orders", "order_discount", "9" * 5000, "range"),
        ("orders", "order_discount", "1e2", "type"),
        ("orders", "order_discount", "1,5", "type"),
        ("orders", "order_discount", ".5", "type"),
        ("orders", "order_discount", "5.", "type"),
        ("orders", "order_discount", "٣", "type"),
        ("order_items", "quantity", "0", None),
        ("order_items", "quantity", "-1", "range"),
        ("order_items", "quantity", "1.0", "type"),
        ("order_items", "quantity", "1000000001", "range"),
        ("order_items", "unit_price", "1.23456", "precision"),
        ("order_items", "discount_amount", "20.00", None),
        ("order_items", "discount_amount", "20.01", "range"),
        ("products", "price", "0", None),
        ("products", "cost", "-1", "range"),
        ("returns", "quantity", "0", "range"),
        ("inventory", "on_hand", "-5", None),
        ("inventory", "allocated", "-1", "range"),
        ("inventory", "snapshot_date", "2024-03-05T00:00", "type"),
        ("inventory", "snapshot_date", "2024-03-21", None),
        ("inventory", "snapshot_date", "2024-03-22", "future"),
        ("inventory", "warehouse_id", None, None),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else str(value),
)
def test_row_rules(feed: str, column: str, value: Any, rule: str | None) -> None:
    assert rules(feed, **{column: value}) == ([rule] if rule else [])


def test_a_line_gross_of_a_trillion_is_out_of_range() -> None:
    assert rules("order_items", quantity="1000", unit_price="999999999.9999") == []
    assert rules("order_items", quantity="1000000000", unit_price="999999999.9999") == ["range"]
    assert rules("order_items", quantity="1001", unit_price="999999999") == ["range"]


def test_discount_and_gross_are_compared_as_written() -> None:
    line = {"quantity": "1", "unit_price": "3.14"}
    assert rules("order_items", **line, discount_amount="3.140") == ["precision"]
    assert rules("order_items", **line, discount_amount="3.141") == ["precision", "range"]


def test_all_reasons_of_a_record_are_found() -> None:
    assert rules(
        "orders",
        customer_id="x" * 300,
        status="lost",
        paid_at="2024-01-01",
        currency="USD",
        order_discount="-1.234",
        tax_amount="much",
        ordered_at=None,
        ingested_at="2030-01-01",
    ) == ["currency", "enum", "future", "precision", "range", "required", "type"]


def test_a_value_that_breaks_type_is_judged_by_no_other_rule() -> None:
    assert rules("orders", paid_at="never", order_discount="-1,0") == ["type"]


def test_future_is_judged_by_the_stores_calendar() -> None:
    record = {**order(), "ordered_at": "2024-03-22T03:00:00Z", "ingested_at": "2024-03-20"}
    lines = json.dumps(record).encode()
    landed = read_records("2024-03-20.jsonl", lines, FEEDS["orders"])
    file = LandedRecords(pd.Timestamp("2024-03-20"), "2024-03-20.jsonl", landed)

    for timezone, quarantined in (("America/New_York", 0), ("UTC", 1)):
        result = split(FEEDS["orders"], Store(timezone, "EUR"), Hasher(None), [file])
        assert len(result.quarantined) == quarantined


def test_defaults_fill_what_is_null() -> None:
    orders = split_records("orders", order()).staged
    levels = split_records("inventory", {**stock(), "warehouse_id": ""}).staged

    assert orders[["order_discount", "shipping_amount", "tax_amount"]].iloc[0].to_list() == [
        0,
        0,
        0,
    ]
    assert levels["warehouse_id"].to_list() == ["main"]


def test_no_address_is_kept_in_staging_or_quarantine() -> None:
    email = " Anna@Example.com"
    good = {**customer(), "email": email}
    records = [
        good,
        {**good, "created_at": "anna@example.com"},
        {**good, "created_at": None, "email": ["anna@example.com"]},
        {**good, "customer_id": "anna@example.com", "created_at": "never"},
    ]
    result = split_records("customers", *records)
    malformed = read_records(
        "2024-03-20.csv",
        b'customer_id,created_at,ingested_at\nC1,anna@example.com,x,y\nC2,"ann a"@example.com\n',
        FEEDS["customers"],
    )
    file = LandedRecords(pd.Timestamp("2024-03-20"), "2024-03-20.csv", malformed)
    masked = split(FEEDS["customers"], STORE, Hasher(None), [file])

    assert result.staged["email_sha256"].to_list() == [Hasher(None)("anna@example.com")]
    for kept in (result.staged, result.quarantined, masked.quarantined):
        text = kept.to_csv()
        assert "@" not in text
        assert "anna" not in text.lower()
    assert masked.quarantined["record"].str.contains("C1").tolist() == [True, False]


def test_an_address_is_hashed_trimmed_and_in_lower_case() -> None:
    # echo -n anna@example.com | openssl dgst -sha256, and with -hmac secret
    assert Hasher(None)(" ANNA@example.com ") == (
        "f7d54c22dda5b1780276601cd005909b70543fc4a6ba72d735b4cb9bbb611f01"
    )
    assert Hasher("secret")("anna@example.com") == (
        "53a47b29d89599553510b9d989c731a61ba90e3d8038505a4362b2d774f9d2d1"
    )


def test_what_postgresql_cannot_hold_is_kept_as_a_visible_escape() -> None:
    lines = rb'{"return_id": "a\u0000b", "reason": "\ud800"}'
    landed = read_records("2024-03-20.jsonl", lines, FEEDS["returns"])
    file = LandedRecords(pd.Timestamp("2024-03-20"), "2024-03-20.jsonl", landed)

    record = json.loads(
        split(FEEDS["returns"], STORE, Hasher(None), [file]).quarantined["record"].iloc[0]
    )

    assert record["return_id"] == r"a\u0000b"
    assert record["reason"] == r'"\ud800"'
