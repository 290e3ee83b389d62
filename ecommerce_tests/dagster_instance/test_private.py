"""What we need of Dagster's private names; a release that changes one fails here first."""

import datetime as dt
import inspect
import re
from pathlib import Path

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage

from ecommerce_assets.dagster_instance import private, private_serving
from ecommerce_assets.dagster_instance.event_log import EventLog
from ecommerce_assets.partitions import range_tags, run_range
from ecommerce_assets.root import PROJECT_ROOT

OURS = {
    "ecommerce_assets/dagster_instance/private.py",
    "ecommerce_assets/dagster_instance/private_serving.py",
    "ecommerce_assets/dagster_instance/private_storage.py",
}
THOSE_OF_THE_TESTS = "ecommerce_tests/dagster_private.py"
"""The modules that may import private names."""


def importers(folder: str) -> set[str]:
    """The modules of a folder that import private names of Dagster."""
    imports = re.compile(r"^\s*(?:from|import) dagster(?:_\w+)?(?:\.\w+)*\._", re.MULTILINE)
    return {
        str(path.relative_to(PROJECT_ROOT))
        for path in Path(PROJECT_ROOT / folder).rglob("*.py")
        if imports.search(path.read_text(encoding="utf-8"))
    }


def test_three_modules_import_private_names() -> None:
    assert importers("ecommerce_assets") | importers("ecommerce_api") == OURS


def test_the_tests_import_those_of_their_own_in_one_module() -> None:
    # A program that a test runs in a container has no modules of the tests.
    assert importers("ecommerce_tests") - {"ecommerce_tests/docker/test_image.py"} == {
        THOSE_OF_THE_TESTS
    }


def test_the_event_log_overrides_methods_that_exist_and_take_the_same() -> None:
    overridden = [
        "store_event",
        "store_event_batch",
        "_has_asset_key_col_on_connection",
        "has_asset_key_col",
        "has_table",
        "dispose",
    ]
    for name in overridden:
        theirs = inspect.signature(getattr(PostgresEventLogStorage, name))
        ours = inspect.signature(getattr(EventLog, name))
        assert list(ours.parameters) == list(theirs.parameters), name
    assert isinstance(
        inspect.getattr_static(PostgresEventLogStorage, "supports_asset_checks"), property
    )
    taken = {
        "_store_asset_event": ["self", "conn", "event", "event_id"],
        "_store_asset_event_tags": ["self", "conn", "events", "event_ids"],
        "_event_to_row": ["self", "event"],
        "index_transaction": ["self"],
    }
    for name, parameters in taken.items():
        theirs = inspect.signature(getattr(PostgresEventLogStorage, name))
        assert list(theirs.parameters) == parameters, name


def test_a_run_of_a_range_covers_its_days() -> None:
    first, last = dt.date(2024, 3, 4), dt.date(2024, 3, 6)
    seen = []

    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition("2024-03-01"),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def asset(context: dg.AssetExecutionContext) -> None:
        seen.extend(context.partition_keys)

    assert dg.materialize([asset], tags=range_tags(first, last)).success
    assert seen == ["2024-03-04", "2024-03-05", "2024-03-06"]


def test_metadata_of_partitions_is_added_to_that_of_dagster_s_own_method() -> None:
    first, last = dt.date(2024, 3, 4), dt.date(2024, 3, 5)

    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition("2024-03-01"),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def asset(context: dg.AssetExecutionContext) -> None:
        context.add_asset_metadata({"of": "all"})
        told = {str(day): {"day": day.day} for day in (first, last)}
        private.add_partition_metadata(context, context.asset_key, told)

    made = dg.materialize([asset], tags=range_tags(first, last))
    assert {
        made_of_day.partition: {name: fact.value for name, fact in made_of_day.metadata.items()}
        for made_of_day in made.asset_materializations_for_node("asset")
    } == {"2024-03-04": {"of": "all", "day": 4}, "2024-03-05": {"of": "all", "day": 5}}


def test_the_days_of_a_run_are_read_from_its_tags() -> None:
    first, last = dt.date(2024, 3, 4), dt.date(2024, 3, 6)

    assert run_range(range_tags(first, last)) == (first, last)
    assert run_range({private.PARTITION_NAME_TAG: "2024-03-04"}) == (first, first)
    assert run_range({}) is None


def test_an_output_can_leave_its_partitions_unmarked() -> None:
    days = dg.DailyPartitionsDefinition("2024-03-01")

    @dg.asset(partitions_def=days)
    def asset() -> dg.Output[None]:
        return dg.Output(None, metadata={private.WITHOUT_MATERIALIZATIONS: True})

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([asset], instance=instance, partition_key="2024-03-04").success
        assert instance.get_materialized_partitions(asset.key) == set()


def test_the_statuses_in_progress_are_those_of_runs_that_a_process_executes() -> None:
    statuses = {status.value for status in private.IN_PROGRESS_RUN_STATUSES}

    assert {"STARTING", "STARTED", "CANCELING"} <= statuses
    assert not statuses & {"SUCCESS", "FAILURE", "CANCELED", "QUEUED"}


def test_a_job_of_assets_has_the_type_that_we_annotate() -> None:
    job = dg.define_asset_job("job", dg.AssetSelection.all())

    assert isinstance(job, private.UnresolvedAssetJobDefinition)


def test_a_code_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    client = private_serving.DagsterGrpcClient(socket=str(tmp_path / "no.sock"))

    with pytest.raises(private_serving.DagsterUserCodeUnreachableError):
        client.ping("")
