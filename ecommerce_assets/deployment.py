"""Writes the files of a deployment of several stores, from their settings and `compose.yaml`.

`stores` reads the stores; `docker/compose.yaml` has the services.
"""

import copy
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings
from ecommerce_assets.stores import Store, read_stores

COMPOSE = "stores.compose.yaml"
WORKSPACE = "stores.workspace.yaml"
ROUTES = "stores.api.yaml"
DATABASES = "stores.databases.sql"

_HEAD = "Written by `ecommerce stores write`; change the stores' files, and write it anew.\n"
_LANDING = "/landing"
_COMPLETED = {"condition": "service_completed_successfully"}

_DATABASE = """
select 'create database "{name}" owner ecommerce_owner'
where not exists (select from pg_database where datname = '{name}') \\gexec
\\connect "{name}"
alter default privileges for role ecommerce_owner grant usage on schemas to ecommerce_loader;
alter default privileges for role ecommerce_owner
    grant select, insert, update, delete, truncate on tables to ecommerce_loader;
"""

Service = dict[str, Any]


def write_deployment(folder: Path, stores_folder: Path) -> Sequence[Path]:
    """Write the files of a deployment into the folder of `compose.yaml`, and give them.

    They are `stores.compose.yaml`, which replaces `compose.yaml`, and the files that it mounts:
    `stores.workspace.yaml` with the code locations, `stores.api.yaml` with the stores that the API
    serves, and `stores.databases.sql`, which makes their databases.

    Raises:
        StoreError: with the store's file, line and invalid value.
        OperatorError: there is no `compose.yaml` in the folder.
    """
    try:
        compose = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OperatorError(
            f"There is no compose.yaml in {folder}; give the folder `docker` of a checkout."
        ) from None
    services = compose["services"]
    stores = read_stores(stores_folder, _base(services))
    contents = {
        COMPOSE: _commented(_compose(compose, stores, os.path.relpath(stores_folder, folder))),
        WORKSPACE: _commented(_workspace(stores)),
        ROUTES: _commented(_routes(stores)),
        DATABASES: f"-- {_HEAD}{''.join(_DATABASE.format(name=store.name) for store in stores)}",
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


def _base(services: Mapping[str, Service]) -> Settings:
    """The settings of the containers, which the stores' settings extend."""
    loading = services["code-location"]["environment"]
    reading = services["api"]["environment"]
    return Settings.model_construct(
        **{
            **{name: field.get_default() for name, field in Settings.model_fields.items()},
            "database_url": SecretStr(loading["ECOMMERCE_DATABASE_URL"]),
            "api_database_url": SecretStr(reading["ECOMMERCE_API_DATABASE_URL"]),
            "landing": _LANDING,
            "home": Path("/var/lib/ecommerce"),
        }
    )


def _commented(content: Any) -> str:
    return f"# {_HEAD}{yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)}"


def _workspace(stores: Sequence[Store]) -> Any:
    return {
        "load_from": [
            {
                "grpc_server": {
                    "host": _location(store),
                    "port": 4000,
                    "location_name": store.name,
                }
            }
            for store in stores
        ]
    }


def _routes(stores: Sequence[Store]) -> dict[str, dict[str, str]]:
    """The settings of each store that the API needs."""
    routes = {}
    for store in stores:
        url = store.settings.api_database_url
        routes[store.name] = {
            "store": store.settings.store,
            "home": str(store.settings.home),
            "api_database_url": url.get_secret_value() if url else "",
        }
    return routes


def _location(store: Store) -> str:
    return f"store-{store.name}"


def _migration(store: Store) -> str:
    return f"migrate_{store.name}"  # no store's name has an underscore


def _compose(compose: Any, stores: Sequence[Store], stores_folder: str) -> Any:
    # Not a deep copy, which keeps what the file's anchors share: each service is changed by itself.
    written = json.loads(json.dumps(compose))
    written = {key: value for key, value in written.items() if not key.startswith("x-")}
    services: dict[str, Service] = written["services"]
    location, migration = services.pop("code-location"), services.pop("migrate")
    locations = {_location(store): {"condition": "service_healthy"} for store in stores}
    migrations = {_migration(store): _COMPLETED for store in stores}
    services["databases"] = _databases(services["postgres"])
    for store in stores:
        services[_migration(store)] = _migrating(migration, store)
        services[_location(store)] = _locating(location, store, stores_folder)
    for name in ("webserver", "daemon"):
        depends = services[name]["depends_on"]
        for gone in ("code-location", "migrate"):
            depends.pop(gone)
        depends.update(locations)
        services[name].setdefault("volumes", []).append(f"./{WORKSPACE}:/app/workspace.yaml:ro")
    api = services["api"]
    api["depends_on"].pop("migrate")
    api["depends_on"].update(migrations)
    api["environment"]["ECOMMERCE_STORES"] = f"/app/{ROUTES}"
    api["volumes"].append(f"./{ROUTES}:/app/{ROUTES}:ro")
    return written


def _databases(postgres: Service) -> Service:
    """Make the service that creates missing databases, as the superuser on the Unix socket."""
    return {
        "image": postgres["image"],
        "command": [
            *("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"),
            *("--host=/var/run/postgresql", "--username=postgres", f"--file=/{DATABASES}"),
            "ecommerce",
        ],
        "volumes": ["postgres-socket:/var/run/postgresql", f"./{DATABASES}:/{DATABASES}:ro"],
        "network_mode": "none",
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": "128m",
        "restart": "no",
        "depends_on": {"postgres": {"condition": "service_healthy"}},
    }


def _migrating(template: Service, store: Store) -> Service:
    service = copy.deepcopy(template)
    service["environment"]["ECOMMERCE_DATABASE_URL"] = service["environment"][
        "ECOMMERCE_DATABASE_URL"
    ].replace("/ecommerce?", f"/{store.name}?")
    service["depends_on"] = {"databases": _COMPLETED}
    return service


def _locating(template: Service, store: Store, stores_folder: str) -> Service:
    service = copy.deepcopy(template)
    service["command"] = [
        f"--location-name={store.name}" if part.startswith("--location-name=") else part
        for part in service["command"]
    ]
    service["env_file"] = [service["env_file"], f"{stores_folder}/{store.file.name}"]
    environment = store.environment
    environment.pop("ECOMMERCE_API_DATABASE_URL")
    service["volumes"] = [v for v in service["volumes"] if f":{_LANDING}:" not in v]
    if "://" not in store.settings.landing:
        inside = f"{_LANDING}/{store.name}"
        own = store.variables.get("ECOMMERCE_LANDING")
        on_host = own or f"${{LANDING:-./landing}}/{store.name}"
        service["volumes"].insert(0, f"{on_host}:{inside}:ro")
        environment["ECOMMERCE_LANDING"] = inside
    # The values of the store's file may be secret, so they are not repeated here.
    derived = {
        name: value for name, value in environment.items() if store.variables.get(name) != value
    }
    service["environment"] = {**service["environment"], **derived}
    service["depends_on"] = {
        **{name: on for name, on in template["depends_on"].items() if name != "migrate"},
        _migration(store): _COMPLETED,
    }
    return service
