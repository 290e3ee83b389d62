"""The page marks unknown figures, on a shop of 2011 with orders, lines and an adjustment alone."""

from collections.abc import Iterator

import httpx
import pytest

from ecommerce_assets.warehouse.schema import migrate
from ecommerce_tests import postgres
from ecommerce_tests.api.live import served
from ecommerce_tests.conftest import template
from ecommerce_tests.page.conftest import PHONE, Visit
from ecommerce_tests.page.looks import rows, settled, tile
from ecommerce_tests.small_shop import SmallShop, adjustment, item, order

LONG = "REGENCY-CAKESTAND"
PERIOD = "/?start=2011-08-01&end=2011-08-31"


@pytest.fixture(scope="module")
def bare_api(
    winter_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    def fill(url: str) -> None:
        migrate(url)
        folder = tmp_path_factory.mktemp("bare")
        shop = SmallShop(folder, url, timezone="Europe/London")
        sent = {"ordered_at": "2011-05-31T23:30:00Z", "status": "fulfilled"}
        sent |= {"paid_at": "2011-06-01T08:00:00Z", "fulfilled_at": "2011-06-01T09:00:00Z"}
        shop.land("orders", "2011-06-01", order("O-sent", **sent))
        shop.land("order_items", "2011-06-01", item("I-sent", "O-sent"))
        late = {"ordered_at": "2011-07-20T10:00:00Z"}
        shop.land("orders", "2011-07-20", order("O-large", **late))
        shop.land(
            "order_items",
            "2011-07-20",
            item("I-large", "O-large", product_id=LONG, unit_price="9000.00"),
        )
        small = adjustment("A1", "O-large", adjusted_at="2011-08-10T10:00:00Z")
        shop.land("adjustments", "2011-08-31", small)
        shop.materialize_tables(("2011-06-01", "2011-08-31"))

    with (
        postgres.database(template("bare", fill)) as url,
        served(url, tmp_path_factory.mktemp("bare-home")) as client,
    ):
        yield client


def test_no_return_rate_and_no_margin_are_made_up(visit: Visit, bare_api: httpx.Client) -> None:
    page = visit(bare_api, "/?start=2011-06-01&end=2011-07-31")
    settled(page)

    rate = {"value": "–", "change": "", "was": "No file of returns has landed."}
    assert tile(page, "return_rate") == rate
    margin = {"value": "–", "change": "", "was": "No cost of what sold is known."}
    assert tile(page, "gross_margin") == margin
    headings = page.locator("#sold thead").first.inner_text()
    assert "Net revenue" in headings
    assert "Gross margin" not in headings
    assert page.locator("#beside-shipping").count() == 0
    page.click("#tile-return_rate")
    settled(page)
    assert "No file of returns has landed" in page.locator("#revenue").inner_text()


def test_a_days_unknown_cost_and_margin_are_no_figures(
    visit: Visit, bare_api: httpx.Client
) -> None:
    for opened in ("day=2011-06-01", "of=product&value=P1"):
        page = visit(bare_api, f"/?{opened}&start=2011-06-01&end=2011-07-31")
        settled(page)

        panel = page.get_by_role("dialog").inner_text()

        assert "Cost of goods\nnot known\nGross margin\nnot known" in panel


def test_a_phone_shows_large_sums_and_their_changes(visit: Visit, bare_api: httpx.Client) -> None:
    page = visit(bare_api, "/?start=2011-07-01&end=2011-07-31")
    page.set_viewport_size(PHONE)
    settled(page)

    table = page.get_by_role("region", name="What sold by product").first
    assert "18,000.00" in table.inner_text()
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")


def test_long_ago_is_told_in_years(visit: Visit, bare_api: httpx.Client) -> None:
    page = visit(bare_api)
    settled(page)

    assert "years ago" in page.locator(".card.loaded").inner_text()


def test_what_is_only_unknown_is_not_awaited(visit: Visit, bare_api: httpx.Client) -> None:
    page = visit(bare_api, "/?order=O-sent")
    settled(page)

    panel = page.get_by_role("dialog").inner_text()

    assert "Delivered\nnot known" in panel
    assert "Ordered\n1 Jun 2011, 00:30 BST" in panel


def test_a_days_orders_have_the_shops_time(visit: Visit, bare_api: httpx.Client) -> None:
    page = visit(bare_api, "/?day=2011-06-01")
    settled(page)

    (row,) = rows(page, "Orders placed on the day")
    assert row[:2] == ["O-sent", "00:30 BST"]
    table = page.get_by_role("region", name="Orders placed on the day")
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")


def test_a_large_comparison_leaves_room_for_a_small_loss(
    visit: Visit, bare_api: httpx.Client
) -> None:
    page = visit(bare_api, PERIOD)
    settled(page)
    assert "the earlier line goes beyond the chart" in page.locator(".legend").inner_text()

    page.select_option("#compare", "none")
    settled(page)
    assert "beyond" not in page.locator(".legend").inner_text()
