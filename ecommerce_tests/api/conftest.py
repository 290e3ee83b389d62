"""Fixtures: the API, served on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ecommerce_tests import postgres
from ecommerce_tests.api.live import served


@pytest.fixture(scope="session")
def plain_api(
    plain_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """The API on the golden zone `plain`, which no test changes."""
    with (
        postgres.database(plain_template) as url,
        served(url, tmp_path_factory.mktemp("home")) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def ledger_api(
    ledger_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """The API on the golden zone `ledger`, which no test changes."""
    with (
        postgres.database(ledger_template) as url,
        served(url, tmp_path_factory.mktemp("home")) as client,
    ):
        yield client


@pytest.fixture
def api(plain_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The API on the database `plain_url`, which the test may change."""
    with served(plain_url, tmp_path) as client:
        yield client
