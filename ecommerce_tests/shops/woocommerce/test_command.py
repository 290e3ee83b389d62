"""`ecommerce import woocommerce` and `ecommerce connect woocommerce` report their results."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ecommerce_assets.cli import app
from ecommerce_assets.errors import OperatorError
from ecommerce_tests.shops.serving import serving
from ecommerce_tests.shops.woocommerce.documents import line, order
from ecommerce_tests.shops.woocommerce.stand_in import KEY, StandIn

ORDERS = [order(1, "5.00", line(31, "5.00")), order(2, "9.00", line(32, "5.00"))]


@pytest.fixture(autouse=True)
def _euros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMMERCE_CURRENCY", "EUR")


def test_documents_land_and_orders_that_differ_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(ORDERS))
    result = CliRunner().invoke(app, ["import", "woocommerce", str(path), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "documents read: order 2" in result.output
    assert "1 of 2 orders agree with their own totals." in result.output
    assert "order 2: total is 9.00 by total and 5.00 by our rules" in result.output

    again = ["import", "woocommerce", "--strict", str(path), str(tmp_path / "strict")]
    assert CliRunner().invoke(app, again).exit_code == 1


def test_a_batch_day_is_fetched_and_the_key_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOMMERCE_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("ECOMMERCE_WOOCOMMERCE_KEY", ":".join(KEY))
    with serving(StandIn(orders=ORDERS[:1]).app()) as url:
        monkeypatch.setenv("ECOMMERCE_WOOCOMMERCE_URL", url)
        command = ["connect", "woocommerce", "--day", "2024-03-05", "--strict"]
        result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "1 of 1 orders agree with their own totals." in result.output
    assert KEY[1] not in result.output
    assert (tmp_path / "landing/orders/2024-03-05.woocommerce.csv").exists()


def test_an_unknown_shop_and_a_day_to_come_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = CliRunner().invoke(app, ["connect", "magento"])
    assert isinstance(unknown.exception, OperatorError)
    assert str(unknown.exception) == "magento is none of shopify, woocommerce, medusa."
    monkeypatch.setenv("ECOMMERCE_WOOCOMMERCE_URL", "https://shop.example")
    to_come = CliRunner().invoke(app, ["connect", "woocommerce", "--day", "2999-01-01"])
    assert str(to_come.exception).startswith("There is nothing to fetch from 2999-01-01")
