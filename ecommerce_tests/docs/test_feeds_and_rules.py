"""The pages on feeds and rules name what the code knows, and nothing else."""

import re
from collections.abc import Iterable

import pytest

from ecommerce_assets.feeds.contract import (
    ADJUSTMENT_KINDS,
    FEEDS,
    LINE_KINDS,
    STATUSES,
    Feed,
    Store,
    Writing,
)
from ecommerce_assets.rules.cohorts import HORIZONS
from ecommerce_assets.rules.orders import RECOGNISED, RELATION_RULES
from ecommerce_assets.warehouse.tables import FCT_REVENUE_DAILY
from ecommerce_tests.docs.pages import DOCS, names, rows, section

FEEDS_PAGE = DOCS / "reference" / "feeds.md"
RULES_PAGE = DOCS / "reference" / "rules.md"


def described(column: str, feed: Feed) -> str:
    """A column as the page writes it."""
    contract = feed.columns[column]
    is_id = column.endswith("_id")
    text = f"`{column}{'' if contract.nullable else '*'}`"
    text = f"**{text}**" if column in feed.key else text
    text += " id" if is_id else f" {feed.writing(column)}"
    for check in contract.checks:
        if least := re.match(r"is below (\d)", str(check.error)):
            text += f" ≥ {least[1]}"
    return text


@pytest.mark.parametrize("feed", FEEDS.values(), ids=list(FEEDS))
def test_a_feed_is_described_as_its_contract_has_it(feed: Feed) -> None:
    [cell] = [
        of for name, of in rows(section(FEEDS_PAGE, "The seven feeds")) if name == f"`{feed.name}`"
    ]
    entries = cell.split(" · ")
    columns = [column for column in feed.columns if column != "ingested_at"]
    for entry, column in zip(entries, columns, strict=True):
        assert entry.startswith(described(column, feed))
        default = re.search(r", else `?(\w+)`?", entry)
        assert (default[1] if default else None) == (
            None if feed.columns[column].default is None else str(feed.columns[column].default)
        )


def test_every_way_of_writing_is_described() -> None:
    kinds = [cells[0] for cells in rows(section(FEEDS_PAGE, "How values are written"))]
    assert sorted(kinds) == sorted(Writing)


def test_every_allowed_value_is_named() -> None:
    cells = rows(section(FEEDS_PAGE, "The seven feeds"))
    described = {name: tuple(names(values)) for name, values in cells if "." in name}
    assert described == {
        "`orders.status`": STATUSES,
        "`order_items.kind`": LINE_KINDS,
        "`adjustments.kind`": ADJUSTMENT_KINDS,
    }
    recognised = section(RULES_PAGE, "Recognised orders").split(" are recognised")[0]
    assert tuple(names(recognised)) == RECOGNISED


def test_every_row_rule_is_described() -> None:
    store = Store("UTC", "EUR")
    rules = {"malformed", "required", "type", "precision"}  # what is found before a schema looks
    for feed in FEEDS.values():
        schema = feed.schema(store)
        for part in (schema, *schema.columns.values()):
            rules |= {str(check.name) for check in part.checks}
    assert {name for name, _ in rows(section(FEEDS_PAGE, "Row rules"))} == quoted(rules)


def test_every_relation_rule_is_described() -> None:
    assert {name for name, _ in rows(section(RULES_PAGE, "Relation rules"))} == quoted(RELATION_RULES)


def test_every_figure_of_a_date_is_described() -> None:
    cells = [cell for cell, _ in rows(section(RULES_PAGE, "Revenue of a date"))]
    assert {*names(" ".join(cells)), "date"} == set(FCT_REVENUE_DAILY.columns)


def test_the_horizons_of_cohorts_are_named() -> None:
    assert "For {}, {} and {} days".format(*HORIZONS) in section(RULES_PAGE, "Cohorts")


def quoted(rules: Iterable[str]) -> set[str]:
    return {f"`{rule}`" for rule in rules}
