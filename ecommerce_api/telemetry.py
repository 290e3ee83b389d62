"""Each request's id, its line in the log, and the Prometheus figures.

Lines are JSON on standard output. They have paths, never parameters, bodies or keys.
"""

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecommerce_api.guard import FRAMES_REFUSED
from ecommerce_api.problems import ApiError, problem_response

LOGGER = logging.getLogger("ecommerce_api")
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; what its message is made of are the line's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment, "level": record.levelname, "message": record.msg}
        if isinstance(record.args, Mapping):
            line |= record.args
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_as_json() -> None:
    """Have the API's log written to standard output, unless somebody has set it up otherwise."""
    if LOGGER.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    LOGGER.addHandler(handler)
    if LOGGER.level == logging.NOTSET:
        LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


class Figures:
    """The Prometheus figures of one app."""

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
        self.kept = Counter(
            "ecommerce_api_kept_answers",
            "Requests answered from memory",
            registry=self.registry,
        )
        self.connections = Gauge(
            "ecommerce_api_connections",
            "Connections to the database",
            ["state"],
            registry=self.registry,
        )


class Telemetry:
    """Numbers each request, and logs and counts it once it is answered."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; an exception that nobody expected becomes a problem, and its trace a log line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        state = scope.setdefault("state", {})
        method = scope["method"]
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        sent = {"status": 0, "bytes": 0}

        async def send_numbered(message: Message) -> None:
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
            await self._app(scope, receive, send_numbered)
        except Exception:
            LOGGER.exception("fault", {"request_id": request_id})
            if sent["status"]:
                raise
            fault = ApiError(f"The log has what went wrong, under the request id {request_id}.")
            await problem_response(fault)(scope, receive, send_numbered)
        finally:
            seconds = time.perf_counter() - begun
            self._count(method, scope, str(sent["status"]), seconds)
            LOGGER.info(
                "request",
                {
                    "request_id": request_id,
                    "client": scope["client"][0] if scope.get("client") else None,
                    "key": state.get("key_name"),
                    "method": method,
                    "path": scope["path"],
                    **sent,
                    "milliseconds": round(seconds * 1000, 2),
                    "kept": state.get("was_kept", False),
                },
            )

    def _count(self, method: str, scope: Scope, status: str, seconds: float) -> None:
        route = scope["state"].get("route") or getattr(scope.get("route"), "path", "(none)")
        known_method = method if method in ("GET", "HEAD") else "(other)"
        self._figures.requests.labels(known_method, route, status).inc()
        self._figures.seconds.labels(route).observe(seconds)
        if scope["state"].get("was_kept"):
            self._figures.kept.inc()


def _request_id(given: str) -> str:
    """Take over the id that a client or proxy gave, if it is one."""
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
