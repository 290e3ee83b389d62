"""Without data or connection the page says why and what to do, and it recovers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from ecommerce_assets.api_keys import create_key
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_tests import postgres
from ecommerce_tests.api.live import served
from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import settled, tile, until


@pytest.fixture
def winter_url(winter_template: str) -> Iterator[str]:
    """A database with the winter shop, which the test may change."""
    with postgres.database(winter_template) as url:
        yield url


def test_the_warehouse_is_not_loaded(visit: Visit, database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path) as api:
        page = visit(api)

        page.get_by_role("heading", name="No figures yet").wait_for()

        assert "run `ecommerce load`" in page.get_by_role("alert").inner_text()
        assert page.locator("#figures").is_hidden()


def test_a_key_is_needed(visit: Visit, winter_url: str, tmp_path: Path) -> None:
    with psycopg.connect(winter_url) as connection:
        key = create_key(connection, "owner")
    with served(winter_url, tmp_path) as api:
        page = visit(api, "/?period=7d")
        page.get_by_role("heading", name="This shop's figures need a key").wait_for()

        page.keyboard.type("eck_wrong")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="This key does not fit").wait_for()
        page.fill("#key", key)
        page.get_by_role("button", name="Show the figures").click()
        settled(page)

        assert tile(page, "orders")["value"]
        assert key not in page.url
        page.reload()
        settled(page)
        assert tile(page, "orders")["value"]

        page.get_by_role("button", name="Forget key").click()
        page.get_by_role("heading", name="This shop's figures need a key").wait_for()


def test_the_reports_are_saved_with_the_key_too(
    visit: Visit, winter_url: str, tmp_path: Path
) -> None:
    reports = tmp_path / "reports" / "2024-03-29"
    reports.mkdir(parents=True)
    (reports / "report.pdf").write_bytes(b"%PDF")
    with psycopg.connect(winter_url) as connection:
        key = create_key(connection, "owner")
    with served(winter_url, tmp_path, store="Winter Lights") as api:
        page = visit(api)
        page.fill("#key", key)
        page.get_by_role("button", name="Show the figures").click()
        settled(page)

        with page.expect_download() as download:
            page.get_by_role("link", name="The reports of 29 Mar 2024 (PDF)").click()

        assert download.value.suggested_filename == "reports-2024-03-29.pdf"
        assert download.value.path().read_bytes() == b"%PDF"
        assert page.get_by_role("heading", name="Winter Lights figures").is_visible()
        assert page.title().startswith("Winter Lights figures, ")

        shutil.rmtree(reports)
        page.get_by_role("link", name="The reports of 29 Mar 2024 (PDF)").click()
        page.get_by_text("There is no report report.pdf").wait_for()


def test_the_server_is_gone_and_comes_back(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    before = tile(page, "orders")["value"]

    page.context.set_offline(True)
    page.select_option("#period", "7d")
    page.get_by_role("heading", name="The server does not answer").wait_for()
    assert tile(page, "orders")["value"] == before
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    settled(page)

    assert not page.locator("#notice").is_visible()
    assert tile(page, "orders")["value"] != before


def test_it_looks_again_by_itself(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    page.clock.install()

    page.context.set_offline(True)
    page.select_option("#period", "7d")
    page.get_by_role("heading", name="The server does not answer").wait_for()
    page.context.set_offline(False)
    page.clock.run_for(6_000)
    page.locator("#notice").wait_for(state="hidden")
    settled(page)


def test_a_period_without_sales(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?start=2019-01-01&end=2019-01-31")
    settled(page)

    assert "Nothing was sold or given back" in page.locator("#revenue").inner_text()
    assert tile(page, "net_revenue")["value"] == "€0.00"
    assert tile(page, "aov")["value"] == "–"


def test_a_period_that_is_too_long(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/?start=2010-01-01&end=2024-03-29")
    settled(page)

    for section in ("#figures", "#revenue"):
        assert "ask for 1,100 at most" in page.locator(section).inner_text()
    assert page.locator("#stock table").first.is_visible()


def test_without_javascript(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, java_script_enabled=False)

    assert "needs JavaScript" in page.locator("main").inner_text()


def test_it_is_brought_up_to_date_when_somebody_comes_back(
    visit: Visit, winter_url: str, tmp_path: Path
) -> None:
    with served(winter_url, tmp_path) as api:
        page = visit(api)
        settled(page)
        page.clock.install()
        with psycopg.connect(winter_url) as connection:
            connection.execute("delete from quarantine.records where feed = 'orders'")
            bump_version(connection)
        until(page, lambda: not api.get("/quarantine", params={"feed": "orders"}).json()["total"])
        records = page.locator(".card.quarantine .lead")
        assert records.inner_text().startswith("4 records")

        page.clock.fast_forward(6 * 60_000)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

        until(page, lambda: records.inner_text().startswith("3 records"))


def test_the_manual_is_drawn_within_its_policy(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/docs")
    page.locator("#operations-Metrics-get_daily_metrics").click()

    page.get_by_text("Book a refund on the return's date").first.wait_for()
    policy = api.get("/docs").headers.get_list("content-security-policy")
    assert "script-src 'self';" in policy[0]
