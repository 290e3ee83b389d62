"""Posts failed runs, and failed checks of successful runs, to `ECOMMERCE_WEBHOOK_URL`."""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg

from ecommerce_assets.checks.results import failed_checks
from ecommerce_assets.dagster_instance.dead_runs import is_of_store
from ecommerce_assets.partitions import run_range
from ecommerce_assets.settings import Settings

INTERVAL_SECONDS = 60
"""How often Dagster looks for runs that ended."""


def failure_hooks(settings: Settings) -> list[dg.SensorDefinition]:
    """Build the sensors that post failed runs and failed checks; none if no URL is set."""
    webhook = settings.webhook_url
    if webhook is None:
        return []

    def post_failures(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        if not is_of_store(context.dagster_run, settings.store_id):
            return dg.SkipReason("The run is another store's.")
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
            minimum_interval_seconds=INTERVAL_SECONDS,
            description="Posts a failed run, or its failed checks, to ECOMMERCE_WEBHOOK_URL.",
        )(post_failures)
        for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS)
    ]


def failure_message(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, Any] | None:
    """Describe a run's failures as JSON that chat services read (`text`); None without any."""
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


def _days(tags: Mapping[str, str]) -> str:
    days = run_range(tags)
    if days is None:
        return "no day"
    first, last = days
    return f"{first}" if first == last else f"{first} to {last}"


def _post(url: str, message: Mapping[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 (the operator names the address)
        url,
        data=json.dumps(message).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass
