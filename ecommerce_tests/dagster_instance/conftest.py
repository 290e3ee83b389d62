from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.settings import Settings, load_settings
from ecommerce_tests.postgres import database


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One database for all: Dagster needs a second to make its tables."""
    with database() as url:
        yield url


@pytest.fixture
def settings(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ECOMMERCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", url)
    monkeypatch.setenv("DAGSTER_HOME", "")
    return load_settings()


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as instance:
        yield instance
