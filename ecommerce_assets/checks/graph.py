"""The checks as Dagster runs them: in three steps, however many feeds, tables and days there are.

Each step and event costs milliseconds. What is measured and judged is in `feeds` and `tables`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import dagster as dg
import pandas as pd
import psycopg

from ecommerce_assets.assets.run import warehouse_step
from ecommerce_assets.assets.specs import asset_key, warehouse_pool
from ecommerce_assets.assets.staging import quarantined, staged
from ecommerce_assets.checks.feeds import FEED_CHECKS, feeds_of, measure
from ecommerce_assets.checks.results import check_result, check_spec
from ecommerce_assets.checks.scope import scope
from ecommerce_assets.checks.table_check import judge
from ecommerce_assets.checks.tables import TABLE_CHECKS
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.partitions import days_of
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.pruning import first_whole_day
from ecommerce_assets.warehouse.staging import (
    CHECK_STEPS,
    Refusal,
    checked,
    refusals_of,
    staged_digests,
    unchecked_days,
)
from ecommerce_assets.warehouse.transaction import RunTransaction

ACCEPTED = "accepted"
FEED_STEP, TABLE_STEP = CHECK_STEPS


class RefusedDaysError(OperatorError):
    """Some feed-days of a run were refused; all others are loaded."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(" ".join(refusal.sentence for refusal in refusals))


def accepted_checks(days: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Build the checks that fail, together with the run, on a refused feed-day."""
    feeds = {dg.AssetCheckKey(staged(feed), ACCEPTED): feed for feed in FEEDS}

    @dg.multi_asset_check(
        name=ACCEPTED,
        specs=[
            check_spec(
                key.asset_key,
                key.name,
                "No file of the day was refused (docs/reference/feeds.md, What is refused).",
                days,
            )
            for key in feeds
        ],
        can_subset=True,
        pool=warehouse_pool(),
    )
    def accepted(
        context: dg.AssetCheckExecutionContext,
        shop: dg.ResourceParam[Shop],
        transaction: dg.ResourceParam[RunTransaction],
    ) -> Iterator[dg.AssetCheckResult]:
        index = pd.DatetimeIndex(days_of(context))
        refused = []
        # Results are reported under the lock: of two concurrent runs Dagster would keep only one's.
        with _judging(context, shop, transaction) as connection:
            if _is_load(context):
                refusals = refusals_of(connection, context.run.run_id)
            else:
                refusals = list(_not_staged(shop, connection, feeds.values(), days_of(context)))
            for key in sorted(context.selected_asset_check_keys, key=str):
                results = pd.DataFrame({"passed": True}, index=index)
                for refusal in refusals:
                    if refusal.feed == feeds[key]:
                        refused.append(refusal)
                        day = pd.Timestamp(refusal.batch_date)
                        results.loc[day, "passed"] = False
                        results.loc[day, "file"] = refusal.source_file or "all"
                        results.loc[day, "reason"] = refusal.reason
                yield check_result(
                    context, key.asset_key, key.name, dg.AssetCheckSeverity.ERROR, results
                )
        if refused and _is_load(context):
            raise RefusedDaysError(refused)

    return accepted


def feed_checks(days: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Build the checks of the staged feeds."""
    checks = {
        dg.AssetCheckKey(staged(feed.name), check.name): (check, feed)
        for check in FEED_CHECKS
        for feed in feeds_of(check)
    }

    @dg.multi_asset_check(
        name=FEED_STEP,
        specs=[
            check_spec(key.asset_key, key.name, check.description, days, [quarantined(feed.name)])
            for key, (check, feed) in checks.items()
        ],
        can_subset=True,
        pool=warehouse_pool(),
    )
    def check_feeds(
        context: dg.AssetCheckExecutionContext,
        shop: dg.ResourceParam[Shop],
        transaction: dg.ResourceParam[RunTransaction],
    ) -> Iterator[dg.AssetCheckResult]:
        selected = [key for key in checks if key in context.selected_asset_check_keys]
        feeds = {checks[key][1].name: checks[key][1] for key in selected}
        with _judging(context, shop, transaction) as connection:
            judged = _days_to_judge(context, connection, FEED_STEP)
            measures = {}
            for number, (name, feed) in enumerate(feeds.items()):
                shop.progress("checking feeds", number / len(feeds))
                measures[name] = measure(connection, feed, judged)
            for key in selected:
                check, feed = checks[key]
                results = check.judge(measures[feed.name], shop.settings)
                yield check_result(
                    context, key.asset_key, key.name, _severity(check.is_error), results
                )
            if _is_load(context) and len(selected) == len(checks):
                checked(connection, FEED_STEP, judged)

    return check_feeds


def table_checks(days: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Build the checks of dimensions and facts, and of staged versions against each other."""
    checks = {dg.AssetCheckKey(asset_key(check.table), check.name): check for check in TABLE_CHECKS}

    @dg.multi_asset_check(
        name=TABLE_STEP,
        specs=[
            check_spec(key.asset_key, key.name, check.description, days)
            for key, check in checks.items()
        ],
        can_subset=True,
        pool=warehouse_pool(),
    )
    def check_tables(
        context: dg.AssetCheckExecutionContext,
        shop: dg.ResourceParam[Shop],
        transaction: dg.ResourceParam[RunTransaction],
    ) -> Iterator[dg.AssetCheckResult]:
        selected = {
            check: key for key, check in checks.items() if key in context.selected_asset_check_keys
        }
        results = {}
        with _judging(context, shop, transaction) as connection:
            judged = _days_to_judge(context, connection, TABLE_STEP)
            shop.progress("checking tables", 0)
            with scope(connection, judged):
                for check, result in judge(connection, list(selected), judged, shop.settings):
                    results[check] = result
                    shop.progress("checking tables", len(results) / len(checks))
            for check, result in results.items():
                key = selected[check]
                severity = _severity(check.is_error)
                yield check_result(context, key.asset_key, key.name, severity, result)
            if _is_load(context) and len(results) == len(checks):
                checked(connection, TABLE_STEP, judged)

    return check_tables


@contextmanager
def _judging(
    context: dg.AssetCheckExecutionContext, shop: Shop, transaction: RunTransaction
) -> Iterator[psycopg.Connection]:
    """Connect checks to the warehouse, which does not change during the block.

    In a load, checks use the load's own transaction. A run of checks alone blocks no other run.
    """
    if _is_load(context):
        with warehouse_step(context, transaction) as connection:
            yield connection
        return
    with shop.warehouse() as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        yield connection


def _days_to_judge(
    context: dg.AssetCheckExecutionContext, connection: psycopg.Connection, step: str
) -> list[dt.date]:
    """The days of a range that changed since their last check; in a run of checks alone, all."""
    days = days_of(context)
    if len(days) == 1 or not _is_load(context):
        return days
    unchecked = set(unchecked_days(connection, step))
    return [day for day in days if day in unchecked]


def _is_load(context: dg.AssetCheckExecutionContext) -> bool:
    """Whether the run materializes assets; otherwise it only runs checks."""
    return bool(context.job_def.asset_layer.executable_asset_keys)


def _not_staged(
    shop: Shop,
    connection: psycopg.Connection,
    feeds: Iterable[str],
    days: Sequence[dt.date],
) -> Iterator[Refusal]:
    """Find the feed-days whose files in the landing zone are not those that staging holds."""
    held = staged_digests(connection)
    first_whole = first_whole_day(connection)
    listing = shop.landing.listing()
    for feed, day in product(feeds, days):
        files = listing.batches.get((feed, day), ())
        if not files and day < first_whole:
            continue
        if shop.landing.digests(files) != held.get((feed, day), {}):
            reason = "what has landed is not what is staged; materialize the day"
            yield Refusal(feed, day, None, reason)


def _severity(is_error: bool) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN
