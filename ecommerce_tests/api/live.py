"""Serves the API by uvicorn on a port, for the tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from ecommerce_api import http_limits
from ecommerce_api.main import create_app
from ecommerce_assets.settings import Settings

START_SECONDS = 30


@contextmanager
def served(database_url: str, home: Path | None = None, **settings: Any) -> Iterator[httpx.Client]:
    """Serve the API on a database, and give a client of it."""
    given = {"home": home} if home else {}
    app = create_app(
        Settings(database_url=database_url, _env_file=None, **given, **settings)  # type: ignore[call-arg]
    )
    with serving(app) as client:
        yield client


@contextmanager
def serving(app: ASGIApp) -> Iterator[httpx.Client]:
    """Serve an app, and give a client of it."""
    server = uvicorn.Server(http_limits.config(app, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the API did not start"
        assert time.monotonic() < deadline, f"the API did not start within {START_SECONDS} s"
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def items(client: httpx.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Ask for a list and give its items, of all pages."""
    collected: list[dict[str, Any]] = []
    url: str | httpx.URL = httpx.URL(path, params=parameters)
    while True:
        response = client.get(url)
        assert response.status_code == 200, response.text
        collected += response.json()["items"]
        following = response.links.get("next")
        if following is None:
            return collected
        url = response.url.join(following["url"])
