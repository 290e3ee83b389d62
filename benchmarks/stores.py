"""Measures many stores beside one Dagster: `python benchmarks/stores.py [STORES] [YEARS]`.

Each store is a code server with a warehouse of its own, empty. Two assets of each are marked as
materialized for every day, by events that are copies of one that Dagster wrote. Measured are the
answer to what an asset's page asks of the UI, one round of the daemon over all stores' sensors, and
the memory of each process. Everything is in a folder that is removed in the end.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml

from ecommerce_assets.warehouse.schema import migrate
from ecommerce_assets.warehouse.server import EmbeddedServer

FIRST_PORT, UI_PORT = 4100, 4099
MARKED = ("staging/orders", "analytics/fct_revenue_daily")
_UP_SECONDS = 900

_MARK_DAYS = """
    with marked (was, key) as (values (%(was)s::text, %(key)s::text))
    insert into event_logs (
        run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition
    )
    select run_id, replace(replace(event, was, key), '1900-01-01', day::date::text),
           dagster_event_type, timestamp, step_key, key, day::date::text
    from marked join event_logs on asset_key = was,
         generate_series(%(first)s::date, '2025-12-31', '1 day') day
"""
_MARK_ASSET = """
    with marked (was, key) as (values (%(was)s::text, %(key)s::text))
    insert into asset_keys (
        asset_key, last_materialization, last_run_id, last_materialization_timestamp
    )
    select key, replace(last_materialization, was, key), last_run_id, last_materialization_timestamp
    from marked join asset_keys on asset_key = was
"""
_ASSET_PAGE = """
query AssetPage($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode {
    id opNames groupName description computeKind
    partitionStats { numMaterialized numPartitions numFailed numMaterializing }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
    partitionKeysByDimension { name partitionKeys }
    assetMaterializations(limit: 1) { timestamp partition metadataEntries { label } }
    dependencyKeys { path } dependedByKeys { path }
    assetChecksOrError { ... on AssetChecks { checks { name } } }
  } }
}
"""


def main(stores: int, years: int) -> None:
    """Measure, and print a table."""
    names = [f"store-{number:02}" for number in range(1, stores + 1)]
    with tempfile.TemporaryDirectory(prefix="ecommerce-stores-") as folder:
        home = Path(folder)
        server = EmbeddedServer(home / "postgres")
        url = server.start()
        try:
            measure(home, url, names, years)
        finally:
            server.stop()


def measure(home: Path, url: str, names: list[str], years: int) -> None:
    """Set all up, and measure it."""
    template = url.replace("/ecommerce?", "/template_store?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database template_store")
        migrate(template)
        for name in names:
            connection.execute(f'create database "{name}" template template_store')
    (home / "landing").mkdir()
    environment = {
        **os.environ,
        "ECOMMERCE_DAGSTER_DATABASE_URL": url,
        "ECOMMERCE_DATABASE_URL": url,
        "ECOMMERCE_HOME": str(home),
        "ECOMMERCE_LANDING": str(home / "landing"),
        "ECOMMERCE_FIRST_DAY": f"{2026 - years}-01-01",
        "DAGSTER_HOME": str(home / "dagster"),
    }
    prepare(environment)
    began = time.monotonic()
    marks = mark(url, names, years)
    print(f"{len(names)} stores, {marks:,} marks written in {time.monotonic() - began:.0f} s")
    workspace = home / "workspace.yaml"
    locations = [
        {"grpc_server": {"host": "127.0.0.1", "port": FIRST_PORT + n, "location_name": name}}
        for n, name in enumerate(names)
    ]
    workspace.write_text(yaml.safe_dump({"load_from": locations}))
    with running() as start:
        began = time.monotonic()
        servers = [
            start(
                [
                    *("dagster", "api", "grpc", "--host=127.0.0.1", f"--port={FIRST_PORT + n}"),
                    *("--module-name=ecommerce_assets.definitions", f"--location-name={name}"),
                ],
                {
                    **environment,
                    "ECOMMERCE_STORE_ID": name,
                    "ECOMMERCE_DATABASE_URL": url.replace("/ecommerce?", f"/{name}?"),
                },
            )
            for n, name in enumerate(names)
        ]
        for n in range(len(names)):
            until(partial(is_listening, FIRST_PORT + n))
        print(f"code servers up after {time.monotonic() - began:.0f} s")
        ui = start(
            [
                *("python", "-m", "ecommerce_assets.dagster_ui", f"--port={UI_PORT}"),
                f"--workspace={workspace}",
            ],
            environment,
        )
        until(lambda: is_listening(UI_PORT))
        pages = [asset_page(name) for name in (names[0], names[-1]) for _ in range(3)]
        print("asset page, s:", " ".join(f"{seconds:.2f}" for seconds in pages))
        began = time.time()
        daemon = start(["dagster-daemon", "run", f"--workspace={workspace}"], environment)
        until(lambda: len(ticks(url)) >= len(names))
        spans = ticks(url)
        print(
            f"daemon: first round over {len(spans)} sensors from {min(spans)[0] - began:.1f} s to"
            f" {max(end for _, end in spans) - began:.1f} s after its start; a tick takes up to"
            f" {max(end - start_ for start_, end in spans):.2f} s"
        )
        sizes = [memory(process.pid) for process in servers]
        print(
            f"memory, MB: a store {sum(sizes) / len(sizes):.0f} (up to {max(sizes):.0f}),"
            f" UI {memory(ui.pid):.0f}, daemon {memory(daemon.pid):.0f}"
        )


def prepare(environment: dict[str, str]) -> None:
    """Have Dagster make its tables, and write the event that marks are copies of."""
    program = (
        "import dagster as dg\n"
        "from ecommerce_assets.dagster_instance.home import open_instance\n"
        "from ecommerce_assets.settings import load_settings\n"
        "with open_instance(load_settings()) as instance:\n"
        "    instance.report_runless_asset_event(\n"
        "        dg.AssetMaterialization(['the-store', 'the', 'asset'], partition='1900-01-01'))\n"
    )
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def mark(url: str, names: list[str], years: int) -> int:
    """Mark assets of all stores as materialized for every day; gives how many marks that are."""
    done = 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set search_path to dagster")
        for name in names:
            for asset in MARKED:
                path = [name, *asset.split("/")]
                key, was = json.dumps(path), '["the-store", "the", "asset"]'
                values = {"was": was, "key": key, "first": f"{2026 - years}-01-01"}
                done += connection.execute(_MARK_DAYS, values).rowcount
                connection.execute(_MARK_ASSET, values)
        connection.execute("analyze event_logs")
    return done


def asset_page(store: str) -> float:
    """Ask the UI what an asset's page asks; gives the seconds that it took."""
    variables = {"key": {"path": [store, *MARKED[1].split("/")]}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{UI_PORT}/graphql",
        json.dumps({"query": _ASSET_PAGE, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    began = time.monotonic()
    with urllib.request.urlopen(request) as response:  # noqa: S310
        answer = json.load(response)
    seconds = time.monotonic() - began
    node = answer["data"]["assetNodeOrError"]
    assert node["partitionStats"]["numMaterialized"] > 3000, answer  # noqa: S101
    return seconds


def ticks(url: str) -> list[tuple[float, float]]:
    """When the first tick of each store's sensor began and ended."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """
            select extract(epoch from min(timestamp at time zone 'UTC'))::float8,
                   extract(epoch from min(update_timestamp at time zone 'UTC'))::float8
            from dagster.job_ticks where type = 'SENSOR' and status <> 'STARTED'
            group by selector_id
            """
        ).fetchall()


def memory(pid: int) -> float:
    """Megabytes of a process and its children that no other has."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().uss for one in family) / 2**20


def is_listening(port: int) -> bool:
    """Whether a port of this machine answers."""
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + _UP_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("It did not come up in time.")
        time.sleep(0.2)


@contextmanager
def running() -> Iterator[Callable[[list[str], dict[str, str]], "subprocess.Popen[bytes]"]]:
    """Give what starts a program; all that it started end in the end."""
    started: list[subprocess.Popen[bytes]] = []
    folder = Path(sys.executable).parent

    def start(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        program: list[Any] = [folder / command[0], *command[1:]]
        quiet = subprocess.DEVNULL
        started.append(subprocess.Popen(program, env=environment, stdout=quiet, stderr=quiet))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


if __name__ == "__main__":
    main(*(int(argument) for argument in (sys.argv[1:] + ["20", "10"][len(sys.argv) - 1 :])))
