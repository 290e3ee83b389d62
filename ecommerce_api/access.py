"""Access control: requests need an API key; without any key set, only this machine is served.

While no key is set, a request is refused if it could come from another machine: another address on
either end, a proxy's headers, a host name that is not this machine's, or another web page
(`guard`).
"""

import hmac
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ecommerce_api.database import Database
from ecommerce_api.guard import host_name, is_local_name, is_loopback, is_of_another_page
from ecommerce_api.problems import (
    ApiError,
    ForbiddenError,
    UnauthorizedError,
    UnavailableError,
    problem_response,
)
from ecommerce_assets.api_keys import key_sha256

METRICS_PATH = "/internal/metrics"
_OPEN_PATHS = ("/", "/docs", "/openapi.json")
_OPEN_FOLDERS = ("/health/", "/assets/")
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")

NO_KEYS = (
    "No API key is set, so that only this machine is answered; "
    "make a key with `ecommerce api-key create NAME`."
)


class Access:
    """Refuses requests without access, before anything else is done for them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a problem."""
        if scope["type"] == "http":
            try:
                await _require_access(scope)
            except ApiError as refusal:
                await problem_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _require_access(scope: Scope) -> None:
    headers = Headers(scope=scope)
    local = is_local(scope, headers)
    is_open = _is_open(scope["path"])
    if is_open and local:
        return
    database: Database = scope["app"].state.database
    try:
        warehouse = await database.state()
    except UnavailableError:
        if is_open:
            return
        raise
    scope["state"]["warehouse"] = warehouse
    if not warehouse.key_names:
        if not local:
            raise ForbiddenError(NO_KEYS)
    elif not (is_open or (scope["path"] == METRICS_PATH and local)):
        scope["state"]["key_name"] = _key_name(headers, warehouse.key_names)


def _is_open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS)


def _key_name(headers: Headers, key_names: Mapping[str, str]) -> str:
    """Give the name of a request's key; every comparison takes constant time."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    if not key:
        raise UnauthorizedError(
            "Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; "
            "`ecommerce api-key create NAME` makes one."
        )
    digest = key_sha256(key)
    names = [name for known, name in key_names.items() if hmac.compare_digest(known, digest)]
    if not names:
        raise UnauthorizedError("This key is not known, or was revoked; ask for another one.")
    return names[0]


def is_local(scope: Scope, headers: Headers) -> bool:
    """Say whether a request came from this machine: through no proxy, and not from another page."""
    ends = (scope.get("server"), scope.get("client"))
    return (
        all(end is not None and is_loopback(end[0]) for end in ends)
        and is_local_name(host_name(headers))
        and not any(name in headers for name in _PROXY_HEADERS)
        and not is_of_another_page(headers)
    )
