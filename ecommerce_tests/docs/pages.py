"""The pages of the documentation, taken apart: headings, tables, links."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def headings(page: Path) -> list[str]:
    """The headings of a page, code blocks aside."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    return re.findall(r"^#+ (.+)$", prose, flags=re.M)


def section(page: Path, heading: str) -> str:
    """The text under a heading, up to the next heading of its level or above."""
    match = re.search(
        rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,6}} |\Z)", page.read_text(), flags=re.M | re.S
    )
    assert match, f"{page.name} has no section {heading}"
    return match[2]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each table row, header rows aside."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line, next_line in zip(lines, [*lines[1:], ""], strict=True):
        if set(line) <= set("|-: ") or (set(next_line) <= set("|-: ") and next_line):
            continue
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def names(cell: str) -> list[str]:
    """The names in code quotes of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def anchor(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
