"""Drill-down: a day's orders, an order's files and lines, a rule's raw records."""

from urllib.parse import urlencode

import httpx
import pytest

from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import address, rows, settled
from ecommerce_tests.page.winter_shop import (
    DAY_ORDERS,
    LAST,
    LEDGER_ORDER,
    ORPHAN_LINE,
    RESTATED,
)


def test_from_a_day_to_the_file_and_line(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    page.get_by_text("The days as a table").click()

    page.get_by_role("link", name="Fri, 29 Mar 2024").click()
    settled(page)

    panel = page.get_by_role("dialog")
    assert panel.get_by_role("heading", level=2).inner_text() == "Friday, 29 March 2024"
    day = api.get("/metrics/daily", params={"start": LAST, "end": LAST}).json()["items"][0]
    assert f"Net revenue\n€{day['net_revenue']}" in panel.inner_text()
    placed = rows(page, "Orders placed on the day")
    assert tuple(row[0] for row in placed) == DAY_ORDERS
    assert "not in revenue" in placed[-1][2]

    page.get_by_role("link", name=DAY_ORDERS[0]).click()
    settled(page)

    order = api.get(f"/lineage/order/{DAY_ORDERS[0]}").json()
    source = order["order"]["source"]
    assert f"orders/{source['source_file']}, line {source['line_number']}" in panel.inner_text()
    (line,) = order["lines"]
    where = f"order_items/{line['source']['source_file']}, line {line['source']['line_number']}"
    assert where in rows(page, "Lines of the order")[0][0]

    page.go_back()
    settled(page)
    assert rows(page, "Orders placed on the day") == placed
    page.go_back()
    settled(page)
    assert not panel.is_visible()


def test_a_day_without_anything(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?day=2020-01-01")
    settled(page)

    assert "There are no figures of this day." in page.get_by_role("dialog").inner_text()
    page.get_by_role("link", name="Day after").click()
    settled(page)
    assert address(page) == {"day": "2020-01-02"}


@pytest.mark.parametrize("order_id", [".", "..", "O\r\n1", "a/../b"])
def test_an_order_is_asked_for_whatever_its_id_is(
    visit: Visit, api: httpx.Client, order_id: str
) -> None:
    page = visit(api, f"/?{urlencode({'order': order_id})}")
    settled(page)

    assert f"No order {order_id!r} was ever taken in" in page.get_by_role("dialog").inner_text()


def test_returns_of_an_order(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?order=O081-0")
    settled(page)

    (row,) = rows(page, "Returns of the order")
    assert row[0] == "R081\nreturns/2024-03-28.csv, line 1"
    assert row[-1] == "€14.25"


def test_adjustments_kinds_and_sale_dates_of_an_order(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, f"/?order={LEDGER_ORDER}")
    settled(page)
    order = api.get(f"/lineage/order/{LEDGER_ORDER}").json()["order"]

    lines = {row[0].split("\n")[0]: row for row in rows(page, "Lines of the order")}
    assert lines["I-swap"][2] == "25 Mar 2024\nafter the order"
    assert lines["I-card"][1] == "P1\ngift card: not in revenue"
    assert lines["I080-0"][2] == "21 Mar 2024"
    goodwill, shipping = rows(page, "Adjustments of the order")
    assert goodwill[0].startswith("A-goodwill\nadjustments/2024-03-26.csv, line")
    assert goodwill[1:] == ["26 Mar 2024, 10:00 UTC", "the goods’ price", "goodwill", "€3.00"]
    assert shipping[2:] == ["shipping", "late", "€4.90"]
    panel = page.get_by_role("dialog").inner_text()
    assert f"Other sales\n€{order['other_amount']}" in panel
    assert "− Of it given back\n€4.90" in panel
    assert "Delivered\nnot yet" in panel


def test_an_order_that_there_is_not(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?order=nothing%2Flike%20it")
    settled(page)

    assert "Not found No order 'nothing/like it'" in page.get_by_role("alert").inner_text()


def test_a_rule_and_its_raw_records(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    counts = api.get("/quarantine/summary").json()
    by_rule = {row[0].split("\n")[0]: row[3] for row in rows(page, "Records in quarantine")}
    assert by_rule["Without its order or line"] == "1"
    assert sum(map(int, by_rule.values())) == sum(item["records"] for item in counts["items"])

    page.get_by_role("link", name="Too many decimals").click()
    settled(page)

    record = page.get_by_role("article").inner_text()
    assert "order_items/2024-03-29.csv, line" in record
    assert "Too many decimals in unit_price" in record
    assert "Wrong kind of value in quantity" in record
    assert "quantity\ntwo" in record
    assert page.locator(".blamed").all_inner_texts() == ["two", "1.23456"]


def test_a_rules_records_of_one_feed(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?rule=orphan&feed=returns")
    settled(page)
    assert page.get_by_role("article").count() == 0

    page.get_by_role("link", name="Show all feeds").click()
    settled(page)

    assert address(page) == {"rule": "orphan"}
    assert ORPHAN_LINE in page.get_by_role("article").inner_text()


def test_the_last_loaded_day(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    assert page.locator("#as-of").inner_text() == "Up to 29 Mar 2024 (UTC)"
    card = page.locator(".card.loaded").inner_text()
    assert "Friday, 29 March 2024" in card
    assert "Nothing has arrived since" in card


def test_what_changed_afterwards(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    changed = api.get("/restatements", params={"figure": "net_revenue"}).json()["items"]
    (net,) = [change for change in changed if change["date"] == RESTATED]

    card = page.locator(".card.restatements")
    change = card.locator("details").filter(has_text="20 Mar 2024")
    change.locator("summary").click()

    was, now = f"€{net['old_value']}", f"€{net['new_value']}"
    assert f"Net revenue {was} → {now}" in change.inner_text()
    assert ["Net revenue", was, now] in rows(page, "Figures of 20 Mar 2024 that changed")


def test_closing_the_panel(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?period=7d&day=2024-03-29")
    panel = page.get_by_role("dialog")
    for close in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.get_by_role("button", name="Close").click(),
        lambda: page.mouse.click(20, 400),
    ):
        settled(page)
        assert panel.is_visible()
        close()
        settled(page)
        assert not panel.is_visible()
        assert address(page) == {"period": "7d"}
        page.go_back()
