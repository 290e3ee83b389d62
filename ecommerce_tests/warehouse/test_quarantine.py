"""The quarantine counted, listed and exported, and cleared by the next load of a mended file."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ecommerce_assets.cli import app, console
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product

COUNTS = """
batch day feed rule records EUR
2024-03-06 order_items orphan 1 20.00
2024-03-05 customers required 2
2024-03-05 customers type 1
"""


@pytest.fixture
def shop(small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch) -> SmallShop:
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", small_shop.url)
    small_shop.land(
        "customers",
        "2024-03-05",
        customer("C1"),
        customer("C2", created_at=""),
        customer("", created_at="yesterday"),
    )
    small_shop.land("order_items", "2024-03-06", item())
    small_shop.load_tables()
    return small_shop


def listed(*arguments: str) -> list[list[str]]:
    result = CliRunner().invoke(app, ["quarantine", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    lines = [
        line.replace("│", " ").replace("┃", " ").split() for line in result.output.splitlines()
    ]
    return [line for line in lines if line and line[0][0].isdigit()]


def exported(tmp_path: Path, *arguments: str) -> list[dict[str, str]]:
    path = tmp_path / "quarantine.csv"
    CliRunner().invoke(
        app, ["quarantine", *arguments, "--export", str(path)], catch_exceptions=False
    )
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_counted_by_day_feed_and_rule(shop: SmallShop) -> None:
    wanted = [line.split() for line in COUNTS.strip().splitlines()[1:]]

    assert listed("--by-day") == wanted
    assert listed("--by-day", "--feed", "customers") == wanted[1:]
    assert listed("--by-day", "--rule", "type") == wanted[2:]
    assert listed("--by-day", "--from", "2024-03-06") == wanted[:1]
    assert listed("--by-day", "--to", "2024-03-05") == wanted[1:]


def test_counted_by_feed_and_rule_with_a_total_of_records_and_money(shop: SmallShop) -> None:
    shop.land("order_items", "2024-03-07", item(order_item_id="I2", quantity="many"))
    shop.land("order_items", "2024-03-08", item(order_item_id="I3"))
    shop.load_tables()

    result = CliRunner().invoke(app, ["quarantine"], catch_exceptions=False)

    lines = [" ".join(line.replace("│", " ").split()) for line in result.output.splitlines()]
    assert "2 from 2024-03-06 to 2024-03-08 order_items orphan 2 40.00" in lines
    assert "2024-03-07 order_items type 1" in lines
    assert "all, each record once 5 40.00" in lines


def test_a_terminal_of_80_columns_shows_whole_rules_and_amounts(
    shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.land("orders", "2024-03-07", order("O7", order_discount="99999999.00"))
    shop.land("order_items", "2024-03-07", item("I7", "O7", unit_price="9999999.00", sold_at="x"))
    shop.load()
    monkeypatch.setattr(console.out, "width", 80)

    result = CliRunner().invoke(app, ["quarantine"], catch_exceptions=False)

    assert "…" not in result.output
    assert "discount_exceeds_gross" in result.output
    assert " 19,999,998.00" in result.output


def test_exported_with_reasons_and_the_record_as_it_came(shop: SmallShop, tmp_path: Path) -> None:
    rows = exported(tmp_path, "--feed", "customers")

    assert [(row["source_file"], row["line_number"], row["rules"]) for row in rows] == [
        ("2024-03-05.csv", "2", "required"),
        ("2024-03-05.csv", "3", "required type"),
    ]
    record = json.loads(rows[1]["record"])
    assert record["created_at"] == "yesterday"
    assert "email" not in record
    assert "example.com" not in json.dumps(rows)
    assert {reason["column"] for reason in json.loads(rows[1]["reasons"])} == {
        "customer_id",
        "created_at",
    }
    assert exported(tmp_path, "--rule", "orphan")[0]["stage"] == "relation"


def test_a_mended_file_and_what_was_missing_clear_it(shop: SmallShop) -> None:
    shop.land("customers", "2024-03-05", customer("C1"), customer("C2"), customer("C3"))
    shop.land("products", "2024-03-07", product())
    shop.land("orders", "2024-03-07", order())

    shop.load_tables()

    assert listed() == []


def test_an_unknown_feed_is_told_in_a_sentence(shop: SmallShop) -> None:
    result = CliRunner().invoke(app, ["quarantine", "--feed", "clients"])

    assert "clients is no feed" in str(result.exception)
