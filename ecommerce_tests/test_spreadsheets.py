"""No cell of an export is a formula to a spreadsheet."""

import pytest

from ecommerce_assets.spreadsheets import inert


@pytest.mark.parametrize(
    "before", ["", " ", "\t", "\r\n", "\u00a0", "\u200b", "\u00ad", "\ufeff", "\u2060", "\u180e"]
)
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "|calc", "＝1"])
def test_a_formula_is_muted(before: str, formula: str) -> None:
    assert inert(before + formula) == f"'{before}{formula}"


@pytest.mark.parametrize("text", ["", " ", "a=b", "1-1", "\u200b", "O-1", "'=1", '[{"a": "=1"}]'])
def test_other_texts_stay(text: str) -> None:
    assert inert(text) == text
