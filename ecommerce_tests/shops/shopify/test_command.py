"""`ecommerce import shopify` reports its result, and fails on differences if asked to."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ecommerce_assets.cli import app
from ecommerce_tests.shops.shopify.documents import line, order


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "orders.json"
    path.write_text(
        json.dumps([order(1, "10.00", line(31, "10.00")), order(2, "11.00", line(32, "10.00"))])
    )
    return path


def test_orders_that_agree_are_counted_and_the_others_listed(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOMMERCE_CURRENCY", "EUR")
    result = CliRunner().invoke(app, ["import", "shopify", str(document), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "1 days in" in result.output
    assert "1 of 2 orders agree with their own totals." in result.output
    assert "order 2: total is 11.00 by total_price and 10.00 by our rules" in result.output
    assert (tmp_path / "out/orders/2026-03-10.csv").exists()


def test_strict_fails_on_a_difference(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOMMERCE_CURRENCY", "EUR")
    result = CliRunner().invoke(
        app, ["import", "shopify", str(document), str(tmp_path / "out"), "--strict"]
    )
    assert result.exit_code == 1


def test_without_files_it_says_how(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["import", "shopify", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "give at least one FILE" in result.output
