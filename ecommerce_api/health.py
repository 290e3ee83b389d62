"""Health checks, and the metrics for Prometheus."""

from typing import Literal

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.access import METRICS_PATH
from ecommerce_api.database import Database, reading
from ecommerce_api.fields import Answer, Fields, Tenth
from ecommerce_api.openapi import described
from ecommerce_api.representations import represented
from ecommerce_api.telemetry import ApiMetrics

router = APIRouter(tags=["Health"])


class Liveness(Fields):
    """The process is up."""

    status: Literal["up"] = Field(description="Always `up`.", examples=["up"])


class Readiness(Answer):
    """The database answers, and the warehouse is loaded."""

    status: Literal["ready"] = Field(description="Always `ready`.", examples=["ready"])
    replica_lag_seconds: Tenth | None = Field(
        description="How far the replica that answers is behind its primary, as far as it knows; "
        "null where the primary answers.",
        examples=[None],
    )


# A replica that has replayed all it was sent is up to date, unless nothing sends to it any more.
# One that has replayed no transaction since it started is behind for as long as that, at least.
_REPLICA_LAG = """
    select case
        when not pg_is_in_recovery() then null
        when pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()
             and exists (select from pg_stat_wal_receiver) then 0.0
        else round(extract(epoch from clock_timestamp() - coalesce(
            pg_last_xact_replay_timestamp(), pg_postmaster_start_time())), 1)
    end
"""


@router.get("/health/live", summary="Whether the process is up")
async def get_liveness() -> Liveness:
    """Say that the process is up; this asks nothing of the database."""
    return Liveness(status="up")


@router.get("/health/ready", summary="Whether questions can be answered", **described(Readiness))
async def get_readiness(request: Request) -> Response:
    """Say whether the API can answer questions; a 503 says why it cannot."""
    async with reading(request, cache=False) as warehouse:
        return represented(
            request,
            Readiness(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                status="ready",
                replica_lag_seconds=await warehouse.value(_REPLICA_LAG),
            ),
        )


@router.get(METRICS_PATH, include_in_schema=False)
async def get_prometheus_metrics(request: Request) -> Response:
    """Give this process's metrics to Prometheus."""
    prometheus: ApiMetrics = request.app.state.prometheus
    database: Database = request.app.state.database
    open_connections, busy = database.connections
    prometheus.connections.labels("open").set(open_connections)
    prometheus.connections.labels("busy").set(busy)
    return Response(generate_latest(prometheus.registry), media_type=CONTENT_TYPE_LATEST)
