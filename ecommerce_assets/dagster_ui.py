"""`python -m ecommerce_assets.dagster_ui`: Dagster's UI behind the guard that the API has too.

Dagster's webserver has no log-in, answers any origin, and runs mutations sent by GET, so that any
page open in the same browser could stop a schedule. What the UI shows does not belong here.
"""

import argparse
import binascii
import hmac
import sys
from base64 import b64decode

from dagster import DagsterInstance
from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecommerce_api.guard import host_name, is_local_name, is_loopback, is_of_another_page
from ecommerce_assets.dagster_instance.private_serving import (
    WorkspaceFileTarget,
    WorkspaceProcessContext,
)
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings, load_settings

_FOR_HEALTH_CHECKS = "/server_info"  # the versions of Dagster
_STATEMENT_MILLISECONDS = 15_000
_RECYCLE_SECONDS = 3_600
_CONNECTIONS = 20

# Dagster shows notebooks in frames of its own.
_OWN_FRAMES_ONLY = (
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"content-security-policy", b"frame-ancestors 'self'"),
)


def main() -> int:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(prog="python -m ecommerce_assets.dagster_ui")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--workspace", required=True, help="the workspace.yaml to show")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 1
    from dagster_webserver.app import create_app_from_workspace_process_context

    from ecommerce_api.http_limits import run

    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(_STATEMENT_MILLISECONDS, _RECYCLE_SECONDS, _CONNECTIONS)
        target = WorkspaceFileTarget(paths=[arguments.workspace])
        with WorkspaceProcessContext(instance, target) as context:
            app = create_app_from_workspace_process_context(context)
            return run(Guarded(app, settings), arguments.host, arguments.port)


def require_password(settings: Settings, host: str) -> None:
    """Refuse an address that others reach while no password is set.

    Raises:
        OperatorError: none is.
    """
    if settings.ui_password is None and not (host == "localhost" or is_loopback(host)):
        raise OperatorError(
            f"The Dagster UI does not listen on {host} without a password, since it can change "
            "everything; set ECOMMERCE_UI_PASSWORD."
        )


class Guarded:
    """Dagster's app behind a password, closed to requests that other web pages send.

    With a password, requests that have it are answered under any host name. Without one, the host
    name must be this machine's, or one of `ECOMMERCE_UI_HOSTS`.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        password = settings.ui_password
        self._password = password.get_secret_value().encode() if password else None
        self._hosts = {name.strip().lower() for name in settings.ui_hosts.split(",")} - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to Dagster's app, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, _framed(send))
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        if is_of_another_page(headers):
            return PlainTextResponse("Another page's requests are not answered.\n", 403)
        if self._password is None:
            name = host_name(headers)
            if not (is_local_name(name) or name in self._hosts):
                return PlainTextResponse(
                    "This host name is not known; set ECOMMERCE_UI_HOSTS or a password, "
                    "ECOMMERCE_UI_PASSWORD.\n",
                    403,
                )
        elif scope["path"] != _FOR_HEALTH_CHECKS and not _has_password(headers, self._password):
            return PlainTextResponse(
                "Log in with any name and the password that is set as ECOMMERCE_UI_PASSWORD.\n",
                401,
                {"WWW-Authenticate": 'Basic realm="Dagster", charset="UTF-8"'},
            )
        if (
            scope["type"] == "http"
            and scope["method"] != "POST"
            and "query" in QueryParams(scope["query_string"])
            and scope["path"] == "/graphql"
        ):
            return PlainTextResponse("Send queries by POST.\n", 405, {"Allow": "POST"})
        return None


def _has_password(headers: Headers, password: bytes) -> bool:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        _, _, given = b64decode(token, validate=True).partition(b":")
    except binascii.Error:
        return False
    return hmac.compare_digest(given, password)


def _framed(send: Send) -> Send:
    async def send_framed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_OWN_FRAMES_ONLY]}
        await send(message)

    return send_framed


if __name__ == "__main__":
    sys.exit(main())
