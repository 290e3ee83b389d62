"""Fixtures: databases that are copies of one migrated, or one loaded, template.

`small_shop.py` builds shops.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from hypothesis import settings

from ecommerce_assets.warehouse.schema import migrate
from ecommerce_tests import postgres
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop

# A busy machine is no failure, and a run of CI is to be repeatable.
settings.register_profile("shop", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("shop")


def pytest_xdist_auto_num_workers() -> int:
    """Run a worker more than there are cores, since some tests wait for other programs."""
    return (os.cpu_count() or 1) + 1


SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ECOMMERCE_")]:
        if not name.startswith("ECOMMERCE_TEST_"):
            monkeypatch.delenv(name)


def template(name: str, fill: Callable[[str], None]) -> str:
    """Make a database once for all workers of a run, by `fill`, and give its name."""
    database = f"template_{name}"
    with psycopg.connect(postgres.server_url(), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtext(%s))", [database])
        made = connection.execute(
            "select 1 from pg_database where datname = %s", [database]
        ).fetchone()
        if not made:
            building = f"building_{name}"
            connection.execute(f"drop database if exists {building} with (force)")
            postgres.create_database(building)
            fill(postgres.url_of(building))
            connection.execute(f"alter database {building} rename to {database}")
    return database


@pytest.fixture(scope="session")
def migrated_template() -> str:
    return template("migrated", migrate)


@pytest.fixture
def database_url(migrated_template: str) -> Iterator[str]:
    """A new database with an empty warehouse."""
    with postgres.database(migrated_template) as url:
        yield url


@pytest.fixture
def small_shop(tmp_path: Path, database_url: str) -> SmallShop:
    """A shop with an empty landing zone and an empty warehouse, in EUR and UTC."""
    return SmallShop(tmp_path / "landing", database_url)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's state in memory, for the loads of one test."""
    with in_memory() as ephemeral:
        yield ephemeral


GOLDEN_ZONES = {"plain": "UTC", "hostile": "America/New_York", "ledger": "Europe/Berlin"}
"""The golden zones, each with the shop's timezone."""


def golden_template(zone: str) -> str:
    """The name of a database with a golden zone loaded in one go."""
    landing = golden_landing(zone)

    def fill(url: str) -> None:
        migrate(url)
        SmallShop(landing, url, timezone=GOLDEN_ZONES[zone]).load_tables()

    return template(zone, fill)


@pytest.fixture(scope="session")
def plain_template() -> str:
    """The golden zone `plain`, loaded."""
    return golden_template("plain")


@pytest.fixture(scope="session")
def ledger_template() -> str:
    """The golden zone `ledger`, loaded."""
    return golden_template("ledger")


@pytest.fixture
def plain_url(plain_template: str) -> Iterator[str]:
    """A database with the golden zone `plain` loaded; the test may change it."""
    with postgres.database(plain_template) as url:
        yield url


def golden_landing(zone: str) -> Path:
    """The landing zone of a golden zone; skips the test where there is none."""
    landing = SHARED / "golden2" / zone / "landing"
    if not landing.exists():
        pytest.skip(f"the golden zone {zone} is not beside this checkout (../shared)")
    return landing
