"""Measures the API's requests per second on the configured warehouse: `python benchmarks/api.py`.

With another checkout first in `PYTHONPATH`, it measures the API of that one.

One uvicorn process serves the app, with an added route that returns a constant of the size of
`/metrics/daily`. Another process sends requests over 32 connections, each as soon as it is
answered.
"""

import asyncio
import datetime as dt
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

import httpx
import psutil
import psycopg
import uvloop
from machine import machine
from starlette.requests import Request
from starlette.responses import Response

from ecommerce_api.main import create_app
from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.database_url import database_url

CONNECTIONS = 32
WARM_UP_SECONDS = 1.0
SECONDS = 8.0
PORT = 8765
app = create_app()
_constant = Response(b"")


@app.get("/constant")
async def get_constant() -> Response:
    """Give the constant."""
    return Response(_constant.body, media_type="application/json")


@app.put("/constant")
async def put_constant(request: Request) -> Response:
    """Take the constant."""
    _constant.body = await request.body()
    return Response()


@dataclass(frozen=True)
class Result:
    """What one kind of request came to."""

    name: str
    per_second: float
    median_ms: float
    p99_ms: float
    processor_us: float
    """What the API's process computed for one; other work of the machine does not show in it."""
    postgres_us: float
    """The same of PostgreSQL's processes, which must be on this machine."""


class Connection(asyncio.Protocol):
    """Asks over one connection, one request after the other, and notes how long each took."""

    def __init__(self, requests: Iterator[bytes], seconds: list[float]) -> None:
        self._requests = requests
        self._seconds = seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Ask again once the whole answer is there."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        head = head.lower()
        if not head.startswith((b"http/1.1 200", b"http/1.1 304")):
            raise RuntimeError(head.decode())
        _, has_length, length = head.partition(b"content-length: ")
        if has_length and len(body) < int(length.partition(b"\r")[0]):
            return
        self._received = b""
        self._seconds.append(time.perf_counter() - self._asked_at)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))


async def measure(name: str, requests: list[bytes], server: psutil.Process) -> Result:
    """Ask for some seconds."""
    loop = asyncio.get_running_loop()
    seconds: list[float] = []
    turns = cycle(requests)
    connections = [
        await loop.create_connection(lambda: Connection(turns, seconds), "127.0.0.1", PORT)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(WARM_UP_SECONDS)
    seconds.clear()
    backends = _backends()
    computed_before, queried_before = _cpu_seconds(server), sum(map(_cpu_seconds, backends))
    await asyncio.sleep(SECONDS)
    computed = _cpu_seconds(server) - computed_before
    queried = sum(map(_cpu_seconds, backends)) - queried_before
    counted = sorted(seconds)
    for transport, _ in connections:
        transport.abort()
    return Result(
        name,
        len(counted) / SECONDS,
        statistics.median(counted) * 1000,
        counted[int(len(counted) * 0.99)] * 1000,
        computed / len(counted) * 1e6,
        queried / len(counted) * 1e6,
    )


def _backends() -> list[psutil.Process]:
    """Give PostgreSQL's processes that serve the API; it keeps its connections while measured."""
    query = "select pid from pg_stat_activity where application_name = 'ecommerce api'"
    with psycopg.connect(database_url(load_settings())) as connection:
        return [psutil.Process(pid) for (pid,) in connection.execute(query).fetchall()]


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def request(path: str, *headers: str) -> bytes:
    """Write a request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def distinct_requests(path: str, as_of: dt.date) -> list[bytes]:
    """Write requests for periods of a year, more than are asked for while it is measured."""
    ends = [as_of - dt.timedelta(days=days) for days in range(330)]
    return [
        request(f"{path}?start={end - dt.timedelta(days=length)}&end={end}")
        for length in range(15, 45)
        for end in ends
    ]


@contextmanager
def served() -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """Serve the app by another process, its log thrown away."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parent)]
    options = ["--port", str(PORT), "--no-access-log", "--log-level", "warning", "api:app"]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{PORT}") as client:
                deadline = time.monotonic() + 60
                while not _is_up(client):
                    if time.monotonic() > deadline:
                        raise RuntimeError("the API did not start")
                    time.sleep(0.1)
                yield client, psutil.Process(server.pid)
        finally:
            server.terminate()


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").is_success
    except httpx.TransportError:
        return False


def main() -> None:
    """Measure, and print a table."""
    path = "/metrics/daily"
    with served() as (client, process):
        first = client.get(path, headers={"Accept-Encoding": "identity"})
        client.put("/constant", content=first.content)
        as_of = dt.date.fromisoformat(first.json()["as_of"])
        results = [
            uvloop.run(measure(name, requests, process))
            for name, requests in [
                ("a constant of the same size", [request("/constant")]),
                (f"`{path}`, 30 days", [request(path)]),
                ("the same, gzip", [request(path, "Accept-Encoding: gzip")]),
                ("the same, 304", [request(path, f"If-None-Match: {first.headers['etag']}")]),
                ("about 30 days, each time others", distinct_requests(path, as_of)),
                ("`/metrics/summary`, the same", distinct_requests("/metrics/summary", as_of)),
            ]
        ]
    _print(results, len(first.content))


def _print(results: list[Result], size: int) -> None:
    print(f"{machine()}; {CONNECTIONS} connections; bodies of {size} bytes\n")
    print(
        "| request | per second | of the constant's | median, ms | p99, ms | p99 ÷ median "
        "| computed, µs | PostgreSQL, µs |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for result in results:
        print(
            f"| {result.name} | {result.per_second:,.0f} "
            f"| {result.per_second / results[0].per_second:.2f} "
            f"| {result.median_ms:.2f} | {result.p99_ms:.2f} "
            f"| {result.p99_ms / result.median_ms:.1f} "
            f"| {result.processor_us:,.0f} | {result.postgres_us:,.0f} |"
        )


if __name__ == "__main__":
    main()
