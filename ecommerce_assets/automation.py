"""What runs by itself: jobs, schedules, the sensor for late files, the hook that tells of failures.

What a run does stands in the assets and checks.
"""

import datetime as dt
import hashlib
import json
import re
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from ecommerce_assets.checks.verdicts import failed_checks
from ecommerce_assets.feeds.landing import LandingError
from ecommerce_assets.settings import Settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.staging import staged_digests

LOAD_JOB = "load"
AUDIT_JOB = "audit"

LOOK_SECONDS = 60
"""How often the landing zone is listed: a tenth of a second for a year of files on a disk."""

FEED_DAYS_READ_AT_ONCE = 300
"""How many changed feed-days one look reads: some ten seconds, of the minute a sensor may take."""

FEED_DAYS_READ_IN_TURN = 50
"""How many unchanged feed-days a look reads again: a year of six feeds takes 44 looks."""

_HOURS_TO_LOAD = 2


def load_job() -> UnresolvedAssetJobDefinition:
    """Build the job that materializes everything, for a batch day or a range of them."""
    return dg.define_asset_job(
        LOAD_JOB,
        dg.AssetSelection.all(),
        description="Everything, for a batch day or a range of them: what `ecommerce load` runs.",
    )


def audit_job(
    days: dg.PartitionsDefinition, checks: Sequence[dg.AssetChecksDefinition]
) -> UnresolvedAssetJobDefinition:
    """Build the job that judges whole tables: the checks over all days, of what is held by now."""
    return dg.define_asset_job(
        AUDIT_JOB,
        dg.AssetSelection.checks(*checks),
        description="All checks over a range of days; over all days they judge whole tables.",
        partitions_def=days,  # Dagster infers a job's partitions from assets, not from checks
    )


def load_yesterday(settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule that loads yesterday's batch, every day at a time of the store's clock."""

    @dg.schedule(
        name="load_yesterday",
        job_name=LOAD_JOB,
        cron_schedule=_cron(settings.load_at),
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Yesterday's batch, by the store's calendar.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(
            partition_key=str(day_before(context.scheduled_execution_time, settings.timezone))
        )

    return schedule


def day_before(moment: dt.datetime, timezone: str) -> dt.date:
    """Give the day before a moment by a store's calendar, whatever hours it lost or had twice."""
    return moment.astimezone(ZoneInfo(timezone)).date() - dt.timedelta(1)


def audit_weekly(settings: Settings, days: dg.PartitionsDefinition) -> dg.ScheduleDefinition:
    """Build the schedule that audits all days, on Sundays, an hour after the day was loaded."""
    hour = (settings.load_at.hour + 1) % 24

    @dg.schedule(
        name="audit_weekly",
        job_name=AUDIT_JOB,
        cron_schedule=f"{settings.load_at.minute} {hour} * * 0",
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="All checks over whole tables.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        last = day_before(context.scheduled_execution_time, settings.timezone)
        first = days.get_first_partition_key()
        if first is None or first > str(last):
            return dg.SkipReason("There is no day to audit yet.")
        return _request(dt.date.fromisoformat(first), last)

    return schedule


def late_files(shop: Shop, days: dg.PartitionsDefinition) -> dg.SensorDefinition:
    """Build the sensor that requests exactly the past days whose files are not those staged.

    A look lists names, sizes and times of change. Feed-days of which these are not the last look's
    are read, and some of the others in turn, since sizes and times may lie. A day is requested when
    contents are neither those that were read before nor those that staging holds; files that cannot
    be read count as another content, of which the run says so. A day that the schedule has yet to
    load is left to it.
    """

    @dg.sensor(
        name="late_files",
        job_name=LOAD_JOB,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="New, replaced and removed files of past days.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            listing = shop.landing.listing()
        except LandingError as error:
            return dg.SkipReason(str(error))
        with shop.warehouse() as connection:
            held = staged_digests(connection)
        memory = json.loads(context.cursor or "{}")
        seen: dict[str, list[str]] = memory.get("seen", {})
        batches = {
            f"{day} {feed}": (feed, day)
            for feed, day in {*listing.batches, *held}
            if day <= _last_past_day(shop) and days.has_partition_key(str(day))
        }
        stamps = {
            key: _fold([(file.name, file.stamp) for file in listing.batches.get(batch, ())])
            for key, batch in batches.items()
        }
        changed = [key for key in sorted(batches) if stamps[key] != seen.get(key, [""])[0]]
        changed = changed[:FEED_DAYS_READ_AT_ONCE]
        settled = sorted(key for key in batches if stamps[key] == seen.get(key, [""])[0])
        later = [key for key in settled if key > memory.get("turn", "")]
        in_turn = (later or settled)[:FEED_DAYS_READ_IN_TURN]
        wanted = []
        for key in (*changed, *in_turn):
            digests = shop.landing.digests(listing.batches.get(batches[key], ()))
            content = _fold(digests)
            before = seen.get(key, ["", ""])[1]
            seen[key] = [stamps[key], content]
            if content != before and digests != held.get(batches[key], {}):
                wanted.append(batches[key][1])
        # Feed-days that neither landed nor are held are forgotten.
        cursor = {
            "turn": in_turn[-1] if in_turn else "",
            "seen": {key: seen[key] for key in seen if key in batches},
        }
        return dg.SensorResult(
            run_requests=[_request(first, last) for first, last in _spans(wanted)],
            skip_reason=None
            if wanted
            else f"{len(changed)} feed-days with new files, or another time"
            " of change, hold nothing new.",
            cursor=json.dumps(cursor),
        )

    return sensor


def freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Build the policy of all assets: loaded each day, within two hours of the scheduled time."""
    deadline = dt.datetime.combine(dt.date.min, settings.load_at) + dt.timedelta(
        hours=_HOURS_TO_LOAD
    )
    return dg.FreshnessPolicy.cron(
        deadline_cron=_cron(deadline.time()),
        lower_bound_delta=dt.timedelta(hours=_HOURS_TO_LOAD),
        timezone=settings.timezone,
    )


def failure_hooks(settings: Settings) -> list[dg.SensorDefinition]:
    """Build what posts failed runs and failed checks to the webhook, where one is set."""
    webhook = settings.webhook_url
    if webhook is None:
        return []

    def tell(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        message = failure_message(context.instance, context.dagster_run)
        if message is None:
            return dg.SkipReason("Nothing failed.")
        _post(webhook.get_secret_value(), message)
        return None

    return [
        dg.run_status_sensor(
            name=f"tell_of_{status.value.lower()}",
            run_status=status,
            monitor_all_code_locations=True,  # runs of the command line have none
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=LOOK_SECONDS,
            description="Posts a failed run, or its failed checks, to ECOMMERCE_WEBHOOK_URL.",
        )(tell)
        for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS)
    ]


def failure_message(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, Any] | None:
    """Say what failed of a run, as JSON that chat services read (`text`); None if nothing did."""
    checks = [asdict(check) for check in failed_checks(instance, run.run_id)]
    failed = run.status is dg.DagsterRunStatus.FAILURE
    if not checks and not failed:
        return None
    days = _days(run.tags)
    errors = list(_errors(instance, run)) if failed else []
    lines = [
        f"The run {run.run_id[:8]} of the job {run.job_name} for {days}"
        f" {'failed' if failed else 'has failed checks'}.",
        *errors,
        *(f"{c['severity']}: {c['asset']} {c['check']} ({', '.join(c['days'])})" for c in checks),
    ]
    return {
        "text": "\n".join(lines),
        "run_id": run.run_id,
        "job": run.job_name,
        "days": days,
        "status": run.status.value,
        "errors": errors,
        "failed_checks": checks,
    }


def _errors(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[str]:
    records = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    for record in records:
        event = record.event_log_entry.get_dagster_event()
        error = event.step_failure_data.error
        while error and error.cause:
            error = error.cause
        reason = re.sub(r"^[\w.]+Error: ", "", error.message.strip()) if error else "failed"
        yield f"{event.step_key}: {reason}"


def _post(url: str, message: Mapping[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 (the operator names the address)
        url,
        data=json.dumps(message).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


def _cron(at: dt.time) -> str:
    return f"{at.minute} {at.hour} * * *"


def _last_past_day(shop: Shop) -> dt.date:
    """The last batch day that the schedule has asked for by now."""
    now = shop.now().astimezone(ZoneInfo(shop.settings.timezone))
    return now.date() - dt.timedelta(1 if now.time() >= shop.settings.load_at else 2)


def _request(first: dt.date, last: dt.date) -> dg.RunRequest:
    if first == last:
        return dg.RunRequest(partition_key=str(first))
    return dg.RunRequest(
        tags={
            ASSET_PARTITION_RANGE_START_TAG: str(first),
            ASSET_PARTITION_RANGE_END_TAG: str(last),
        }
    )


def _spans(days: Sequence[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the spans of days that follow on one another; a span is one run."""
    start = before = None
    for day in sorted(set(days)):
        if before is None or start is None:
            start = day
        elif day - before > dt.timedelta(1):
            yield start, before
            start = day
        before = day
    if start is not None and before is not None:
        yield start, before


def _fold(facts: object) -> str:
    """Fold what is known of a feed-day's files; of a year's they make a cursor of 120 kB."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _days(tags: Mapping[str, str]) -> str:
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get("dagster/partition", "no day")
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG, first)
    return first if first == last else f"{first} to {last}"
