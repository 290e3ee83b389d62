"""A load that dies anywhere leaves nothing half done, and the next one completes it.

Here it dies at some steps; `make torture` goes through all of them.
"""

import pytest

from ecommerce_tests.torture.kills import Edited, edited_shop, spread


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Edited:
    return edited_shop(tmp_path_factory.mktemp("kills"), seed=3)


def test_a_killed_load(edited: Edited) -> None:
    for step in spread(len(edited.places), 2):
        edited.load_dies_at(step)


def test_a_database_that_stops(edited: Edited) -> None:
    for step in spread(len(edited.places), 1):
        edited.database_stops_at(step)
