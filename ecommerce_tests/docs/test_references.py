"""Every link of the pages, and every page that the code names, exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecommerce_tests.docs.pages import DOCS, PAGES, ROOT, anchor, headings

SOURCES = [
    path
    for folder in ("ecommerce_assets", "ecommerce_api", "docker", "benchmarks", ".ci")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and path.suffix in {"", ".py", ".sql", ".yaml", ".toml", ".example"}
] + [*ROOT.glob("*.toml"), *ROOT.glob("*.yaml"), ROOT / "Makefile"]


def links(page: Path) -> Iterator[str]:
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, fragment = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{target} is not there"
        if fragment and linked.suffix == ".md":
            assert fragment in map(anchor, headings(linked)), f"{target} has no such heading"


def test_the_index_has_every_page() -> None:
    index = DOCS / "README.md"
    indexed = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    assert {page for page in PAGES if page.is_relative_to(DOCS)} - {index} <= indexed


def test_what_the_code_says_of_the_pages_is_so() -> None:
    assert [fault for source in SOURCES for fault in faults(source)] == []


def faults(source: Path) -> Iterator[str]:
    """The pages, and sections of the reference, that a file names and that are not there."""
    text = re.sub(r"\s+#?\s*", " ", source.read_text(errors="ignore"))
    part = r"[A-Z][\w-]*(?: [a-z][\w-]*)*|`[^`]+`|[\w-]+\.md"
    for name, rest in re.findall(rf"docs/([\w/-]+\.md)((?:, (?:{part}))*)", text):
        page = DOCS / name
        for named in ["", *filter(None, rest.split(", "))]:
            if named.endswith(".md"):
                page = page.parent / named
            if not page.exists():
                yield f"{source.relative_to(ROOT)} names {page.relative_to(ROOT)}"
            elif not has(page, named):
                yield f"{source.relative_to(ROOT)} names {named}, which {page.name} has not"


def has(page: Path, named: str) -> bool:
    """Whether a page has the section, or the code in quotes, that a text names."""
    if named.startswith("`"):
        return named.strip("`") in page.read_text()
    # A sentence may go on after the section's name.
    return not named[:1].isupper() or any(
        f"{named} ".startswith(f"{heading} ") for heading in headings(page)
    )
