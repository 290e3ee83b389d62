"""What every answer gets: an ETag, gzip, and a place in a cache until the warehouse changes.

Errors are passed on as they are.
"""

import gzip
import hashlib
from collections import OrderedDict
from functools import cached_property

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecommerce_api.database import Look
from ecommerce_api.representations import prefers_csv

KEPT_BYTES = 64 * 2**20
_LARGEST_KEPT = KEPT_BYTES // 8
_LEAST_ZIPPED = 1000
_ZIPPED_TYPES = ("application/json", "text/", "image/svg+xml", "application/javascript")
_VARY = (b"vary", b"Accept, Accept-Encoding")

RawHeaders = list[tuple[bytes, bytes]]
Key = tuple[str, bytes, bool]


class Answer:
    """A response of status 200, ready to be sent to whoever asks for the same."""

    def __init__(self, route: str, headers: RawHeaders, body: bytes) -> None:
        named = {name: value for name, value in headers if name != b"content-length"}
        named.setdefault(b"cache-control", b"private, no-cache")
        digest = hashlib.sha256(body).hexdigest()[:32]
        self.route = route
        self.body = body
        self._content_type = named.pop(b"content-type", b"")
        self._tags = (f'"{digest}"'.encode(), f'"{digest}-gzip"'.encode())
        named.pop(b"etag", None)
        self._headers = [*named.items(), _VARY]
        self._can_zip = len(body) >= _LEAST_ZIPPED and self._content_type.decode().startswith(
            _ZIPPED_TYPES
        )

    def message(self, request: Headers, is_head: bool) -> tuple[Message, Message]:
        """Give what is sent for a request: the body as it is or zipped, or that nothing changed."""
        zipped = self._can_zip and _accepts_gzip(request.get("accept-encoding", ""))
        tag = self._tags[zipped]
        common = [*self._headers, (b"etag", tag)]
        if _matches(request.get("if-none-match", ""), self._tags):
            return _messages(304, common, b"")
        body = self._zipped if zipped else self.body
        headers = [
            *common,
            (b"content-type", self._content_type),
            (b"content-length", str(len(body)).encode()),
            *([(b"content-encoding", b"gzip")] if zipped else []),
        ]
        return _messages(200, headers, b"" if is_head else body)

    @property
    def size(self) -> int:
        """About what it takes in memory, zipped and as it is."""
        return len(self.body) * (2 if self._can_zip else 1) + 2000

    @cached_property
    def _zipped(self) -> bytes:
        return gzip.compress(self.body, compresslevel=6, mtime=0)


class Answers:
    """Gives what is kept, and keeps what an inner app answers from a version of the warehouse."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept = Kept()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD; anything else is handed on."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_head = scope["method"] == "HEAD"
        look: Look | None = scope["state"].get("look")
        key = (scope["path"], scope["query_string"], prefers_csv(headers.get("accept", "")))
        answer = self._kept.get(look.version, key) if look else None
        scope["state"]["was_kept"] = answer is not None
        if answer is None:
            # A copy: the server knows by its own scope that the answer to HEAD has no body.
            asked = {**scope, "method": "GET"}
            start, body = await _asked(self._app, asked, receive)
            scope["state"]["route"] = _route(asked)
            if start["status"] != 200:
                await send(start)
                await send({"type": "http.response.body", "body": b"" if is_head else body})
                return
            answer = Answer(_route(asked), start["headers"], body)
            self._kept.put(scope["state"].get("version"), key, answer)
        scope["state"]["route"] = answer.route
        for message in answer.message(headers, is_head):
            await send(message)


class Kept:
    """Answers of one version of the warehouse, those given last, within `KEPT_BYTES`."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0

    def get(self, version: str, key: Key) -> Answer | None:
        """Give what was answered at this version; what was kept of another one is dropped."""
        if version != self._version:
            self._version = version
            self._answers.clear()
            self._bytes = 0
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, version: str | None, key: Key, answer: Answer) -> None:
        """Keep an answer of the current version; one of another, or of none, is not kept."""
        size = _size(key, answer)
        if version is None or version != self._version or size > _LARGEST_KEPT:
            return
        replaced = self._answers.pop(key, None)
        if replaced is not None:
            self._bytes -= _size(key, replaced)
        self._answers[key] = answer
        self._bytes += size
        while self._bytes > KEPT_BYTES:
            oldest_key, oldest = self._answers.popitem(last=False)
            self._bytes -= _size(oldest_key, oldest)


def _size(key: Key, answer: Answer) -> int:
    return answer.size + len(key[0]) + len(key[1])


async def _asked(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
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


def _matches(if_none_match: str, tags: tuple[bytes, bytes]) -> bool:
    if not if_none_match:
        return False
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in given or any(tag.decode() in given for tag in tags)


def _accepts_gzip(accept_encoding: str) -> bool:
    qualities = {}
    for part in accept_encoding.lower().split(","):
        coding, _, quality = part.partition(";")
        qualities[coding.strip()] = quality.strip().removeprefix("q=") or "1"
    quality = qualities.get("gzip", qualities.get("*", "0"))
    return quality.strip("0.") != ""
