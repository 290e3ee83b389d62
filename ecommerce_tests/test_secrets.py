"""A secret planted in every setting that is one is found nowhere that anybody reads.

The places are: what commands print, the list of processes, Dagster's metadata, pages and answers,
the files of the home, and a dump of the database.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from ecommerce_api.main import create_app
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.settings import Settings, load_settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.server_programs import programs
from ecommerce_tests.api.live import serving
from ecommerce_tests.dagster_private import RepositorySnap
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product

MARK = "planted-7f3a9c"
"""What every planted secret contains."""

SECRETS = [name for name, of in Settings.model_fields.items() if "SecretStr" in str(of.annotation)]
_SHOPS = ("shopify", "woocommerce", "medusa")
_PROGRAM = "import sys; from ecommerce_assets.cli import main; main()"


@dataclass
class Planted:
    """A shop whose every secret is planted, and all that was seen of it, by where."""

    shop: SmallShop
    environment: Mapping[str, str]
    seen: dict[str, bytes] = field(default_factory=dict)

    def run(self, *arguments: str) -> None:
        """Run a command, watching the list of processes, and keep what it prints."""
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        listed = set()
        while process.poll() is None:
            listed |= set(command_lines())
            time.sleep(0.1)
        assert process.stdout is not None
        self.seen[f"output of {arguments}"] = process.stdout.read()
        self.seen[f"processes of {arguments}"] = b"\n".join(listed)


def command_lines() -> Iterator[bytes]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes()
        except OSError:  # the process has ended
            continue


@pytest.fixture
def planted(tmp_path: Path, database_url: str) -> Planted:
    shop = SmallShop(tmp_path / "landing", database_url)
    day = "2024-03-05"
    shop.land("customers", day, customer())
    shop.land("products", day, product())
    shop.land("orders", day, order())
    shop.land("order_items", day, item())
    with_password = database_url.replace("postgres@", f"postgres:{MARK}@", 1)
    assert MARK in with_password
    values = {name: f"{MARK}-{name}" for name in SECRETS}
    values |= {name: with_password for name in SECRETS if name.endswith("database_url")}
    values["webhook_url"] = f"http://127.0.0.1:1/{MARK}"
    values["woocommerce_key"] = f"ck_{MARK}:cs_{MARK}"
    values |= {f"{name}_url": "http://127.0.0.1:1" for name in _SHOPS}
    values |= {"landing": str(shop.landing), "home": str(tmp_path / "home"), "currency": "EUR"}
    variables = {f"ECOMMERCE_{name.upper()}": value for name, value in values.items()}
    return Planted(shop, {**variables, "DAGSTER_HOME": ""})


def test_every_secret_is_planted() -> None:
    assert set(SECRETS) == {
        *("database_url", "api_database_url", "dagster_database_url", "hash_key", "webhook_url"),
        *("ui_password", "shopify_key", "woocommerce_key", "medusa_key"),
    }


@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition")  # by Dagster, of its own
def test_a_planted_secret_is_found_nowhere(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted.run("load")
    assert b"Batches 2024-03-05" in planted.seen["output of ('load',)"]
    planted.run("connect", "woocommerce")
    planted.run("load", "--from", "yesterday")
    planted.run("stores", "list", "--stores", str(planted.shop.landing))

    for name, value in planted.environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    planted.seen["settings"] = f"{settings!r}{settings}".encode()
    snapshot = RepositorySnap.from_def(build_defs(Shop(settings)).get_repository_def())
    planted.seen["Dagster's code location"] = dg.serialize_value(snapshot).encode()
    planted.seen["what is kept in the home"] = b"".join(
        file.read_bytes() for file in settings.home.rglob("*") if file.is_file()
    )
    with serving(create_app(settings)) as api:
        for path in ("/", "/docs", "/openapi.json", "/metrics", "/health/ready", "/reports"):
            answer = api.get(path)
            planted.seen[f"answer {path}"] = f"{answer.headers}".encode() + answer.content
        planted.seen["answer /internal/metrics"] = api.get("/internal/metrics").content
    planted.seen["dump"] = dump(planted.shop.url)

    assert b"create table" in planted.seen["dump"].lower()
    found = [where for where, what in planted.seen.items() if MARK.encode() in what]
    assert found == []


def dump(url: str) -> bytes:
    """Dump a database, Dagster's schema with it, as text."""
    program = programs() / "pg_dump"
    return subprocess.run([program, url], check=True, capture_output=True).stdout
