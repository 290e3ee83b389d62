"""The page's breakdown equals the API's to the cent; opening a row changes nothing else."""

from decimal import Decimal

import httpx
import pytest

from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import address, rows, settled, tile

PERIOD = {"start": "2024-02-29", "end": "2024-03-29"}
BEFORE = {"start": "2024-01-30", "end": "2024-02-28"}
TITLES = {
    "product": "Product",
    "category": "Category",
    "country": "Country",
    "channel": "Channel",
    "discount_code": "Discount code",
    "customer": "Customers",
}
NAMES = {
    ("product", None): "Refunds without goods",
    ("category", None): "No category, or refunds without goods",
    ("country", None): "No country",
    ("country", "DE"): "Germany",
    ("country", "FR"): "France",
    ("discount_code", None): "No code",
    ("customer", "new"): "New",
    ("customer", "repeat"): "Repeat",
    ("customer", "guest"): "Guests",
}


def euros(amount: str) -> str:
    return f"€{Decimal(amount):,.2f}".replace("€-", "−€")


@pytest.mark.parametrize("by", TITLES)
def test_rows_and_total_are_those_of_the_api(visit: Visit, api: httpx.Client, by: str) -> None:
    page = visit(api)
    settled(page)
    page.select_option("#sold-by", by)
    settled(page)
    answer = api.get("/metrics/breakdown", params={"by": by, **PERIOD}).json()
    before = api.get("/metrics/breakdown", params={"by": by, **BEFORE}).json()
    earlier = {row["value"]: Decimal(row["net_revenue"]) for row in before["items"]}

    shown = rows(page, f"What sold by {TITLES[by].lower()}")

    *items, total = shown
    assert len(items) == answer["total"]
    for row, item in zip(items, answer["items"], strict=True):
        title = NAMES.get((by, item["value"]), item["name"] or item["value"])
        assert row[0].split("\n")[0] == title
        assert row[1:4] == [str(item["orders"]), str(item["units"]), euros(item["net_revenue"])]
        share = (100 * Decimal(item["share"])).copy_abs()
        assert abs(Decimal(row[4].strip("−%")) - share) <= Decimal("0.05")
        was = earlier.get(item["value"], Decimal(0))
        change = Decimal(item["net_revenue"]) - was
        assert row[5] == "new" if not was else row[5].startswith("▲" if change > 0 else "▼")
        assert row[6].split("\n")[0] == euros(item["gross_margin"])
    totals = answer["totals"]
    counts = [str(totals["orders"]), str(totals["units"])]
    assert total[:4] == ["Total", *counts, euros(totals["net_revenue"])]
    assert total[5] == tile(page, "net_revenue")["change"]


def test_a_row_opens_its_days_and_filters_nothing_away(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    before = tile(page, "net_revenue")

    page.get_by_role("link", name="Lamp 3").click()
    settled(page)

    assert address(page) == {"of": "product", "value": "P3"}
    assert page.get_by_role("dialog").get_by_role("heading", level=2).inner_text() == "Lamp 3"
    assert tile(page, "net_revenue") == before
    asked = {"by": "product", "value": "P3", **PERIOD}
    days = api.get("/metrics/breakdown/daily", params=asked).json()["items"]
    shown = rows(page, "Its days")
    assert [row[-1] for row in shown] == [euros(day["net_revenue"]) for day in reversed(days)]

    page.get_by_role("dialog").get_by_role("link").first.click()
    settled(page)
    assert address(page) == {"of": "product", "value": "P3", "day": days[-1]["date"]}
    page.get_by_role("link", name="‹ P3").click()
    settled(page)
    assert rows(page, "Its days") == shown

    page.get_by_role("button", name="Close").click()
    settled(page)
    assert address(page) == {}


def test_the_days_of_what_has_no_value(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?sold=country")
    settled(page)

    page.get_by_role("link", name="No country").click()
    settled(page)

    assert address(page) == {"sold": "country", "of": "country"}
    days = api.get("/metrics/breakdown/daily", params={"by": "country", **PERIOD}).json()["items"]
    assert len(rows(page, "Its days")) == len(days) > 0


def test_what_was_open_stays_closed(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?of=product&value=P3")
    settled(page)
    page.keyboard.press("Escape")
    settled(page)

    page.click("#tile-orders")
    settled(page)

    assert address(page) == {"chart": "orders"}


def test_more_values_than_are_shown_add_up_all_the_same(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)

    shown = page.evaluate(
        """async (items) => {
            const { sold } = await import("./assets/js/sold.js");
            const sum = (name) => items.reduce((sum, item) => sum + Number(item[name]), 0);
            const totals = { orders: 9, units: sum("units") };
            for (const name of ["gross_revenue", "net_revenue", "cost", "gross_margin"])
                totals[name] = sum(name).toFixed(2);
            const view = { state: { sold: "product" }, currency: "EUR" };
            const content = document.createElement("div");
            sold.draw(content, [{ items, totals, total: items.length }], view);
            return [...content.querySelectorAll("table")].map((table) =>
                [...table.querySelectorAll("tbody tr")].map((row) => row.cells[3].textContent));
        }""",
        [
            {
                "value": f"P{n}",
                "name": None,
                "orders": 1,
                "units": 2,
                "gross_revenue": f"{20 - n}.10",
                "net_revenue": f"{20 - n}.10",
                "cost": "1.05",
                "gross_margin": f"{19 - n}.05",
                "share": "0.1",
            }
            for n in range(13)
        ],
    )

    first, rest = shown
    assert first[-2:] == ["€27.30", "€183.30"]
    assert (len(first), rest) == (12, ["€10.10", "€9.10", "€8.10"])
