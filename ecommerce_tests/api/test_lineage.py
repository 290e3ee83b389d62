"""Lineage traces an order to its files and lines, on a small shop."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ecommerce_tests import postgres
from ecommerce_tests.api.live import served
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned


def source(feed: str, day: str, line: int) -> dict[str, Any]:
    return {"feed": feed, "batch_date": day, "source_file": f"{day}.csv", "line_number": line}


ODD_IDS = (".", "..", "O\r\nX-Injected: 1", "../O2", "%2e", "?", "#", "O 2;&=+", "٣", "<b>")


@pytest.fixture(scope="module")
def lineage(
    migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """The API on a shop whose orders were corrected, moved, quarantined, or never came right."""
    with postgres.database(migrated_template) as url:
        shop = SmallShop(tmp_path_factory.mktemp("landing"), url)
        land(shop)
        assert not shop.load().failures
        with served(url) as client:
            yield client


def land(shop: SmallShop) -> None:
    shop.land("customers", "2024-03-05", customer())
    shop.land("products", "2024-03-05", product())
    shop.land(
        "orders",
        "2024-03-05",
        order("A/1", status="created"),
        order("O2"),
        order("O3", order_discount="1000"),
        order("O4", status="lost"),
        *(order(order_id) for order_id in ODD_IDS),
    )
    shop.land("orders", "2024-03-06", order("A/1", status="delivered"))
    shop.land(
        "order_items",
        "2024-03-05",
        item("I1", "A/1"),
        item("I2", "A/1", quantity=1),
        item("I3", "O3"),
        item("I5", "O5"),
    )
    shop.land(
        "order_items", "2024-03-06", item("I1", "A/1", quantity=3), item("I2", "O2", quantity=1)
    )
    shop.land(
        "returns",
        "2024-03-10",
        returned("R1", "I1", "A/1"),
        returned("R2", "I1", "A/1", quantity=9),
    )


def test_each_part_names_the_record_it_came_from(lineage: httpx.Client) -> None:
    answer = lineage.get("/lineage/order/A%2F1").json()

    assert answer["order"]["status"] == "delivered"
    assert answer["order"]["gross_amount"] == "30.00"
    assert answer["order"]["refund_amount"] == "10.00"
    assert answer["order"]["source"] == source("orders", "2024-03-06", 1)
    assert answer["order"]["superseded"] == [source("orders", "2024-03-05", 1)]
    (line,) = answer["lines"]
    assert line["order_item_id"] == "I1"
    assert line["quantity"] == 3
    assert line["source"] == source("order_items", "2024-03-06", 1)
    good, bad = answer["returns"]
    assert good["source"] == source("returns", "2024-03-10", 1)
    assert good["refund_amount"] == good["requested_amount"] == "10.00"
    assert good["reasons"] == []
    assert bad["source"] == source("returns", "2024-03-10", 2)
    assert bad["refund_amount"] is None
    assert bad["requested_amount"] == "10.00"
    assert [reason["rule"] for reason in bad["reasons"]] == ["return_exceeds_line"]


def test_superseded_versions_tell_what_they_said(lineage: httpx.Client) -> None:
    answer = lineage.get("/lineage/order/A%2F1").json()

    said = {
        (version["key"], version["source"]["batch_date"]): version["record"]
        for version in answer["superseded"]
    }
    assert set(said) == {("A/1", "2024-03-05"), ("I1", "2024-03-05"), ("I2", "2024-03-05")}
    assert said["A/1", "2024-03-05"]["status"] == "created"
    assert said["I1", "2024-03-05"]["quantity"] == "2"
    # The line is another order's by now.
    assert said["I2", "2024-03-05"]["order_id"] == "A/1"


def test_a_line_that_moved_is_the_other_orders_with_its_history(lineage: httpx.Client) -> None:
    answer = lineage.get("/lineage/order/O2").json()

    (line,) = answer["lines"]
    assert line["source"] == source("order_items", "2024-03-06", 2)
    assert line["superseded"] == [source("order_items", "2024-03-05", 2)]


def test_an_order_in_quarantine_comes_with_its_reasons(lineage: httpx.Client) -> None:
    answer = lineage.get("/lineage/order/O3").json()

    assert answer["order"]["source"] == source("orders", "2024-03-05", 3)
    assert [reason["rule"] for reason in answer["order"]["reasons"]] == ["discount_exceeds_gross"]
    assert answer["order"]["net_amount"] is None
    (line,) = answer["lines"]
    assert [reason["rule"] for reason in line["reasons"]] == ["orphan"]
    assert {record["feed"] for record in answer["quarantined"]} == {"orders", "order_items"}


def test_an_order_whose_only_record_is_bad_is_told_of(lineage: httpx.Client) -> None:
    answer = lineage.get("/lineage/order/O4").json()

    assert answer["order"] is None
    (record,) = answer["quarantined"]
    assert record["record"]["status"] == "lost"
    assert [reason["rule"] for reason in record["reasons"]] == ["enum"]


def test_an_order_that_never_came_is_not_found(lineage: httpx.Client) -> None:
    assert lineage.get("/lineage/order/O5").status_code == 404  # only a line of it came
    assert lineage.get("/lineage/order/a%2F1").status_code == 404


@pytest.mark.parametrize("order_id", ODD_IDS)
def test_an_order_can_be_opened_whatever_its_id_is(lineage: httpx.Client, order_id: str) -> None:
    connection = HTTPConnection(lineage.base_url.host, lineage.base_url.port, timeout=10)
    with closing(connection):
        connection.request("GET", f"/lineage/order/{quote(order_id, safe='')}")
        by_path = connection.getresponse()
        told = by_path.read()
    by_parameter = lineage.get("/lineage/order", params={"order_id": order_id})

    assert by_path.status == by_parameter.status_code == 200
    assert by_parameter.json()["order"]["order_id"] == order_id
    assert told == by_parameter.content
    assert "x-injected" not in {name.lower() for name, _ in by_path.getheaders()}
