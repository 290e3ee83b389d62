"""Fixtures: a real Chromium, and the page on a loaded shop."""

from collections.abc import Callable, Iterator
from shutil import which
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ecommerce_assets.warehouse.schema import migrate
from ecommerce_tests import postgres
from ecommerce_tests.api.live import served
from ecommerce_tests.conftest import template
from ecommerce_tests.page.winter_shop import load_winter
from ecommerce_tests.small_shop import SmallShop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Visit = Callable[..., "Page"]

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's Chromium is; without it or playwright, the test is skipped.

    The one without windows takes half of the processor's time.
    """
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    path = next(filter(None, map(which, names)), None)
    if path is None:
        pytest.skip("chromium is not installed")
    return path


@pytest.fixture(scope="session")
def winter_template(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the winter shop loaded."""

    def fill(url: str) -> None:
        migrate(url)
        load_winter(SmallShop(tmp_path_factory.mktemp("winter"), url))

    return template("winter", fill)


@pytest.fixture(scope="package")
def browser(chromium: str, winter_template: str) -> Iterator["Browser"]:
    """A browser. While it is open, nothing else of this thread can have an event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def api(winter_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The API, and so the page, on the winter shop, which no test changes."""
    with (
        postgres.database(winter_template) as url,
        served(url, tmp_path_factory.mktemp("home")) as client,
    ):
        yield client


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Visit]:
    """Open the page of a served API as a visitor; in the end nothing may stand in the console."""
    contexts = []
    complaints: list[str] = []

    def open_page(api: httpx.Client, address: str = "/", **visitor: Any) -> "Page":
        context = browser.new_context(**{"locale": "en-GB", "viewport": DESKTOP, **visitor})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(said.type, said.text, complaints))
        page.goto(str(api.base_url.join(address)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _note(kind: str, text: str, complaints: list[str]) -> None:
    # Chromium notes each answer above 399 by itself; what the page makes of those, tests look at.
    if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
        complaints.append(text)
