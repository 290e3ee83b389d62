"""A real Medusa 2: installed from npm into a folder outside the checkout, and run for a test.

Install it: python -m ecommerce_tests.shops.medusa.server FOLDER
"""

import os
import secrets
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

VERSION = "2.21.2"
_PACKAGES = (
    *(f"@medusajs/{name}@{VERSION}" for name in ("medusa", "framework", "cli")),
    *("ts-node", "typescript", "@swc/core", "@swc/helpers"),
)
_CONFIG = """\
import { defineConfig } from "@medusajs/framework/utils"

const cors = "http://127.0.0.1"
const secret = process.env.MEDUSA_SECRET

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    http: {
      storeCors: cors, adminCors: cors, authCors: cors, jwtSecret: secret, cookieSecret: secret,
    },
  },
  admin: { disable: true },
})
"""
_TSCONFIG = """\
{
  "compilerOptions": {
    "target": "ES2021", "module": "Node16", "moduleResolution": "Node16",
    "esModuleInterop": true, "skipLibCheck": true
  },
  "include": ["medusa-config.ts"]
}
"""
_START_SECONDS = 180


@dataclass(frozen=True)
class Server:
    """A running Medusa, and its only user, an admin."""

    url: str
    email: str
    password: str


def install(folder: Path) -> None:
    """Install Medusa into a folder; nothing is done if it is there."""
    if (folder / "node_modules" / "@medusajs" / "medusa" / "package.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"name": "medusa-of-the-tests", "private": true}\n')
    (folder / "medusa-config.ts").write_text(_CONFIG)
    (folder / "tsconfig.json").write_text(_TSCONFIG)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", *_PACKAGES], cwd=folder, check=True
    )


@contextmanager
def running(folder: Path, database_url: str) -> Iterator[Server]:
    """Run the Medusa of a folder on an empty database, which is reached by a socket."""
    with _by_tcp(database_url) as url:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "MEDUSA_SECRET": secrets.token_hex(16),
            "DO_NOT_TRACK": "1",
            "MEDUSA_FF_ANALYTICS": "false",
        }

        def medusa(*arguments: str) -> list[str]:
            return ["npx", "medusa", *arguments]

        def run(*arguments: str) -> None:
            subprocess.run(
                medusa(*arguments),
                cwd=folder,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )

        email, password = "admin@example.com", secrets.token_hex(8)
        run("db:migrate", "--skip-scripts")
        run("user", "-e", email, "-p", password)
        port = _free_port()
        process = subprocess.Popen(
            medusa("start", "--host", "127.0.0.1", "--port", str(port)),
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _await_health(f"http://127.0.0.1:{port}", process)
            yield Server(f"http://127.0.0.1:{port}", email, password)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 15)  # npx, its shell and the server
            process.wait(30)


def _await_health(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").is_success:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Medusa did not come up at {url}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _by_tcp(database_url: str) -> Iterator[str]:
    """Give a URL over TCP to a database whose server listens on a Unix socket only."""
    parts = urlsplit(database_url)
    query = parse_qs(parts.query)
    if "host" not in query:
        yield database_url
        return
    path = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"

    class Bridge(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(path)
                back = threading.Thread(target=_pump, args=(server, self.request))
                back.start()
                _pump(self.request, server)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Bridge) as bridge:
        bridge.daemon_threads = True
        threading.Thread(target=bridge.serve_forever, daemon=True).start()
        try:
            yield f"postgres://{parts.username}@127.0.0.1:{bridge.server_address[1]}{parts.path}"
        finally:
            bridge.shutdown()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
