"""The tiles show the API's figures to the cent, with their change."""

from decimal import Decimal

import httpx
import pytest

from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import settled, tile

PERIODS = ["", "?period=7d", "?start=2024-02-01&end=2024-02-29", "?period=90d&refunds=order_date"]
PERIOD_7D = {"start": "2024-03-23", "end": "2024-03-29"}
AMOUNTS = ("net_revenue", "gross_margin", "gross_revenue", "aov")
COUNTS = ("orders", "new_customers", "repeat_customers")


def euros(amount: str) -> str:
    return f"€{Decimal(amount):,.2f}"


def percent(rate: str, places: int) -> Decimal:
    return (100 * Decimal(rate)).quantize(Decimal(1).scaleb(-places))


@pytest.mark.parametrize("address", PERIODS)
def test_they_are_those_of_the_api(visit: Visit, api: httpx.Client, address: str) -> None:
    page = visit(api, f"/{address}")
    settled(page)
    period = {name: page.locator(f"#{name}").input_value() for name in ("start", "end")}
    basis = page.locator("#refunds").input_value()

    answer = api.get("/metrics/summary", params={**period, "refunds": basis}).json()

    current, previous = answer["current"], answer["previous"]
    for slug in AMOUNTS:
        assert tile(page, slug)["value"].partition(" ")[0] == euros(current[slug])
    for slug in COUNTS:
        assert tile(page, slug)["value"] == f"{current[slug]:,}"
    rate = f"{percent(current['return_rate'], 2)}%"
    assert tile(page, "return_rate")["value"].removesuffix(" so far") == rate
    for slug in ("shipping", "other_sales"):
        beside = page.locator(f"#beside-{slug}")
        assert beside.count() == (Decimal(current[slug]) != 0)
        assert all(euros(current[slug]) in text for text in beside.all_inner_texts())
    if previous["orders"]:
        assert tile(page, "net_revenue")["was"] == f"was {euros(previous['net_revenue'])}"
        assert tile(page, "orders")["was"] == f"was {previous['orders']:,}"


def test_the_change_is_that_of_the_api(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?period=30d")
    settled(page)

    change = api.get("/metrics/summary").json()["change"]

    for slug in (*AMOUNTS, *COUNTS):
        relative = change[slug]["relative"]
        arrow = "▲" if Decimal(relative) > 0 else "▼"
        sign = "+" if Decimal(relative) > 0 else "−"
        exact = abs(100 * Decimal(relative))
        shown = tile(page, slug)["change"]
        assert shown.startswith(f"{arrow} {sign}")
        assert abs(Decimal(shown[3:].rstrip("%").replace(",", "")) - exact) <= Decimal("0.05")
    points = percent(change["return_rate"]["absolute"], 2)
    assert tile(page, "return_rate")["change"].endswith(f"{abs(points)} pts")


def test_beside_a_year_before(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?start=2024-03-01&end=2024-03-29&compare=year")
    settled(page)

    assert page.locator("#compared").text_content() == "compared with 1 – 29 Mar 2023"
    assert tile(page, "orders")["was"] == "was 0"
    assert tile(page, "orders")["change"] == "new"
    assert tile(page, "aov")["was"] == "no figure before"


def test_beside_nothing(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?compare=none")
    settled(page)

    assert tile(page, "net_revenue")["was"] == ""
    assert page.locator("#compared").text_content() == ""
    assert page.locator(".swatch.earlier").count() == 0


CHANGES = [
    ("99999999999999999.37", "0.01", "99999999999999999.36", "9999999999999999936.0000"),
    ("90.00", "-80.00", "170.00", "2.1250"),
    ("1.00005", "1.0000", "0.00005", "0.0001"),
    ("0.00", "3.00", "-3.00", "-1.0000"),
    ("5.00", "0.00", "5.00", None),
    (None, "5.00", None, None),
]


def test_changes_are_exact_at_any_size(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)

    computed = page.evaluate(
        """async (pairs) => {
            const { amount, difference, relativeChange } = await import("./assets/js/numbers.js");
            const changes = (...pair) => [difference(...pair), relativeChange(...pair)];
            return pairs.map(([now, before]) => [amount(now, "EUR"), ...changes(now, before)]);
        }""",
        [[current, earlier] for current, earlier, *_ in CHANGES],
    )

    assert computed == [
        ["–" if current is None else euros(current), absolute, relative]
        for current, _, absolute, relative in CHANGES
    ]


def test_it_says_when_the_earlier_period_is_not_whole(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?start=2024-01-21&end=2024-02-29")
    settled(page)
    assert page.locator(".caution").inner_text() == (
        "The period compared with (12 Dec 2023 – 20 Jan 2024) has figures only from 1 Jan 2024 on."
    )

    page.select_option("#compare", "year")
    settled(page)
    assert "has no figures" in page.locator(".caution").inner_text()

    page.select_option("#period", "7d")
    page.select_option("#compare", "previous")
    settled(page)
    assert page.locator(".caution").count() == 0


def test_the_return_rate_of_young_orders_is_compared_at_the_same_age(
    visit: Visit, api: httpx.Client
) -> None:
    page = visit(api, "/?period=7d")
    settled(page)
    previous = api.get("/metrics/summary", params=PERIOD_7D).json()["previous"]
    then, by_now = (
        f"{percent(previous[name], 2)}%" for name in ("return_rate_to_date", "return_rate")
    )
    assert then != by_now

    shown = tile(page, "return_rate")

    assert shown["value"].endswith("% so far")
    assert page.locator("#tile-return_rate .hatched").count() == 1
    assert shown["was"] == f"was {then} at the same age, is {by_now} by now"
    page.click("#tile-return_rate")
    settled(page)
    assert "orders may still come back" in page.locator(".legend").inner_text()
    assert page.locator(".swatch.earlier").count() == 0


def test_the_return_rate_of_older_orders_is_compared_as_any_figure(
    visit: Visit, api: httpx.Client
) -> None:
    page = visit(api, "/?start=2024-01-21&end=2024-01-30&chart=return_rate")
    settled(page)

    assert not tile(page, "return_rate")["value"].endswith("so far")
    assert page.locator("#tile-return_rate .hatched").count() == 0
    assert page.locator(".swatch.earlier").count() == 1


def test_customers_of_several_days_are_said_to_count_once_in_the_figure(
    visit: Visit, api: httpx.Client
) -> None:
    page = visit(api, "/?chart=repeat_customers")
    settled(page)
    assert "once in the period’s figure" in page.locator(".legend").inner_text()

    page.click("#tile-new_customers")
    settled(page)
    assert "once in the period’s figure" not in page.locator(".legend").inner_text()
