"""A connection that exceeds the limits of size or time is refused and closed."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from ecommerce_api import http_limits
from ecommerce_api.http_limits import HEAD_BYTES, HEADERS
from ecommerce_tests.waiting import until

CLOSED_WITHIN = 20


@contextmanager
def connected(client: httpx.Client) -> Iterator[socket.socket]:
    """Open a connection."""
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address, timeout=CLOSED_WITHIN) as connection:
        yield connection


def received(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:  # it had more to read, and would not
        pass
    return b"".join(parts)


def head(*headers: bytes, path: bytes = b"/health/live") -> bytes:
    """Write a request."""
    lines = [b"GET " + path + b" HTTP/1.1", b"Host: localhost", *headers]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


KEPT_OPEN = head().replace(b"Connection: close\r\n", b"")


@pytest.mark.parametrize(
    "request_head",
    [
        pytest.param(head(b"X-Long: " + b"x" * HEAD_BYTES), id="a long header"),
        pytest.param(head(b"x" * HEAD_BYTES + b": 1"), id="a long name"),
        pytest.param(head(path=b"/" + b"x" * HEAD_BYTES), id="a long address"),
        pytest.param(head(*[b"X: 1"] * HEADERS), id="many headers"),
        pytest.param(head(*[b"X: " + b"x" * 1000] * 40), id="together too long"),
    ],
)
def test_a_head_above_the_limits_is_refused(plain_api: httpx.Client, request_head: bytes) -> None:
    with connected(plain_api) as connection:
        connection.sendall(request_head)
        status, _, rest = received(connection).partition(b"\r\n")

    assert status == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert rest.endswith(b"The request's headers are above 32768 bytes, or more than 100.\n")


def test_a_head_within_the_limits_is_answered(plain_api: httpx.Client) -> None:
    with connected(plain_api) as connection:
        connection.sendall(head(*[b"X: " + b"x" * 300] * (HEADERS - 2)))

        assert received(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_header_without_an_end_costs_no_memory_and_stalls_nobody(
    plain_api: httpx.Client,
) -> None:
    before = psutil.Process().memory_info().rss
    with connected(plain_api) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Endless: ")
        sent = 0
        try:
            for _ in range(1000):
                connection.sendall(b"x" * 65536)
                sent += 65536
        except OSError:
            pass
        begun = time.monotonic()
        assert plain_api.get("/health/live").status_code == 200

    assert sent < 30 * 2**20  # the rest is what the sockets' buffers took in
    assert time.monotonic() - begun < 1
    assert psutil.Process().memory_info().rss - before < 50 * 2**20


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /health/live HTTP/1.1\r\nHost: loc", id="half a head"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx", id="half a body"),
    ],
)
def test_a_connection_that_asks_nothing_is_closed(
    plain_api: httpx.Client, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "REQUEST_SECONDS", 0.3)
    with connected(plain_api) as connection:
        begun = time.monotonic()
        connection.sendall(sent)
        received(connection)

        assert time.monotonic() - begun < CLOSED_WITHIN


def test_empty_lines_after_an_answer_keep_no_connection_open(
    plain_api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "REQUEST_SECONDS", 0.3)
    with connected(plain_api) as connection:
        connection.sendall(KEPT_OPEN)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(b"\r\n")
        assert received(connection) == b""


def test_who_does_not_take_the_answer_is_cut_off(
    plain_api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "STALLED_SECONDS", 0.3)
    with connected(plain_api) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        script = b"/assets/vendor/swagger-ui/swagger-ui-bundle.js"
        connection.sendall(KEPT_OPEN.replace(b"/health/live", script) * 200)
        server = (plain_api.base_url.host, plain_api.base_url.port)

        def is_cut_off() -> bool:
            return not any(
                each.laddr == server and each.raddr == connection.getsockname()
                for each in psutil.Process().net_connections("tcp")
            )

        until(is_cut_off, CLOSED_WITHIN)


def test_requests_one_after_the_other_are_each_answered(plain_api: httpx.Client) -> None:
    with connected(plain_api) as connection:
        connection.sendall(KEPT_OPEN * 3 + head())

        assert received(connection).count(b"HTTP/1.1 200 OK\r\n") == 4
