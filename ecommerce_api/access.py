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
_FILES = ("/", "/docs", "/openapi.json", "/health/live")
_OPEN_PATHS = ("/", "/docs", "/openapi.json")
_OPEN_FOLDERS = ("/health/", "/assets/")
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")

NO_KEYS = (
    "No API key is set, so that only this machine is answered; "
    "make a key with `ecommerce api-key create NAME`."
)


NO_KEY = (
    "Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; "
    "`ecommerce api-key create NAME` makes one."
)
UNKNOWN_KEY = "This key is not known, or was revoked; ask for another one."


class Access:
    """Refuses requests without access, before anything else is done for them.

    With `is_shared` the app is one of several stores': who has no key of the store learns nothing
    of it, not even from this machine, nor whether it is there.
    """

    def __init__(self, app: ASGIApp, *, is_shared: bool = False) -> None:
        self._app = app
        self._require_access = _require_key if is_shared else _require_access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a problem."""
        if scope["type"] == "http":
            try:
                await self._require_access(scope)
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


async def _require_key(scope: Scope) -> None:
    if scope["path"] in _FILES or scope["path"].startswith("/assets/"):
        return
    headers = Headers(scope=scope)
    database: Database = scope["app"].state.database
    try:
        warehouse = await database.state()
    except UnavailableError:
        # Only who has a key may know that the store's database is down.
        _key_name(headers, database.known_keys)
        raise
    scope["state"]["warehouse"] = warehouse
    scope["state"]["key_name"] = _key_name(headers, warehouse.key_names)


def _is_open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS)


def _key_name(headers: Headers, key_names: Mapping[str, str]) -> str:
    key = given_key(headers)
    if not key:
        raise UnauthorizedError(NO_KEY)
    name = name_of(key, key_names)
    if name is None:
        raise UnauthorizedError(UNKNOWN_KEY)
    return name


def given_key(headers: Headers) -> str:
    """Give the key that a request has, or an empty text."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def name_of(key: str, key_names: Mapping[str, str]) -> str | None:
    """Give the name of a key, None if it is unknown; every comparison takes constant time."""
    digest = key_sha256(key)
    names = [name for known, name in key_names.items() if hmac.compare_digest(known, digest)]
    return names[0] if names else None


def is_local(scope: Scope, headers: Headers) -> bool:
    """Say whether a request came from this machine: through no proxy, and not from another page."""
    ends = (scope.get("server"), scope.get("client"))
    return (
        all(end is not None and is_loopback(end[0]) for end in ends)
        and is_local_name(host_name(headers))
        and not any(name in headers for name in _PROXY_HEADERS)
        and not is_of_another_page(headers)
    )
