"""The model agrees with every cell of the golden zones, which another implementation computed.

And it knows when a day ends.
"""

import datetime as dt

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


@pytest.mark.parametrize(
    ("day", "end"),
    [
        # Havana puts its clocks forward at midnight: Sunday begins at one.
        ("2024-03-09", "2024-03-10T05:00Z"),
        ("2024-03-10", "2024-03-11T04:00Z"),
        # It puts them back at one: Sunday has midnight twice, and begins at the first.
        ("2024-11-02", "2024-11-03T04:00Z"),
        ("2024-11-03", "2024-11-04T05:00Z"),
    ],
)
def test_a_day_ends_where_the_next_begins(day: str, end: str) -> None:
    havana = ModelSettings(timezone="America/Havana")

    assert havana.end_of(dt.date.fromisoformat(day)) == dt.datetime.fromisoformat(end)
