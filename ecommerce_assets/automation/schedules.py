"""The schedules of the daily fetch and load and the weekly audit, and the freshness policy."""

import datetime as dt
from zoneinfo import ZoneInfo

import dagster as dg

from ecommerce_assets.automation.jobs import AUDIT_JOB, FETCH_JOB, LOAD_JOB
from ecommerce_assets.automation.requests import run_request
from ecommerce_assets.settings import Settings

_HOURS_TO_LOAD = 2


def load_yesterday(settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule that loads yesterday's batch every day at a time in the store's zone."""

    @dg.schedule(
        name="load_yesterday",
        job_name=LOAD_JOB,
        cron_schedule=_cron(settings.load_at),
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Yesterday's batch, by the store's calendar.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        yesterday = day_before(context.scheduled_execution_time, settings.timezone)
        return run_request(yesterday, yesterday)

    return schedule


def fetch_yesterday(settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule that fetches yesterday's batch, midway between midnight and the load."""
    minutes = (settings.load_at.hour * 60 + settings.load_at.minute) // 2

    @dg.schedule(
        name="fetch_yesterday",
        job_name=FETCH_JOB,
        cron_schedule=_cron(dt.time(minutes // 60, minutes % 60)),
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Yesterday's batch from each configured shop, before it is loaded.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        yesterday = day_before(context.scheduled_execution_time, settings.timezone)
        return run_request(yesterday, yesterday)

    return schedule


def audit_weekly(settings: Settings, days: dg.PartitionsDefinition) -> dg.ScheduleDefinition:
    """Build the schedule that audits all days, on Sundays, an hour after the daily load."""
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
        return run_request(dt.date.fromisoformat(first), last)

    return schedule


def freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Build the freshness policy of all assets: loaded daily, within two hours of the schedule."""
    deadline = dt.datetime.combine(dt.date.min, settings.load_at) + dt.timedelta(
        hours=_HOURS_TO_LOAD
    )
    return dg.FreshnessPolicy.cron(
        deadline_cron=_cron(deadline.time()),
        lower_bound_delta=dt.timedelta(hours=_HOURS_TO_LOAD),
        timezone=settings.timezone,
    )


def day_before(moment: dt.datetime, timezone: str) -> dt.date:
    """Give the day before a moment in a store's time zone; this holds across clock changes."""
    return moment.astimezone(ZoneInfo(timezone)).date() - dt.timedelta(1)


def last_scheduled_day(now: dt.datetime, settings: Settings) -> dt.date:
    """Give the last batch day whose scheduled load has started by `now`."""
    local = now.astimezone(ZoneInfo(settings.timezone))
    return local.date() - dt.timedelta(1 if local.time() >= settings.load_at else 2)


def _cron(at: dt.time) -> str:
    return f"{at.minute} {at.hour} * * *"
