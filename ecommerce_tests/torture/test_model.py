"""The model agrees with every cell of the golden zones, which another implementation computed."""

import pytest

from ecommerce_tests.conftest import SHARED
from ecommerce_tests.torture.compare import as_texts, quarantine_rows, read_expected, staged_rows
from ecommerce_tests.torture.model import ModelSettings, model_of

ZONES = {"plain": "UTC", "hostile": "America/New_York", "ledger": "Europe/Berlin"}


@pytest.mark.parametrize("zone", ZONES)
def test_agrees_with_the_golden_zone(zone: str) -> None:
    folder = SHARED / "golden2" / zone
    if not folder.exists():
        pytest.skip(f"the golden zone {zone} is not beside this checkout (../shared)")
    model = model_of(folder / "landing", ModelSettings(timezone=ZONES[zone]))

    assert model.staged.refused == {}
    tables = model.tables | {"quarantine": quarantine_rows(model), "staged": staged_rows(model)}
    for file in sorted((folder / "expected").glob("*.csv")):
        header, expected = read_expected(file)
        found = as_texts(file.stem, tables[file.stem], header)
        assert len(found) == len(expected), file.stem
        different = [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]]
        assert different == [], file.stem
