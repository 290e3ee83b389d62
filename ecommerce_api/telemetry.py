"""Each request's id, its line in the log, and its Prometheus metrics.

A log line is JSON on standard output. It has the path, never parameters, bodies or keys.
"""

import logging
import re
import secrets
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecommerce_api.guard import FRAMES_REFUSED
from ecommerce_api.problems import ApiError, problem_response

LOGGER: structlog.typing.FilteringBoundLogger = structlog.get_logger("ecommerce_api")
_ROUTINE_FOLDERS = ("/assets/", "/health/")  # some fifty files a page, a probe every few seconds
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def configure_log(level: int = logging.INFO) -> None:
    """Write the API's log as JSON to standard output, unless structlog is configured already."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", key="time"),
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(),
    )


class ApiMetrics:
    """The Prometheus metrics of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ecommerce_api_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "ecommerce_api_request_seconds",
            "Seconds until a request was answered",
            ["route"],
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=self.registry,
        )
        self.cached_answers = Counter(
            "ecommerce_api_cached_answers",
            "Requests answered from the cache",
            registry=self.registry,
        )
        self.connections = Gauge(
            "ecommerce_api_connections",
            "Connections to the database",
            ["state"],
            registry=self.registry,
        )


class TelemetryMiddleware:
    """Gives each request an id, and logs and counts it once it is answered."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; log an unexpected exception's trace, and answer 500 without it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        state = scope.setdefault("state", {})
        method = scope["method"]
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        sent = {"status": 0, "bytes": 0}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"] = message["status"]
                message = {
                    **message,
                    "headers": [
                        *message["headers"],
                        (b"x-request-id", request_id.encode()),
                        (b"x-content-type-options", b"nosniff"),
                        *FRAMES_REFUSED,
                    ],
                }
            else:
                sent["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            # The outermost layer: a fault of the program is logged, and answered as 500.
            LOGGER.exception("fault", request_id=request_id)
            if sent["status"]:
                raise
            fault = ApiError(f"The log has what went wrong, under the request id {request_id}.")
            await problem_response(fault)(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - begun
            self._count(method, scope, str(sent["status"]), seconds)
            is_routine = scope["path"].startswith(_ROUTINE_FOLDERS) and sent["status"] < 400
            LOGGER.log(
                logging.DEBUG if is_routine else logging.INFO,
                "request",
                request_id=request_id,
                client=scope["client"][0] if scope.get("client") else None,
                key=state.get("key_name"),
                method=method,
                path=state.get("folder", "") + scope["path"],
                status=sent["status"],
                bytes=sent["bytes"],
                milliseconds=round(seconds * 1000, 2),
                cached=state.get("is_cached", False),
            )

    def _count(self, method: str, scope: Scope, status: str, seconds: float) -> None:
        route = scope["state"].get("route") or getattr(scope.get("route"), "path", "(none)")
        known_method = method if method in ("GET", "HEAD") else "(other)"
        self._metrics.requests.labels(known_method, route, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if scope["state"].get("is_cached"):
            self._metrics.cached_answers.inc()


def _request_id(given: str) -> str:
    """Give the id that a client or proxy sent if it is well formed, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
