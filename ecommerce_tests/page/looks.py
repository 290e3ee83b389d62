"""Reads tiles, tables and the URL of the page, and runs axe-core, for the page's tests."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page


def settled(page: "Page") -> None:
    """Wait until the page shows what its address says."""
    until(page, lambda: page.evaluate("document.body.dataset.shown === location.search"))


def until(page: "Page", holds: Callable[[], bool]) -> None:
    """Wait until something holds of the page.

    Not by Playwright's own waiting: that evaluates text in the page, which its policy forbids,
    and stands still with a clock that a test has stopped.
    """
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, f"{page.url} never came to that"
        page.wait_for_timeout(10)


def address(page: "Page") -> dict[str, str]:
    """The state that the page's address has."""
    return dict(parse_qsl(urlsplit(page.url).query))


def tile(page: "Page", slug: str) -> dict[str, str]:
    """The texts of a figure's tile: its value, its change, and what it was."""
    tile = page.locator(f"#tile-{slug}")
    parts = {"value": ".tile-value", "change": ".badge", "was": ".was"}
    return {
        name: (tile.locator(part).text_content() or "") if tile.locator(part).count() else ""
        for name, part in parts.items()
    }


def rows(page: "Page", table: str) -> list[list[str]]:
    """The texts of a table's rows; `table` is its caption, or how that begins."""
    caption = page.locator("caption").filter(has_text=table).first
    lines: Any = caption.locator("xpath=..").locator("tbody tr")
    return [line.locator("th, td").all_inner_texts() for line in lines.all()]


def problems(page: "Page", axe: str) -> list[str]:
    """The serious faults that axe-core finds, each with the elements that have it."""
    page.evaluate(axe)
    found: Any = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{fault['id']}: {[node['target'] for node in fault['nodes']]}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
