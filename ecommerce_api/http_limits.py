"""Limits on a connection, before any app sees a request: size and number of headers, and time.

The API and Dagster's UI are both served with these limits.
"""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_BYTES = 32 * 2**10
"""The most bytes of a request's line and headers together."""
HEADERS = 100
REQUEST_SECONDS = 30.0
"""The most seconds from a connection's opening, or a request's first byte, to its last byte."""
STALLED_SECONDS = 60.0
"""The most seconds that an answer waits for a client which does not read it."""


class _TooLargeError(Exception):
    """A request's line and headers are above a limit."""


class LimitedHttp(HttpToolsProtocol):
    """One connection: it answers 431 above the size limits, and closes at the time limits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._is_in_head = False
        self._is_too_large = False
        self._request_deadline: asyncio.TimerHandle | None = None
        self._stall_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first request."""
        super().connection_made(transport)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the time limits."""
        self._end_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, and count those of an unfinished head."""
        super().data_received(data)
        if self._is_in_head:
            # The parser buffers an unfinished header, so that `on_header` does not see it yet.
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self._is_too_large = True
                self.send_400_response("")
        if self.cycle is None or self.cycle.response_complete:
            self._expect_request()

    def on_message_begin(self) -> None:
        """Start to count the bytes of a request's head."""
        super().on_message_begin()
        self._is_in_head = True
        self._head_bytes = 0
        self._expect_request()

    def on_url(self, url: bytes) -> None:
        """Count the bytes of a piece of the request's URL."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the bytes of a header, and the headers."""
        self._count(name + value)
        super().on_header(name, value)
        if len(self.headers) > HEADERS:
            self._is_too_large = True
            raise _TooLargeError

    def on_headers_complete(self) -> None:
        """Pass the request to the app."""
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Cancel the time limit: the request is complete."""
        self._end_waiting()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Pass the connection to the WebSocket protocol, which has time limits of its own."""
        self._end_waiting()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Answer 400, or 431 above a limit, and close the connection."""
        if not self._is_too_large:
            super().send_400_response(msg)
            return
        text = f"The request's headers are above {HEAD_BYTES} bytes, or more than {HEADERS}.\n"
        self.transport.write(
            STATUS_LINE[431] + b"content-type: text/plain; charset=utf-8\r\n"
            b"connection: close\r\n" + f"content-length: {len(text)}\r\n\r\n{text}".encode("ascii")
        )
        self.transport.close()

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not read its answer."""
        super().pause_writing()
        if self._stall_deadline is None:
            self._stall_deadline = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Cancel that time limit."""
        super().resume_writing()
        if self._stall_deadline is not None:
            self._stall_deadline.cancel()
            self._stall_deadline = None

    def _count(self, piece: bytes) -> None:
        self._head_bytes += len(piece)
        if self._head_bytes > HEAD_BYTES:
            self._is_too_large = True
            raise _TooLargeError

    def _expect_request(self) -> None:
        if self._request_deadline is None and not self.transport.is_closing():
            self._request_deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _end_waiting(self) -> None:
        if self._request_deadline is not None:
            self._request_deadline.cancel()
            self._request_deadline = None


def run(app: Any, host: str, port: int) -> int:
    """Serve an app until the process is signalled; give its exit status."""
    server = uvicorn.Server(config(app, host, port))
    server.run()
    return 0 if server.started else 3


def config(app: Any, host: str, port: int) -> uvicorn.Config:
    """Configure uvicorn: with these limits, and without its own access log."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=LimitedHttp,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
