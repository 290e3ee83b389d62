"""The tests catch planted bugs; here a few, and `make faults` plants all."""

from pathlib import Path

import pytest

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_tests.torture.faults import FAULTS, Copy

SOME = {3: "ecommerce_tests/rules/test_cohorts.py", 15: "ecommerce_tests/rules/test_orders.py"}
"""The numbers of a few faults, each with tests that catch it within seconds."""


@pytest.mark.parametrize("number", SOME, ids=lambda number: FAULTS[number].file)
def test_a_planted_fault_is_caught(number: int, tmp_path: Path) -> None:
    assert Copy(tmp_path, "postgresql://not-asked").catches(FAULTS[number], [SOME[number]])


def test_every_fault_can_still_be_planted() -> None:
    for fault in FAULTS:
        text = (PROJECT_ROOT / "ecommerce_assets" / fault.file).read_text(encoding="utf-8")
        assert fault.old in text, f"change the fault {fault}"
    assert len(FAULTS) >= 30


def test_a_copy_without_a_fault_passes_even_what_opens_dagsters_home(
    tmp_path: Path, database_url: str
) -> None:
    name = "test_a_feed_day_that_a_rebuild_refuses_does_not_count_as_materialized"
    test = f"ecommerce_tests/assets/test_regressions.py::{name}"

    assert Copy(tmp_path, database_url).failure([test]) is None
