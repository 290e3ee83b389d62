"""Several stores: their files, what is derived of them, and one Dagster that keeps them apart."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import dagster as dg
import jsonschema_rs
import pytest
import yaml
from typer.testing import CliRunner

from ecommerce_assets.assets import specs
from ecommerce_assets.cli import app
from ecommerce_assets.dagster_instance.dead_runs import is_of_store
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.deployment import write_deployment
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.loading import load
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import Settings
from ecommerce_assets.stores import StoreError, find_store, read_stores
from ecommerce_tests import postgres
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.docker.compose import read
from ecommerce_tests.small_shop import SmallShop, customer, order

BASE = Settings(
    database_url="postgresql://loader:secret@db/ecommerce?sslmode=verify-full",
    landing="/srv/landing",
    home=Path("/srv/home"),
    timezone="Europe/Berlin",
    _env_file=None,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stores: one that says nothing, and one that says much."""
    folder = tmp_path / "stores"
    folder.mkdir()
    (folder / "north.env").write_text("")
    (folder / "south-2.env").write_text(
        "# The southern shop\n"
        "ECOMMERCE_STORE='Garden & Home'\nECOMMERCE_CURRENCY=GBP\nECOMMERCE_LOAD_AT=05:30\n"
        "ECOMMERCE_HASH_KEY=a-secret\nECOMMERCE_LANDING=s3://exports/south\nAWS_REGION=eu-west-2\n"
    )
    return folder


def test_what_a_file_does_not_say_follows_from_its_name(folder: Path) -> None:
    north, south = read_stores(folder, BASE)
    assert (north.name, south.name) == ("north", "south-2")
    assert north.environment == {
        "ECOMMERCE_STORE_ID": "north",
        "ECOMMERCE_STORE": "north",
        "ECOMMERCE_LANDING": "/srv/landing/north",
        "ECOMMERCE_HOME": "/srv/home/north",
        "ECOMMERCE_DATABASE_URL": "postgresql://loader:secret@db/north?sslmode=verify-full",
        "ECOMMERCE_DAGSTER_DATABASE_URL": (
            "postgresql://loader:secret@db/ecommerce?sslmode=verify-full"
        ),
    }
    assert north.settings.timezone == south.settings.timezone == "Europe/Berlin"
    assert south.settings.store == "Garden & Home"
    assert south.environment["ECOMMERCE_LANDING"] == "s3://exports/south"
    assert south.environment["AWS_REGION"] == "eu-west-2"
    assert find_store([north, south], "south-2") is south
    with pytest.raises(StoreError, match=r"no store 'west'; the stores are north, south-2"):
        find_store([north, south], "west")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("North", "", r"North\.env: 'North' cannot be the name of a store: take up to 31 of a"),
        ("a_b", "", "'a_b' cannot be the name"),
        ("a-", "", "'a-' cannot be the name"),
        ("postgres", "", "a database has this name"),
        ("west", "\n# x\nECOMMERCE_CURRENCY=euro\n", r"line 3: ECOMMERCE_CURRENCY: 'euro' is no"),
        ("west", "ECOMMERCE_RETURN_DAYS=ten", r"line 1: ECOMMERCE_RETURN_DAYS: 'ten' "),
        ("west", "\n\nECOMMERCE_CURENCY=EUR", r"line 3: there is no setting ECOMMERCE_CURENCY"),
        ("west", "A=1\nnonsense\n", r"west\.env, line 2: write a setting as NAME=value"),
        ("west", "A=1\n\nA=2\n", "line 3: A was set in line 1"),
        ("west", "ECOMMERCE_STORE_ID=x", "ECOMMERCE_STORE_ID cannot be a store's own"),
        ("west", "ECOMMERCE_UI_PASSWORD=x", "ECOMMERCE_UI_PASSWORD cannot be a store's own"),
        ("west", "ECOMMERCE_LANDING=s3://exports/south", "south-2.env and .* the same ECOMMERCE_L"),
        (
            "west",
            "ECOMMERCE_DATABASE_URL=postgresql://loader:secret@db/north?sslmode=verify-full",
            "north.env and .*west.env have the same ECOMMERCE_DATABASE_URL",
        ),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_value(
    folder: Path, name: str, text: str, message: str
) -> None:
    (folder / f"{name}.env").write_text(text)
    with pytest.raises(StoreError, match=message):
        read_stores(folder, BASE)


def test_a_folder_without_stores_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no store in .*: write a file `<store>.env`"):
        read_stores(tmp_path, BASE)


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A folder with the compose file of the checkout."""
    docker = tmp_path / "docker"
    docker.mkdir()
    (docker / "compose.yaml").write_bytes((PROJECT_ROOT / "docker/compose.yaml").read_bytes())
    return docker


def test_a_deployment_has_a_code_location_and_a_migration_for_each_store(
    folder: Path, docker: Path
) -> None:
    result = CliRunner().invoke(app, ["stores", "write", str(docker), "--stores", str(folder)])
    assert result.exit_code == 0, result.output

    written = yaml.safe_load((docker / "stores.compose.yaml").read_text())
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    jsonschema_rs.validate(json.loads((schemas / "compose-spec.json").read_text()), written)
    services = read(docker / "stores.compose.yaml")["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
    assert {"store-north", "store-south-2", "migrate_north", "migrate_south-2"} <= set(services)
    assert not {"code-location", "migrate"} & set(services)

    south = services["store-south-2"]
    assert south["env_file"] == [".env", "../stores/south-2.env"]
    assert "--location-name=south-2" in south["command"]
    assert south["environment"] == {
        "ECOMMERCE_DATABASE_URL": "postgresql://ecommerce_loader@postgres/south-2",
        "DATABASE_PASSWORD_FILE": "/run/secrets/loader_password",
        "ECOMMERCE_STORE_ID": "south-2",
        "ECOMMERCE_HOME": "/var/lib/ecommerce/south-2",
        "ECOMMERCE_DAGSTER_DATABASE_URL": "postgresql://ecommerce_loader@postgres/ecommerce",
    }
    assert "./landing/north:/landing/north:ro" in services["store-north"]["volumes"]
    assert not any("/landing" in volume for volume in south["volumes"])
    for name in ("webserver", "daemon"):
        assert services[name]["depends_on"]["store-north"] == {"condition": "service_healthy"}
    assert "migrate_south-2" in services["api"]["depends_on"]

    workspace = yaml.safe_load((docker / "stores.workspace.yaml").read_text())["load_from"]
    assert [place["grpc_server"]["location_name"] for place in workspace] == ["north", "south-2"]
    routes = yaml.safe_load((docker / "stores.api.yaml").read_text())
    assert routes["south-2"] == {
        "store": "Garden & Home",
        "home": "/var/lib/ecommerce/south-2",
        "api_database_url": "postgresql://ecommerce_reader@postgres/south-2",
    }
    assert "a-secret" not in "".join(file.read_text() for file in docker.glob("stores.*"))


def test_a_folder_that_is_no_deployment_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"There is no compose.yaml in .*; give the folder"):
        write_deployment(tmp_path, folder)


@pytest.fixture
def of_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test be the process of one store after another."""
    yield monkeypatch
    specs.store_prefix.cache_clear()


def become(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ECOMMERCE_STORE_ID", name)
    specs.store_prefix.cache_clear()


def test_stores_of_one_dagster_share_no_asset_and_no_pool(
    small_shop: SmallShop, of_store: pytest.MonkeyPatch
) -> None:
    keys, pools = [], []
    for name in ("", "north", "south"):
        become(of_store, name)
        graph = build_defs(small_shop.shop).resolve_asset_graph()
        keys.append({key.to_user_string() for key in graph.get_all_asset_keys()})
        pools.append({pool for key in graph.executable_asset_keys for pool in graph.get(key).pools})
    alone, north, south = keys
    assert north == {f"north/{key}" for key in alone}
    assert south == {f"south/{key}" for key in alone}
    assert pools[1] == {f"north/{pool}" for pool in pools[0]}
    assert pools[2] == {f"south/{pool}" for pool in pools[0]}


def test_a_load_of_one_store_marks_no_day_of_another(
    tmp_path: Path, migrated_template: str, of_store: pytest.MonkeyPatch
) -> None:
    days = {"north": "2024-03-05", "south": "2024-03-06"}
    with in_memory() as instance:
        for name, day in days.items():
            become(of_store, name)
            with postgres.database(migrated_template) as url:
                shop = SmallShop(tmp_path / name / "landing", url, store_id=name)
                shop.land("customers", day, customer())
                shop.land("orders", day, order())
                assert load(shop.shop, instance).failures == []
        for name, day in days.items():
            for asset in (["staging", "orders"], ["analytics", "fct_orders"]):
                key = dg.AssetKey([name, *asset])
                assert instance.get_materialized_partitions(key) == {day}
        runs = instance.get_runs()
    for name in days:
        assert sum(is_of_store(run, name) for run in runs) == 1
