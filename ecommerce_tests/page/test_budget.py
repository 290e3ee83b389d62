"""The first view stays below its limit of bytes, and loads everything from this server."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BUDGET_BYTES = 300_000


def test_the_first_view_is_small_and_from_here(visit: Visit, api: httpx.Client) -> None:
    page = visit(api, "/docs")  # so that the first view is watched from its first byte
    sizes: dict[str, int] = {}
    page.on(
        "requestfinished",
        lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
    )
    page.goto(str(api.base_url))
    settled(page)

    assert {urlsplit(url).netloc for url in sizes} == {api.base_url.netloc.decode()}
    assert 60_000 < sum(sizes.values()) < BUDGET_BYTES
    assert len(sizes) < 50


def test_its_policy_lets_nothing_else_run(browser: "Browser", api: httpx.Client) -> None:
    page = browser.new_page()
    page.goto(str(api.base_url))
    settled(page)

    ran = page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.head.append(script);
            return window.ran === true;
        }"""
    )
    page.close()

    assert not ran
