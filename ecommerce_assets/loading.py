"""Load batch days: run Dagster's job in this process, and collect what it did. Prints nothing."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import dagster as dg
import tenacity

from ecommerce_assets.assets import run
from ecommerce_assets.assets.reports import GROUP as REPORTS_GROUP
from ecommerce_assets.assets.staging import quarantined, staged
from ecommerce_assets.automation.jobs import LOAD_JOB
from ecommerce_assets.batch_days import BatchDays, choose_days
from ecommerce_assets.checks.results import FailedCheck, failed_checks
from ecommerce_assets.dagster_instance.dead_runs import STORE_TAG, fail_dead_runs, hold_run
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.partitions import range_tags
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.pruning import require_pruned_files
from ecommerce_assets.warehouse.session import read_version
from ecommerce_assets.warehouse.staging import (
    CHECK_STEPS,
    Refusal,
    log_refusals,
    refusals_of,
)
from ecommerce_assets.warehouse.transaction import ChangesLostError

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Load:
    """The result of a load: its days, refusals, a sentence for each failure, and failed checks.

    `ignored` has the entries of each feed's folder that do not belong to a batch.
    """

    run_id: str
    first: dt.date
    last: dt.date
    is_changed: bool
    refusals: Sequence[Refusal]
    failures: Sequence[str]
    failed_checks: Sequence[FailedCheck]
    ignored: Mapping[str, Sequence[str]]


def load(
    shop: Shop,
    instance: dg.DagsterInstance,
    first: dt.date | None = None,
    last: dt.date | None = None,
    *,
    draw_reports: bool = False,
    on_start: Callable[[int], None] = lambda _: None,
) -> Load:
    """Materialize all batch days that have landed or are held, or those of a range, in one run.

    A day without files is emptied. The reports of the last day are drawn only if requested, since
    they take longer than loading a day. `on_start` is called with the number of steps that will
    report progress to the shop.

    Raises:
        LandingError: the landing zone cannot be read, or too many loaded files are missing in it.
        OperatorError: there is nothing to load.
    """
    chosen = choose_days(shop, first, last)
    loadable = chosen.loadable
    defs = build_defs(shop)
    job = defs.resolve_job_def(LOAD_JOB)
    with shop.warehouse() as connection:
        version = read_version(connection)
    selection = None if draw_reports else _without_reports(job)
    on_start(_steps(defs, selection) + len(CHECK_STEPS))
    fail_dead_runs(instance)

    def materialize() -> dg.ExecuteInProcessResult:
        run_id = str(uuid4())
        hold_run(instance, run_id)
        return job.execute_in_process(
            run_id=run_id,
            instance=instance,
            tags={
                **range_tags(loadable[0], loadable[-1]),
                **({STORE_TAG: shop.settings.store_id} if shop.settings.store_id else {}),
            },
            raise_on_error=False,
            run_config=_QUIET,
            asset_selection=selection,
        )

    result = _again_if_lost(materialize)
    with shop.warehouse() as connection:
        log_refusals(connection, result.run_id, list(_from_the_future(chosen)))
        return Load(
            result.run_id,
            loadable[0],
            loadable[-1],
            read_version(connection) != version,
            refusals_of(connection, result.run_id),
            list(_failures(result)),
            list(failed_checks(instance, result.run_id)),
            chosen.listing.ignored,
        )


def rebuild(
    shop: Shop,
    instance: dg.DagsterInstance,
    *,
    on_start: Callable[[int], None] = lambda _: None,
) -> Load:
    """Empty the three schemas and load all landed days, in one transaction.

    Readers see the old warehouse until the new one is complete. The warehouse holds nothing of a
    refused feed-day, so that the day no longer counts as materialized.

    Raises:
        PruningError: files of days that were pruned have not landed any more.
    """
    shop = dataclasses.replace(shop, is_rebuild=True)
    with shop.warehouse() as connection:
        require_pruned_files(connection, shop.landing.listing().batches)
    loaded = load(shop, instance, on_start=on_start)
    for refusal in loaded.refusals:
        for key in (staged(refusal.feed), quarantined(refusal.feed)):
            instance.wipe_asset_partitions(key, [refusal.batch_date.isoformat()])
    return loaded


def _again_if_lost(
    materialize: Callable[[], dg.ExecuteInProcessResult],
) -> dg.ExecuteInProcessResult:
    """Repeat, after a pause, a run whose changes were lost with its connection."""
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(_has_lost_changes),
        stop=tenacity.stop_after_attempt(1 + run.RETRIES),
        wait=tenacity.wait_exponential(run.FIRST_WAIT_SECONDS, exp_base=3),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )
    return retrying(materialize)


def _has_lost_changes(result: dg.ExecuteInProcessResult) -> bool:
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        while error:
            if error.cls_name == ChangesLostError.__name__:
                return True
            error = error.cause
    return False


def _without_reports(job: dg.JobDefinition) -> list[dg.AssetKey]:
    keys = job.asset_layer.executable_asset_keys
    return [key for key in keys if job.asset_layer.get(key).group_name != REPORTS_GROUP]


def _steps(defs: dg.Definitions, selection: Collection[dg.AssetKey] | None) -> int:
    """Count the steps that materialize the selected assets, or all assets."""
    return sum(
        selection is None or not assets.keys.isdisjoint(selection)
        for assets in defs.assets or ()
        if isinstance(assets, dg.AssetsDefinition)
    )


def _from_the_future(chosen: BatchDays) -> Iterator[Refusal]:
    """Refuse feed-days after today, which have no partition."""
    for (feed, day), files in sorted(chosen.landed.items()):
        if day > chosen.today:
            reason = f"its batch date is after today ({chosen.today}); rename it"
            yield Refusal(feed, day, files[0].name, reason)


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    """Give a sentence for each failure other than a refusal."""
    known = {error.__name__ for error in _operator_errors(OperatorError)}
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        error = event.step_failure_data.error
        while error and error.cause and error.cls_name not in known:
            error = error.cause
        if error is None or error.cls_name == "RefusedDaysError":
            continue
        message = error.message.strip().split(": ", 1)[-1]
        if error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
            yield "The load was interrupted, and nothing half done was kept; load again."
        elif error.cls_name in known:
            yield message
        else:
            yield f"{event.step_key} failed: {error.message.strip()}"


def _operator_errors(root: type[OperatorError]) -> Iterator[type[OperatorError]]:
    yield root
    for error in root.__subclasses__():
        yield from _operator_errors(error)
