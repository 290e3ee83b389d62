"""Accessibility: no serious fault by axe-core, everything reachable by keyboard, nothing cut."""

from pathlib import Path

import httpx
import pytest

from ecommerce_tests.page.conftest import DESKTOP, PHONE, Visit
from ecommerce_tests.page.looks import problems, settled

AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
ADDRESSES = [
    "/?chart=return_rate&cohorts=ltv&by=week",
    "/?day=2024-03-29",
    "/?sold=country&of=country&value=DE",
    "/?order=O080-0",
    "/?rule=type",
]


@pytest.mark.parametrize(
    ("theme", "size"),
    [("light", DESKTOP), ("dark", PHONE)],
    ids=["light on a desktop", "dark on a phone"],
)
def test_no_serious_fault(
    visit: Visit, api: httpx.Client, tmp_path: Path, theme: str, size: dict[str, int]
) -> None:
    page = visit(api, color_scheme=theme, viewport=size, reduced_motion="reduce")
    for number, address in enumerate(ADDRESSES):
        page.goto(str(api.base_url.join(address)))
        settled(page)
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")

        assert problems(page, AXE) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == size["width"], "the page is wider than the screen"
        page.screenshot(path=tmp_path / f"{number}.png", full_page=True)


def test_by_keyboard_alone(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "tile-net_revenue"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    settled(page)
    assert page.locator("#revenue-title").inner_text() == "Gross margin by day"
    assert page.evaluate("document.activeElement.id") == "tile-gross_margin"


def test_the_focus_moves_into_the_panel_and_back(visit: Visit, api: httpx.Client) -> None:
    page = visit(api)
    settled(page)
    page.get_by_role("link", name="Without its order or line").press("Enter")
    settled(page)
    assert page.evaluate("document.activeElement.id") == "panel-title"

    page.keyboard.press("Escape")
    settled(page)

    assert page.evaluate("document.activeElement.textContent") == "Without its order or line"
