"""Each control of the page changes the view and the URL, and the back button undoes it."""

from decimal import Decimal

import httpx
import pytest

from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import address, rows, settled, tile
from ecommerce_tests.page.winter_shop import DAY_ORDERS

SHORT = "Stock below its reorder point"


PERIODS = {
    "7d": ("2024-03-23", "2024-03-29"),
    "90d": ("2023-12-31", "2024-03-29"),
    "12m": ("2023-03-30", "2024-03-29"),
    "month": ("2024-03-01", "2024-03-29"),
    "last-month": ("2024-02-01", "2024-02-29"),
    "year": ("2024-01-01", "2024-03-29"),
}


def test_the_periods_that_have_a_name(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    for period, (start, end) in PERIODS.items():
        page.select_option("#period", period)
        settled(page)

        assert address(page) == {"period": period}
        shown = [page.locator(f"#{name}").input_value() for name in ("start", "end")]
        assert shown == [start, end]
        current = api.get("/metrics/summary", params={"start": start, "end": end}).json()["current"]
        assert tile(page, "orders")["value"] == str(current["orders"])


def test_chosen_days_and_the_way_back(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    before = tile(page, "net_revenue")

    page.fill("#start", "2024-03-10")
    page.locator("#start").dispatch_event("change")
    settled(page)

    assert address(page) == {"start": "2024-03-10", "end": "2024-03-29"}
    assert page.locator("#period").input_value() == "custom"
    assert tile(page, "net_revenue") != before

    page.go_back()
    settled(page)

    assert address(page) == {}
    assert page.locator("#period").input_value() == "30d"
    assert tile(page, "net_revenue") == before


def test_days_the_wrong_way_round_go_nowhere(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    page.fill("#end", "2024-01-01")
    page.locator("#end").dispatch_event("change")

    assert address(page) == {}
    assert page.locator("#end").evaluate("input => input.validationMessage")


def test_what_an_address_asks_wrongly_is_as_if_not_asked(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?period=forever&chart=nonsense&by=moon&start=2024-02-31&page=-1&day=x")
    settled(page)

    assert page.locator("#period").input_value() == "30d"
    assert page.locator("#revenue-title").text_content() == "Net revenue by day"


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString"])
def test_names_that_objects_have_by_themselves_are_nothing_special(
    visit: Visit, api: httpx.Client, name: str
) -> None:
    page = visit(api, f"/?chart={name}&sort={name}&cohorts={name}&by={name}&compare={name}")
    settled(page)
    assert page.locator(
        "#tile-net_revenue [aria-current=true], #tile-net_revenue[aria-current=true]"
    ).count()

    page.goto(str(api.base_url.join(f"/?rule={name}&feed={name}")))
    settled(page)
    assert page.get_by_role("dialog").get_by_role("heading", level=2).inner_text() == name


def test_refunds_by_the_orders_day(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    page.select_option("#refunds", "order_date")
    settled(page)

    assert address(page) == {"refunds": "order_date"}
    summary = api.get("/metrics/summary", params={"refunds": "order_date"}).json()
    assert summary["current"]["refunds"] != summary["current"]["refunds_by_return_date"]
    equation = page.locator(".equation").first.inner_text()
    assert equation.endswith(f"€{summary['current']['refunds']}")


def test_a_tile_puts_its_figure_in_the_chart(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    page.click("#tile-orders")
    settled(page)

    assert address(page) == {"chart": "orders"}
    assert page.locator("#revenue-title").text_content() == "Orders by day"
    assert page.locator("#basis").is_hidden()
    page.get_by_text("The days as a table").click()
    daily = api.get("/metrics/daily").json()["items"]
    shown = [row[1] for row in rows(page, "Figures by day")]
    assert shown == [str(day["orders"]) for day in reversed(daily)]


def test_the_chart_by_keyboard(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    chart = page.get_by_role("slider")
    daily = api.get("/metrics/daily").json()["items"]

    chart.focus()
    page.keyboard.press("Home")
    assert chart.get_attribute("aria-valuenow") == "1"
    page.keyboard.press("ArrowRight")

    said = chart.get_attribute("aria-valuetext") or ""
    assert said.startswith("Fri, 1 Mar 2024: Net revenue €" + daily[1]["net_revenue"])
    assert page.locator(".readout").inner_text().startswith(said)
    page.keyboard.press("Enter")
    settled(page)
    assert address(page) == {"day": "2024-03-01"}


def test_the_chart_by_mouse(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?period=7d")
    settled(page)
    area = page.locator(".u-over").bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2

    page.mouse.move(area["x"] + 1, middle)
    assert page.locator(".readout").inner_text().startswith("Sat, 23 Mar 2024")
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] / 3, middle, steps=4)
    page.mouse.up()
    settled(page)
    assert address(page) == {"start": "2024-03-23", "end": "2024-03-25"}

    page.mouse.click(area["x"] + 2, middle)
    settled(page)
    assert address(page)["day"] == "2024-03-23"


def test_the_chart_by_touch(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?period=7d", has_touch=True, viewport={"width": 390, "height": 844})
    settled(page)
    page.locator(".u-over").scroll_into_view_if_needed()

    page.locator(".u-over").tap(position={"x": 3, "y": 60})

    assert page.locator(".readout").inner_text().startswith("Sat, 23 Mar 2024")
    assert address(page) == {"period": "7d"}
    page.get_by_role("link", name="its orders").tap()
    settled(page)
    assert address(page) == {"period": "7d", "day": "2024-03-23"}


COHORT_MEASURES = [
    (measure, figure, by)
    for measure, figure in (("retention", "retention_rate"), ("ltv", "ltv"))
    for by in ("month", "week")
]


def test_cohorts_and_those_that_are_not_complete(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    for measure, figure, by in COHORT_MEASURES:
        page.select_option("#cohort-measure", measure)
        page.select_option("#by", by)
        settled(page)

        shown = rows(page, "Cohorts:")
        for column, days in enumerate((7, 30, 90), start=2):
            wanted = {"by": by, "include_partial": True}
            cohorts = api.get(f"/{measure}/{days}", params=wanted).json()["items"]
            assert len(shown) == len(cohorts)
            for row, cohort in zip(shown, reversed(cohorts), strict=True):
                assert row[1] == str(cohort["customers"])
                assert ("so far" in row[column]) is not cohort["is_complete"]
                digits = row[column].partition("so far")[0].strip(" €%\n").replace(",", "")
                per_cent = 100 if measure == "retention" else 1
                assert Decimal(digits) == per_cent * Decimal(cohort[figure])


def test_shades_have_one_scale_that_begins_at_nothing(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?by=week")
    settled(page)
    cells = page.locator("#cohorts .heat:not(.partial):not(.none)")

    shades = cells.evaluate_all(
        "cells => cells.map((cell) => [cell.textContent, cell.style.getPropertyValue('--heat')])"
    )

    assert len(shades) > 10
    for rate, shade in shades:
        assert float(shade) == pytest.approx(min(1, float(rate.rstrip("%")) / 50))


def test_labels_of_an_axis_are_told_apart(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)

    labels = page.evaluate(
        """async () => {
            const { short } = await import("./assets/js/numbers.js");
            return [
                [0, 0.05, 0.1, 0.15000000000000002].map((split) => short(split, "amount", "EUR")),
                [0, 0.0005, 0.001].map((split) => short(split, "rate", "EUR")),
                [12000, 12500].map((split) => short(split, "count", "EUR")),
            ];
        }"""
    )

    assert labels == [["€0", "€0.05", "€0.1", "€0.15"], ["0%", "0.05%", "0.1%"], ["12k", "12.5k"]]


def test_stock_is_sorted(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    alerts = api.get("/inventory/alerts").json()["items"]
    by_shortfall = [str(alert["shortfall"]) for alert in alerts]
    assert [row[3] for row in rows(page, SHORT)] == by_shortfall

    page.get_by_role("link", name="Days of cover").click()
    settled(page)

    assert address(page) == {"sort": "days_of_cover"}
    covers = [float(row[4]) for row in rows(page, SHORT) if row[4] != "none sold"]
    assert covers == sorted(float(a["days_of_cover"]) for a in alerts if a["days_of_cover"])
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Days of cover")

    page.get_by_role("link", name="Days of cover").click()
    settled(page)
    assert [float(row[4]) for row in rows(page, SHORT) if row[4] != "none sold"] == covers[::-1]
    assert page.locator("#sort-days_of_cover").evaluate("link => link === document.activeElement")


def test_stock_of_one_warehouse(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    page.select_option("#warehouse", "north")
    settled(page)

    alerts = api.get("/inventory/alerts", params={"warehouse": "north"}).json()["items"]
    assert 0 < len(rows(page, SHORT)) == len(alerts)
    assert all(row[0].endswith("north") for row in rows(page, SHORT))


def test_light_and_dark(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, color_scheme="dark")
    settled(page)
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)

    page.get_by_role("button", name="Light").click()
    light = page.evaluate(ground)
    page.reload()
    settled(page)

    assert dark != light
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(ground) == dark


def test_finding_an_order(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    page.fill("#find-order", DAY_ORDERS[0])
    page.keyboard.press("Enter")
    settled(page)

    assert address(page) == {"order": DAY_ORDERS[0]}
    assert page.get_by_role("dialog").get_by_role("heading", level=2).is_visible()


def test_a_long_period_is_drawn_as_means_and_read_out_exactly(
    visit: Visit, api: httpx.Client
) -> None:
    page = visit(api, "/?period=12m&chart=orders")
    settled(page)

    assert "drawn as the mean of 7 days" in page.locator(".legend").inner_text()
    daily = api.get("/metrics/daily").json()["items"]
    said = page.get_by_role("slider").get_attribute("aria-valuetext")
    assert said == f"Fri, 29 Mar 2024: Orders {daily[-1]['orders']}"

    page.click("#tile-aov")
    settled(page)
    assert "mean" not in page.locator(".legend").inner_text()
