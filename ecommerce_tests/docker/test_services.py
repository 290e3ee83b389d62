"""The services of compose.yaml, run by their own commands as their own users on this machine."""

import http.client
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ecommerce_tests.docker.compose import Project
from ecommerce_tests.docker.image import Image
from ecommerce_tests.docker.postgres import PROGRAMS, postgres_image
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, stock

_WAIT_SECONDS = 90
_LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
_STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_ALL_STORAGES = """
{
  runsOrError(limit: 1) { __typename }
  assetsOrError(limit: 1) { __typename }
  instance { daemonHealth { allDaemonStatuses { lastHeartbeatTime } } }
}
"""
_FAILURES = """
query Failures($id: ID!) {
  logsForRun(runId: $id) {
    ... on EventConnection {
      events {
        ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } }
        ... on RunFailureEvent { message error { message } }
      }
    }
  }
}
"""


@pytest.fixture
def project(image: Image, docker: Path, tmp_path: Path) -> Iterator[Project]:
    if not PROGRAMS.exists():
        pytest.skip(f"Debian's PostgreSQL 15 is not at {PROGRAMS}")
    postgres = postgres_image(tmp_path / "postgres")

    def image_of(name: str) -> Image:
        return postgres if name.startswith("postgres:") else image

    with Project([docker / "compose.yaml"], image_of, tmp_path / "project") as project:
        yield project


def test_the_shop_is_loaded_asked_and_outlives_its_database(project: Project, docker: Path) -> None:
    land_a_day(SmallShop(docker / "landing", "postgresql://not-asked"), "2024-03-05")

    project.up()
    (key,) = [word for word in project.log("migrate").split() if word.startswith("eck_")]
    load(project, "2024-03-05")

    assert ask(project, "/metrics/summary")[0] == 401
    assert net_revenue(project, key) == "20.00"
    drawn = ask(project, "/reports", key)[1]["items"]
    assert "revenue" in [report["name"] for report in drawn]

    roles_may_do_what_they_are_for(project)

    project.stop("postgres")
    status, problem = ask(project, "/metrics/summary?start=2024-03-05", key)
    assert (status, problem["status"]) == (503, 503)
    project.start("postgres")
    project.await_health("postgres")
    assert net_revenue(project, key, until_answered=True) == "20.00"
    assert graphql(project, _ALL_STORAGES, {}), "the UI meets no dead connection"
    project.await_health("daemon")

    assert "eck_" not in project.run("migrate"), "a second migration makes no second key"
    a_dump_restores_what_was_dumped(project, key)


def roles_may_do_what_they_are_for(project: Project) -> None:
    loader = partial(ask_as, project, "ecommerce_loader", "of the: \\loader")
    reader = partial(ask_as, project, "ecommerce_reader", "of the reader")

    assert "must be owner" in loader("alter table staging.orders add column x text")
    assert "must be owner" in loader("drop schema analytics cascade")
    assert "permission denied" in loader("create schema mine")
    assert "TRUNCATE TABLE" in loader("truncate analytics.fct_orders; select 1 / 0")
    assert "1" in reader("select count(*) from analytics.fct_orders")
    assert "permission denied" in reader("delete from analytics.fct_orders")
    assert "permission denied" in reader("select * from dagster.runs")
    assert "authentication failed" in ask_as(project, "ecommerce_reader", "wrong", "select 1")
    for role in ("postgres", "ecommerce_owner"):
        assert "authentication failed" in ask_as(project, role, "of the: \\loader", "select 1")


def a_dump_restores_what_was_dumped(project: Project, key: str) -> None:
    dump = "/var/lib/postgresql/data/ecommerce.dump"
    project.stop("api", "daemon", "webserver", "code-location")
    in_database(project, "pg_dump", "--format=custom", f"--file={dump}", "ecommerce")
    before = digests(project)
    kept = (project.volume("postgres-data") / "ecommerce.dump").read_bytes()

    project.stop("postgres")
    project.volume("postgres-data").rename(project.volume("lost"))
    project.start("postgres")
    project.await_health("postgres")
    (project.volume("postgres-data") / "ecommerce.dump").write_bytes(kept)
    (project.volume("postgres-data") / "ecommerce.dump").chmod(0o644)
    restore = ("--clean", "--if-exists", "--exit-on-error", "--dbname=ecommerce", dump)
    in_database(project, "pg_restore", *restore)

    assert digests(project) == before
    assert "eck_" not in project.run("migrate")
    project.start("api")
    project.await_health("api")
    assert net_revenue(project, key) == "20.00"


def digests(project: Project) -> dict[str, str]:
    """One digest a table, of all its rows, whatever their order."""
    tables = in_database(
        project,
        *("psql", "--tuples-only", "--no-align", "--dbname=ecommerce", "--command"),
        "select schemaname || '.' || tablename from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')",
    ).split()
    assert "analytics.fct_orders" in tables
    assert "dagster.event_logs" in tables
    union = " union all ".join(
        f"select '{table}', md5(coalesce(string_agg(row::text, E'\\n' order by row::text"
        f" collate \"C\"), '')) from {table} row"
        for table in tables
    )
    lines = in_database(
        project,
        *("psql", "--tuples-only", "--no-align", "--dbname=ecommerce", "--command", union),
    ).split()
    return dict(line.split("|") for line in lines)


def in_database(project: Project, program: str, *arguments: str) -> str:
    ran = project.execute("postgres", program, "--username=postgres", *arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def ask_as(project: Project, role: str, password: str, statement: str) -> str:
    """What PostgreSQL says to a statement of a role that comes over the network."""
    ran = project.execute(
        "postgres",
        *("psql", "--host=postgres", f"--username={role}", "--dbname=ecommerce"),
        *("--single-transaction", "--command", statement),
        environment={"PGPASSWORD": password},
    )
    return ran.stdout + ran.stderr


def land_a_day(landed: SmallShop, day: str) -> None:
    landed.land("customers", day, customer())
    landed.land("products", day, product())
    landed.land("orders", day, order(ordered_at=f"{day}T10:00:00Z", currency="USD"))
    landed.land("order_items", day, item())
    landed.land("inventory", day, stock(snapshot_date=day))
    landed.land("returns", day)


def load(project: Project, day: str) -> None:
    """Launch a run of the load over GraphQL, and wait until it has succeeded."""
    parameters = {
        "selector": {
            "repositoryLocationName": "ecommerce_assets",
            "repositoryName": "__repository__",
            "jobName": "load",
        },
        "executionMetadata": {
            "tags": [
                {"key": f"dagster/asset_partition_range_{end}", "value": day}
                for end in ("start", "end")
            ]
        },
    }
    launched = graphql(project, _LAUNCH, {"parameters": parameters})["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run = launched["run"]["runId"]
    deadline = time.monotonic() + _WAIT_SECONDS
    while (status := graphql(project, _STATUS, {"id": run})["runOrError"]["status"]) != "SUCCESS":
        if status == "FAILURE":
            events = graphql(project, _FAILURES, {"id": run})["logsForRun"]["events"]
            pytest.fail(str([event for event in events if event]))
        assert time.monotonic() < deadline, project.log("daemon")
        time.sleep(0.2)


def graphql(project: Project, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables})
    status, answer = request(project, "webserver", 3000, "POST", "/graphql", body)
    assert status == 200, answer
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def net_revenue(project: Project, key: str, *, until_answered: bool = False) -> str:
    deadline = time.monotonic() + (_WAIT_SECONDS if until_answered else 0)
    path = "/metrics/summary?start=2024-03-05&end=2024-03-05"
    while (answered := ask(project, path, key))[0] == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    status, answer = answered
    assert status == 200, answer
    revenue: str = answer["current"]["net_revenue"]
    return revenue


def ask(project: Project, path: str, key: str | None = None) -> tuple[int, dict[str, Any]]:
    headers = {"X-API-Key": key} if key else {}
    return request(project, "api", 8000, "GET", path, headers=headers)


def request(
    project: Project, service: str, port: int, *request: Any, **options: Any
) -> tuple[int, dict[str, Any]]:
    def send() -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(project.address(service), port, timeout=30)
        # As by the port that is published on the server.
        of_port = {"Host": f"localhost:{port}", "Content-Type": "application/json"}
        headers = {**of_port, **options.get("headers", {})}
        connection.request(*request, headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    return project.inside(send)
