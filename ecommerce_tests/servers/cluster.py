"""A PostgreSQL of Debian's with settings of its own, and a PgBouncer: real servers for a test.

The tests say what they must do. Where the programs are missing, the test is skipped.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
PGBOUNCER = Path("/usr/sbin/pgbouncer")
OWNER = "postgres"
ENVIRONMENT = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
"""Without this user's home, in which the servers' user may not look for certificates."""
_START_SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    """A server that runs, and its superuser's URL of its Unix socket."""

    folder: Path
    port: int

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def make(folder: Path) -> None:
    """Make the data of a server."""
    folder.mkdir(parents=True)
    owned(folder)
    run(
        PROGRAMS / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )


@contextmanager
def running(folder: Path, settings: Mapping[str, str], hba: Sequence[str]) -> Iterator[Cluster]:
    """Start a server on a port of 127.0.0.1; who may connect is in the lines of `hba`."""
    port = free_port()
    given = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "fsync": "off",
        **settings,
    }
    (folder / "data/pg_hba.conf").write_text("\n".join(["local all all trust", *hba, ""]))
    options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [PROGRAMS / "postgres", "-D", folder / "data", *options],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("ab"),
        env=ENVIRONMENT,
        **as_owner(),
    )
    try:
        cluster = Cluster(folder, port)
        until_answers(server, cluster.url())
        yield cluster
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL and PgBouncer then wait for no client
        server.wait()


@contextmanager
def bouncer(cluster: Cluster, folder: Path, users: Mapping[str, str]) -> Iterator[int]:
    """Start PgBouncer in transaction mode in front of a server, with one session a database."""
    if not PGBOUNCER.exists():
        pytest.skip("pgbouncer is not installed")
    folder.mkdir(parents=True)
    owned(folder)
    port = free_port()
    (folder / "users").write_text("".join(f'"{u}" "{p}"\n' for u, p in users.items()))
    (folder / "pgbouncer.ini").write_text(
        f"""
        [databases]
        * = host={cluster.folder} port={cluster.port}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        auth_type = plain
        auth_file = {folder}/users
        pool_mode = transaction
        default_pool_size = 2
        unix_socket_dir =
        logfile = {folder}/log
        """.replace("        ", "")
    )
    server = subprocess.Popen(
        [PGBOUNCER, folder / "pgbouncer.ini"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_owner(),
    )
    try:
        user, password = next(iter(users.items()))
        until_answers(server, f"postgresql://{user}:{password}@127.0.0.1:{port}/postgres")
        yield port
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL and PgBouncer then wait for no client
        server.wait()


def until_answers(server: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        assert server.poll() is None, "the server ended"
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def run(*command: str | Path) -> None:
    """Run a program as the servers' user."""
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, env=ENVIRONMENT, **as_owner()
    )
    assert done.returncode == 0, done.stderr


def as_owner() -> dict[str, str]:
    """PostgreSQL does not run as root."""
    if not (PROGRAMS / "postgres").exists():
        pytest.skip("Debian's PostgreSQL 15 is not installed")
    return {"user": OWNER, "group": OWNER} if os.geteuid() == 0 else {}


def owned(path: Path) -> None:
    """Give a file or folder to the servers' user."""
    if os.geteuid() == 0:
        as_owner()
        shutil.chown(path, OWNER, OWNER)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
