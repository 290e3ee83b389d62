"""Creates, starts and stops the embedded PostgreSQL.

Where its programs come from and who runs them: `server_programs.py`. The class of that wheel lists
the ids of its users' processes in a file, which is wrong after one is killed; and for root it makes
every folder above the data readable by all. Why not pg_ctl: docs/decisions/embedded-server.md.
"""

import atexit
import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.server_programs import RunAs, ServerError, programs, run_as

DATABASE = "ecommerce"

PARAMETERS: Mapping[str, str] = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    # Log files that a checkpoint leaves behind are removed, not kept for later: of a small shop
    # they took 209 MB, more than its tables.
    "min_wal_size": "32MB",
    "wal_recycle": "off",
    # So that a new log file is not first filled with zeros, which took 8 s of a year's load.
    "wal_init_zero": "off",
    # One more day on three years of history takes 1.0 s with it and 1.5 s with the stock 4.
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    # The log outlives an erasure, so it shows neither statements nor the values of a row.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
"""Settings that are written to postgresql.conf once, so that an operator may change them there."""

_PORT = 5432
_SOCKET_PATH_BYTES = 100  # 107 on Linux and 103 on macOS, less the final zero
_START_SECONDS = 300  # recovery after a crash replays up to max_wal_size
_STOP_SECONDS = 60
IDLE_SECONDS = 300
"""The seconds after which a server without connections stops."""
_LOOK_SECONDS = 5
_KEEPER = "ecommerce_assets.warehouse.server_keeper"


class EmbeddedServer:
    """A PostgreSQL in a folder, reached through a Unix socket that only its owner and root open.

    Every process that holds it has a shared lock on the file `lease`, which the kernel drops when
    the process is killed. A process that ends and can lock the file exclusively is the last holder
    and stops the server. If a program without a lock, such as psql, is still connected, it starts a
    keeper instead: a process that holds the server until nobody has been connected for a while.
    """

    def __init__(self, folder: Path, parameters: Mapping[str, str] = PARAMETERS) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._parameters = parameters

    def hold(self) -> str:
        """Start the server if it does not run, hold it until this process ends, give its URL."""
        with self._faults_explained():
            self.folder.mkdir(parents=True, exist_ok=True)
            atexit.register(self._leave, self._lease(fcntl.LOCK_SH))
            return self._ensure_running()

    def start(self) -> str:
        """Start the server if it does not run, and give its URL; the caller has to stop it."""
        with self._started() as (url, _):
            return url

    def start_and_keep(self, idle_seconds: float = IDLE_SECONDS) -> str:
        """Start the server if it does not run, and give its URL; another process then keeps it.

        That process, the keeper, ends when nobody has been connected for `idle_seconds`.
        """
        with self._started() as (url, lease):
            self._start_keeper(lease, idle_seconds)
            return url

    def keep(self, lease: int, idle_seconds: float) -> None:
        """Hold the server until nobody has been connected for that long, then leave it.

        Leaves it at once if another process already holds the server for that reason.

        Args:
            lease: the descriptor, inherited from the process that started this one, with the lock.
            idle_seconds: how long the server may be without connections.
        """
        try:
            keeping = _locked(self.folder / "keeper", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._leave(lease)
            return
        last_used = time.time()
        while self._postmaster() is not None:
            # `_start_keeper` touches the file to restart the time.
            last_used = max(last_used, (self.folder / "keeper").stat().st_mtime)
            if self._is_used():
                last_used = time.time()
            if time.time() > last_used + idle_seconds:
                break
            time.sleep(min(_LOOK_SECONDS, idle_seconds))
        os.close(keeping)
        self._leave(lease)

    def _start_keeper(self, lease: int, idle_seconds: float) -> None:
        """Start a keeper; it inherits the lease, so that the server is held while it starts."""
        (self.folder / "keeper").touch(mode=0o600)
        subprocess.Popen(
            [sys.executable, "-m", _KEEPER, self.folder, str(lease), str(idle_seconds)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lease],
            start_new_session=True,  # a Ctrl-C is for the command, not for the keeper
        )

    @contextmanager
    def _started(self) -> Iterator[tuple[str, int]]:
        """Give the URL of the running server, and the lease that holds it within this context."""
        with self._faults_explained():
            self.folder.mkdir(parents=True, exist_ok=True)
            lease = self._lease(fcntl.LOCK_SH)
            try:
                yield self._ensure_running(), lease
            finally:
                os.close(lease)

    def _is_used(self) -> bool:
        """Whether any program is connected."""
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
                others = connection.execute(
                    """
                    select exists (
                        select from pg_stat_activity
                        where backend_type = 'client backend' and pid <> pg_backend_pid()
                    )
                    """
                ).fetchone()
        except psycopg.Error:
            return False
        return bool(others and others[0])

    def stop(self) -> None:
        """Stop the server if it runs, and disconnect all clients."""
        postmaster = self._postmaster()
        if postmaster is None:
            return
        sockets = self._socket_folder_in_use()
        with suppress(psutil.Error):
            postmaster.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            deadline = time.monotonic() + _STOP_SECONDS
            # A zombie has ended, too; another process that started it still has to ask for its end.
            while postmaster.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
                time.sleep(0.02)
        for process in _launched:
            process.poll()  # or ours would stay zombies
        if sockets not in (None, self.data):
            with suppress(OSError):
                sockets.rmdir()

    def _leave(self, lease: int) -> None:
        os.close(lease)  # not LOCK_UN: a forked child shares the lock, and may live on
        try:
            alone = self._lease(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except FileNotFoundError:  # the folder was removed; PostgreSQL notices that and ends
            return
        if self._is_used():
            fcntl.flock(alone, fcntl.LOCK_SH)
            self._start_keeper(alone, IDLE_SECONDS)
        else:
            self.stop()
        os.close(alone)

    @contextmanager
    def _faults_explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ServerError(
                f"PostgreSQL cannot work in {self.folder} ({error.strerror}: {error.filename}); "
                "set ECOMMERCE_HOME to a folder of your own with space left."
            ) from None
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise ServerError(f"PostgreSQL in {self.folder} refuses: {reason}.") from None

    def _lease(self, kind: int) -> int:
        return _locked(self.folder / "lease", kind)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = _locked(self.folder / "starting", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(lock)

    def _ensure_running(self) -> str:
        with self._starting():
            if not self.data.exists():
                self._initialise()
            self._await_answer()
            with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
                known = connection.execute("select from pg_database where datname = %s", [DATABASE])
                if known.fetchone() is None:
                    create = sql.SQL("create database {}").format(sql.Identifier(DATABASE))
                    connection.execute(create)
            return self._url(DATABASE)

    def _await_answer(self) -> None:
        """Wait while a server starts or stops, and start one if none runs."""
        deadline = time.monotonic() + _START_SECONDS
        process: subprocess.Popen[bytes] | None = None
        started_at = 0
        while not self._answers():
            if process is not None and process.poll() is not None:
                said = self._log_since(started_at)
                # Child processes of a killed postmaster end by themselves within moments.
                if "is still in use" not in said or time.monotonic() > deadline:
                    raise ServerError(
                        f"PostgreSQL did not start: {_reason(said)} Its log is {self.log}."
                    )
                process = None
            if time.monotonic() > deadline:
                raise ServerError(
                    f"PostgreSQL did not answer for {_START_SECONDS} s; its log is {self.log}."
                )
            if self._has_lost_its_socket():
                self.stop()
                process = None
            if process is None and self._postmaster() is None:
                started_at = self.log.stat().st_size if self.log.exists() else 0
                process = self._launch()
            time.sleep(0.02)

    def _launch(self) -> "subprocess.Popen[bytes]":
        owner = run_as(self.folder)
        sockets = self._socket_folder(owner)
        # No server has this data: these are left by one that was killed, and PostgreSQL would
        # take whatever process has its id now for that server.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (sockets / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [
                    *(programs() / "postgres", "-D", self.data),
                    *("-k", sockets, "-p", str(_PORT), "-c", "listen_addresses="),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the command, not for its server
                **owner,
            )
        _launched.append(process)
        return process

    def _initialise(self) -> None:
        owner = run_as(self.folder)
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if owner:
            os.chown(new, owner["user"], owner["group"])
        made = subprocess.run(
            [
                *(programs() / "initdb", f"--pgdata={new}", "--no-instructions"),
                *("--username=postgres", "--auth=trust", "--encoding=UTF8"),
                *("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(f"--set={name}={value}" for name, value in self._parameters.items()),
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **owner,
        )
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise ServerError(f"PostgreSQL could not fill {self.data}: {_reason(made.stdout)}")
        new.rename(self.data)  # a folder of that name is whole, whenever we are killed

    def _answers(self) -> bool:
        sockets = self._socket_folder_in_use()
        if sockets is None:
            return False
        ready = subprocess.run(
            [
                *(programs() / "pg_isready", "--quiet", "--timeout=5", "--username=postgres"),
                *("--host", sockets, "--port", str(_PORT)),
            ],
            check=False,
        )
        return ready.returncode == 0

    def _url(self, database: str) -> str:
        host = quote(str(self._socket_folder_in_use()), safe="")
        return f"postgresql://postgres@/{database}?host={host}&port={_PORT}"

    def _pid_file(self) -> list[str]:
        with suppress(FileNotFoundError):
            return (self.data / "postmaster.pid").read_text().splitlines()
        return []

    def _postmaster(self) -> psutil.Process | None:
        """Find the process in `postmaster.pid`, unless its id now belongs to another program."""
        try:
            process = psutil.Process(int(self._pid_file()[0]))
            if process.name() == "postgres" and Path(process.cwd()) == self.data:
                return process
        except (IndexError, ValueError, psutil.Error):
            pass
        return None

    def _socket_folder_in_use(self) -> Path | None:
        lines = self._pid_file()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None

    def _has_lost_its_socket(self) -> bool:
        """Whether the server runs, but nobody can connect to it any more.

        If this folder replaces one whose server still ran, that server ends within a minute, and
        removes the socket at its path: ours.
        """
        sockets = self._socket_folder_in_use()
        if sockets is None or (sockets / f".s.PGSQL.{_PORT}").exists():
            return False
        return self._postmaster() is not None

    def _socket_folder(self, owner: RunAs) -> Path:
        """Return the data folder, or a short one if its path is too long for a socket.

        A comma is not possible either, since it separates hosts in a URL and folders in a list.
        """
        path = os.fsencode(self.data / f".s.PGSQL.{_PORT}")
        if len(path) <= _SOCKET_PATH_BYTES and not set(path) & set(b',"'):
            return self.data
        digest = hashlib.sha256(path).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"ecommerce-{digest}"
        user = owner.get("user", os.getuid())
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if owner:
                os.chown(folder, user, owner["group"])
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
            raise ServerError(f"The folder {folder} is not only PostgreSQL's own; remove it.")
        return folder

    def _log_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")


_launched: "list[subprocess.Popen[bytes]]" = []  # kept, or Python warns of them while they run


def _locked(file: Path, kind: int) -> int:
    """Open and lock the file; the lock ends when all copies of the descriptor are closed."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _reason(output: str) -> str:
    """Find the error in PostgreSQL's output, and give it as a sentence."""
    faults = re.findall(rf"(?:FATAL|PANIC|error): +(?!{_TOLD_TO_CLIENTS})(.+)", output)
    return f"{faults[0].strip(' .') if faults else 'it ended without a message'}."


_TOLD_TO_CLIENTS = "the database system is|terminating connection"
