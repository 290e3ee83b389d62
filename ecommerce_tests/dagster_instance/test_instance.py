import subprocess
import sys
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from ecommerce_assets.dagster_instance.home import dagster_home, open_instance
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import Settings, load_settings
from ecommerce_tests.dagster_private import InstanceRef

DAYS = [f"day {number}" for number in range(60)]


def ask(settings: Settings, query: str) -> list[tuple[object, ...]]:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        return connection.execute(query.encode()).fetchall()


def test_dagster_keeps_its_tables_in_a_schema_of_the_database(instance, settings):
    tables = ask(
        settings, "select schemaname, tablename from pg_tables where tablename = 'event_logs'"
    )
    assert tables == [("dagster", "event_logs")]


def test_a_range_is_planned_as_one_event_and_recorded_in_batches(instance, settings):
    """Dagster's own behaviour, which keeps bookkeeping below the cost of the data."""
    days = dg.StaticPartitionsDefinition(DAYS)

    def chain(name: str, upstream: str | None) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            deps=[upstream] if upstream else [],
            partitions_def=days,
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def asset() -> None: ...

        return asset

    assets = [chain("one", None), chain("two", "one"), chain("three", "two")]
    run = dg.materialize(
        assets,
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": DAYS[0],
            "dagster/asset_partition_range_end": DAYS[-1],
        },
    )
    assert run.success
    for asset in assets:
        assert instance.get_materialized_partitions(asset.key) == set(DAYS)
    written = ask(
        settings,
        "select dagster_event_type, count(*), count(distinct xmin::text) from dagster.event_logs "
        "where dagster_event_type like 'ASSET_MATERIALIZATION%' group by 1 order by 1",
    )
    kinds = {kind: (events, transactions) for kind, events, transactions in written}
    assert kinds["ASSET_MATERIALIZATION"] == (3 * len(DAYS), 3)
    assert kinds["ASSET_MATERIALIZATION_PLANNED"][0] == 3


def test_every_process_that_opens_the_instance_writes_in_batches(settings, monkeypatch):
    for name in ("DAGSTER_EVENT_BATCH_SIZE", "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(dagster_home(settings)))
    code = (
        "import os; from dagster import DagsterInstance; instance = DagsterInstance.get(); "
        "print(os.environ['DAGSTER_EVENT_BATCH_SIZE'], instance.event_log_storage."
        "supports_partition_subset_in_asset_materialization_planned_events)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout == "500 True\n"


def test_dagster_dev_without_a_home_of_its_own_comes_out_at_the_same_instance(
    instance, settings, tmp_path
):
    """It makes a temporary home, and reads the dagster.yaml of the working directory."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    reference = InstanceRef.from_dir(str(temporary), config_dir=str(PROJECT_ROOT))
    with dg.DagsterInstance.from_ref(reference) as same:
        assert same.event_log_storage.postgres_url == instance.event_log_storage.postgres_url
        key = ["run", "compute_logs", "step"]
        path = same.compute_log_manager.get_captured_local_path(key, "out")
    assert path == instance.compute_log_manager.get_captured_local_path(key, "out")
    assert Path(path).is_relative_to(settings.home / "dagster")


def test_the_home_is_in_ours_and_follows_the_checkout(settings):
    home = dagster_home(settings)
    assert home == settings.home / "dagster"
    assert (home / "dagster.yaml").samefile(PROJECT_ROOT / "dagster.yaml")


def test_a_relative_home_counts_from_the_project_root(settings, monkeypatch, tmp_path):
    relative = Path(*[".."] * len(PROJECT_ROOT.parts), *tmp_path.parts[1:], "elsewhere")
    monkeypatch.setenv("DAGSTER_HOME", str(relative))
    assert dagster_home(settings).samefile(tmp_path / "elsewhere")
    assert dagster_home(settings).is_absolute()


def test_a_configuration_of_ones_own_stays_and_a_link_to_nowhere_does_not(settings):
    file = dagster_home(settings) / "dagster.yaml"
    file.unlink()
    file.symlink_to("/nowhere/dagster.yaml")
    dagster_home(settings)
    assert file.samefile(PROJECT_ROOT / "dagster.yaml")
    file.unlink()
    file.write_text("telemetry: {enabled: false}\n")
    dagster_home(settings)
    assert file.read_text() == "telemetry: {enabled: false}\n"


def test_a_home_that_cannot_be_written(settings):
    settings.home.touch()
    with pytest.raises(OperatorError, match="cannot be written"):
        dagster_home(settings)


def test_settings_other_than_those_dagster_reads_are_refused(settings):
    with pytest.raises(ValueError, match="environment"):
        open_instance(settings.model_copy(update={"return_days": 7}))


def test_a_database_that_is_not_there(settings, monkeypatch):
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/shop")
    with pytest.raises(OperatorError, match="Dagster's state") as caught:
        open_instance(load_settings())
    assert "secret" not in str(caught.value)


def test_the_ui_meets_no_dead_connection_after_a_restart_of_the_database(instance, settings):
    def look() -> None:
        instance.get_runs(limit=1)
        instance.get_asset_keys(limit=1)
        instance.all_instigator_state()

    instance.optimize_for_webserver(statement_timeout=15_000, pool_recycle=3600, max_overflow=2)
    look()
    broken_off = ask(
        settings,
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()",
    )
    assert len(broken_off) >= 3

    look()
