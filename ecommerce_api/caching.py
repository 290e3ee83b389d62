"""The HTTP cache: ETags, gzip, and answers held in memory until the warehouse changes.

Errors pass through unchanged. `representations` chooses between JSON and CSV.
"""

import gzip
import hashlib
from functools import cached_property, lru_cache

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.http import parse_accept_header, parse_etags

from ecommerce_api.database import WarehouseState
from ecommerce_api.representations import prefers_csv

CACHE_BYTES = 64 * 2**20
_LARGEST_CACHED = CACHE_BYTES // 8
_SMALLEST_COMPRESSED = 1000
_COMPRESSED_TYPES = ("application/json", "text/", "image/svg+xml", "application/javascript")
_VARY = (b"vary", b"Accept, Accept-Encoding")

RawHeaders = list[tuple[bytes, bytes]]
Key = tuple[str, bytes, bool]
"""A request's path, its query string, and whether it prefers CSV."""
_Entry = tuple[Key, "CachedAnswer"]


class CachedAnswer:
    """A response of status 200 to a GET, with its ETags and its compressed body."""

    def __init__(self, route: str, headers: RawHeaders, body: bytes) -> None:
        named = {name: value for name, value in headers if name != b"content-length"}
        named.setdefault(b"cache-control", b"private, no-cache")
        digest = hashlib.sha256(body).hexdigest()[:32]
        self.route = route
        self.body = body
        self._content_type = named.pop(b"content-type", b"")
        self._etags = (digest, f"{digest}-gzip")
        named.pop(b"etag", None)
        self._headers = [*named.items(), _VARY]
        self._is_compressible = len(
            body
        ) >= _SMALLEST_COMPRESSED and self._content_type.decode().startswith(_COMPRESSED_TYPES)

    def messages(self, request: Headers, is_head: bool) -> tuple[Message, Message]:
        """Give the ASGI messages that answer a request: 304, or 200 with a body it accepts."""
        compressed = self._is_compressible and _accepts_gzip(request.get("accept-encoding", ""))
        common = [*self._headers, (b"etag", f'"{self._etags[compressed]}"'.encode())]
        if self._matches(request.get("if-none-match", "")):
            return _messages(304, common, b"")
        body = self._compressed if compressed else self.body
        headers = [
            *common,
            (b"content-type", self._content_type),
            (b"content-length", str(len(body)).encode()),
            *([(b"content-encoding", b"gzip")] if compressed else []),
        ]
        return _messages(200, headers, b"" if is_head else body)

    @property
    def size(self) -> int:
        """Estimate the bytes it takes in memory, with the compressed body."""
        return len(self.body) * (2 if self._is_compressible else 1) + 2000

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self.body, compresslevel=6, mtime=0)

    def _matches(self, if_none_match: str) -> bool:
        if not if_none_match:
            return False
        given = parse_etags(if_none_match)
        return any(given.contains_weak(etag) for etag in self._etags)


class CachingMiddleware:
    """Answers from the cache where it can, and otherwise caches what the inner app answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cache = AnswerCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD; pass every other request to the inner app."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_head = scope["method"] == "HEAD"
        warehouse: WarehouseState | None = scope["state"].get("warehouse")
        key = (scope["path"], scope["query_string"], prefers_csv(headers.get("accept", "")))
        answer = self._cache.get(warehouse.version, key) if warehouse else None
        scope["state"]["is_cached"] = answer is not None
        if answer is None:
            # The server sends no body to HEAD by the method of its own scope, so this is a copy.
            get_scope = {**scope, "method": "GET"}
            start, body = await _collected(self._app, get_scope, receive)
            scope["state"]["route"] = _route(get_scope)
            if start["status"] != 200:
                await send(start)
                await send({"type": "http.response.body", "body": b"" if is_head else body})
                return
            answer = CachedAnswer(_route(get_scope), start["headers"], body)
            self._cache.put(scope["state"].get("version"), key, answer)
        scope["state"]["route"] = answer.route
        for message in answer.messages(headers, is_head):
            await send(message)


class AnswerCache:
    """Answers of one version of the warehouse, the most recently used, within `CACHE_BYTES`."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._answers: LRUCache[Key, _Entry] = LRUCache(CACHE_BYTES, _entry_size)

    def get(self, version: str, key: Key) -> CachedAnswer | None:
        """Give the answer cached at this version; answers of another version are dropped."""
        if version != self._version:
            self._version = version
            self._answers.clear()
        entry = self._answers.get(key)
        return entry[1] if entry else None

    def put(self, version: str | None, key: Key, answer: CachedAnswer) -> None:
        """Cache an answer of the current version; ignore one of another version or of none."""
        entry = (key, answer)
        is_current = version is not None and version == self._version
        if is_current and _entry_size(entry) <= _LARGEST_CACHED:
            self._answers[key] = entry


def _entry_size(entry: _Entry) -> int:
    (path, query, _), answer = entry
    return len(path) + len(query) + answer.size


async def _collected(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Run an app, and give the start message and the whole body of its response."""
    started: list[Message] = []
    parts: list[bytes] = []

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, collect)
    return started[0], b"".join(parts)


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "") or "(none)"


def _messages(status: int, headers: RawHeaders, body: bytes) -> tuple[Message, Message]:
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


@lru_cache
def _accepts_gzip(accept_encoding: str) -> bool:
    return parse_accept_header(accept_encoding).quality("gzip") > 0
