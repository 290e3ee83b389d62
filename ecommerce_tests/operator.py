"""Works with Dagster's UI as a browser does: sends its pages' queries over its GraphQL API."""

import json
import urllib.request
from typing import Any

import dagster as dg

from ecommerce_assets.assets.specs import asset_key
from ecommerce_assets.warehouse.tables import ANALYTICS, STAGING
from ecommerce_tests.waiting import until

TABLES = [
    *(asset_key(table) for table in (*STAGING.values(), *ANALYTICS)),
    *(dg.AssetKey(["quarantine", part]) for part in (*STAGING, "relations")),
]
"""The assets of a load, without the reports."""


class Operator:
    """Asks the UI at an address, as `http://127.0.0.1:3000`."""

    def __init__(self, address: str) -> None:
        self.url = f"{address}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            (value,) = json.load(answer)["data"].values()
        return value

    def switch_off_automation(self) -> None:
        repository = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "ecommerce_assets",
        }
        sensors = self.ask(
            """
            query ($repository: RepositorySelector!) {
              sensorsOrError(repositorySelector: $repository) {
                ... on Sensors { results { id sensorState { selectorId } } }
              }
            }
            """,
            repository=repository,
        )["results"]
        for sensor in sensors:
            stopped = self.ask(
                "mutation ($id: String!) { stopSensor(id: $id) { __typename } }", id=sensor["id"]
            )
            assert stopped["__typename"] == "StopSensorMutationResult"

    def materialize(self, day: str) -> dict[str, Any]:
        """Run the job `load` for a day, and give the ended run."""
        return self.ended(self.launch(day))

    def launch(self, day: str) -> str:
        """Start a run of the job `load` for a day, and give its id."""
        launched = self.ask(
            """
            mutation ($params: ExecutionParams!) {
              launchRun(executionParams: $params) {
                __typename ... on LaunchRunSuccess { run { runId } }
              }
            }
            """,
            params={
                "selector": {
                    "repositoryName": "__repository__",
                    "repositoryLocationName": "ecommerce_assets",
                    "jobName": "load",
                },
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": day}]},
                "runConfigData": {},
            },
        )
        run_id: str = launched["run"]["runId"]
        return run_id

    def ended(self, run_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            (run,) = [run for run in self.runs() if run["runId"] == run_id]
            return run if run["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

        return until(look, pause=0.5)

    def runs(self) -> list[dict[str, Any]]:
        query = """
            { runsOrError { ... on Runs { results {
              runId status startTime endTime tags { key value }
            } } } }
        """
        runs: list[dict[str, Any]] = self.ask(query)["results"]
        return [{**run, "tags": {t["key"]: t["value"] for t in run["tags"]}} for run in runs]

    def launch_backfill(self, keys: list[dg.AssetKey], days: list[str]) -> str:
        """Start a backfill of assets over some days, and give its id."""
        launched = self.ask(
            """
            mutation ($params: LaunchBackfillParams!) {
              launchPartitionBackfill(backfillParams: $params) {
                __typename ... on LaunchBackfillSuccess { backfillId }
              }
            }
            """,
            params={"assetSelection": [{"path": key.path} for key in keys], "partitionNames": days},
        )
        backfill_id: str = launched["backfillId"]
        return backfill_id

    def backfill_ended(self, backfill_id: str) -> str:
        """Give the status that a backfill ends with."""

        def look() -> str | None:
            status: str = self.ask(
                """
                query ($id: String!) {
                  partitionBackfillOrError(backfillId: $id) {
                    ... on PartitionBackfill { status }
                  }
                }
                """,
                id=backfill_id,
            )["status"]
            return None if status in ("REQUESTED", "CANCELING", "FAILING") else status

        return until(look, pause=0.5)
