"""The five machines of the cluster test, and the programs that run on each.

PostgreSQL is on one; UI, daemon, code location and broker on another; two have a worker each; the
API is on the fifth. Each program is started anew when it ends, as Compose and systemd do.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.warehouse.server import PARAMETERS, EmbeddedServer
from ecommerce_tests.cluster.network import Machine, Network
from ecommerce_tests.waiting import until

PYTHON = (sys.executable, "-m")
CELERY = (
    *("celery", "--app=dagster_celery.app", "worker", "--queues=dagster", "--concurrency=1"),
    *("--disable-prefetch", "--max-tasks-per-child=1", "--loglevel=INFO"),
)


@dataclass
class Program:
    """A program of a machine, started anew when it ends, until it is stopped."""

    machine: Machine
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    starts: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)
    _process: "subprocess.Popen[bytes] | None" = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it, and again whenever it ends."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self.log.open("ab") as log:
            while not self._stopped.is_set():
                self.starts += 1
                self._process = subprocess.Popen(
                    self.machine.command(self.arguments),
                    env={**os.environ, **self.environment},
                    cwd=PROJECT_ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                self._process.wait()
                self._stopped.wait(1)

    def stop(self) -> None:
        """Kill it, and start it no more."""
        self._stopped.set()
        while self._thread is not None and self._thread.is_alive():
            if self._process is not None:
                _kill_family(self._process.pid)
            self._thread.join(0.2)


def _kill_family(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in [*parent.children(recursive=True), parent]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


class Cluster(ExitStack):
    """A shop on five machines, in a folder that they share."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__()
        self._folder = folder
        self._settings = settings
        self.programs: dict[str, Program] = {}

    def boot(self) -> None:
        """Make the machines, and start PostgreSQL and the broker."""
        network = self.enter_context(Network())
        names = ("database", "control", "worker1", "worker2", "api")
        self.machines = {name: network.machine(name) for name in names}
        self.callback(self._stop_all)
        self._start_database()
        control = self.machines["control"].address
        broker = ("--bind", control, "--protected-mode", "no", "--appendonly", "yes")
        self._add("broker", "control", "redis-server", *broker, "--dir", str(self._folder))
        self.environment = {
            **self._settings,
            "ECOMMERCE_DATABASE_URL": self.url("ecommerce"),
            "CELERY_BROKER_URL": f"redis://{control}:6379/0",
            "CELERY_RESULT_BACKEND": "disabled://",
            "ECOMMERCE_UI_HOSTS": control,
            # Celery says that a worker should not be root; here it is root of its namespace.
            "C_FORCE_ROOT": "1",
        }

    def url(self, database: str) -> str:
        """Give the URL of a database of the cluster's server."""
        return f"postgresql://postgres@{self.machines['database'].address}/{database}"

    def start(self) -> None:
        """Start Dagster's programs, the workers and the API; the schema has to be there."""
        control = self.machines["control"].address
        (self._folder / "workspace.yaml").write_text(
            "load_from:\n- grpc_server:\n"
            f"    host: {control}\n    port: 4000\n    location_name: ecommerce_assets\n"
        )
        workspace = f"--workspace={self._folder / 'workspace.yaml'}"
        code = ("--module-name=ecommerce_assets.definitions", "--location-name=ecommerce_assets")
        dagster = (*PYTHON, "dagster")
        self._add("code", "control", *dagster, "code-server", "start", f"--host={control}",
                  "--port=4000", *code, f"--working-directory={PROJECT_ROOT}")  # fmt: skip
        health = (*dagster, "api", "grpc-health-check", f"--host={control}", "--port=4000")
        until(lambda: self._succeeds(self.machines["control"].command(health)))
        ui = ("ecommerce_assets.dagster_ui", f"--host={control}", "--port=3000", workspace)
        self._add("webserver", "control", *PYTHON, *ui)
        self._add("daemon", "control", *PYTHON, "dagster._daemon", "run", workspace)
        for worker in ("worker1", "worker2"):
            self._add(worker, worker, *PYTHON, *CELERY, f"--hostname={worker}@%h")
        api = self.machines["api"].address
        self._add("api", "api", *PYTHON, "ecommerce_api", f"--host={api}", "--port=8000")

    def ecommerce(self, database: str, *arguments: str) -> str:
        """Run a command of the project on the machine of the daemon, and give what it printed."""
        home = self._home("commands")
        done = subprocess.run(
            self.machines["control"].command(
                [sys.executable, "-c", "from ecommerce_assets.cli import main; main()", *arguments]
            ),
            env={
                **os.environ,
                **self._settings,
                "ECOMMERCE_DATABASE_URL": self.url(database),
                "ECOMMERCE_HOME": str(home),
            },
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, statement: str, database: str = "ecommerce") -> list[tuple[Any, ...]]:
        """Ask the database, from the machine of the daemon."""

        def ask() -> list[tuple[Any, ...]]:
            with psycopg.connect(self.url(database), autocommit=True) as connection:
                cursor = connection.execute(statement)
                return cursor.fetchall() if cursor.description else []

        return self.machines["control"].inside(ask)

    def _start_database(self) -> None:
        machine = self.machines["database"]
        server = EmbeddedServer(self._folder / "postgres", PARAMETERS)
        server.start()
        first_line = (server.data / "postmaster.pid").read_text().splitlines()[0]
        postmaster = psutil.Process(int(first_line))
        program, user, group = postmaster.exe(), postmaster.uids().real, postmaster.gids().real
        server.stop()
        with (server.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/24 trust\n")
        self._add(
            "database",
            "database",
            *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"),
            *(
                program,
                "-D",
                str(server.data),
                "-k",
                "",
                "-c",
                f"listen_addresses={machine.address}",
            ),
        )
        until(self._database_answers)

    def _database_answers(self) -> bool:
        try:
            return bool(self.query("select 1", "postgres"))
        except psycopg.OperationalError:
            return False

    def _succeeds(self, command: Sequence[str]) -> bool:
        done = subprocess.run(command, capture_output=True, check=False)
        return done.returncode == 0

    def _add(self, name: str, machine: str, *arguments: str) -> None:
        environment = getattr(self, "environment", {})
        home = self._home(machine)
        environment = {**environment, "ECOMMERCE_HOME": str(home), "DAGSTER_HOME": str(home)}
        program = Program(
            self.machines[machine], arguments, environment, self._folder / f"{name}.log"
        )
        self.programs[name] = program
        program.start()

    def _home(self, machine: str) -> Path:
        home = self._folder / machine
        home.mkdir(exist_ok=True)
        link = home / "dagster.yaml"
        if machine != "commands" and not link.exists():
            link.symlink_to(PROJECT_ROOT / "docker" / "dagster.celery.yaml")
        return home

    def _stop_all(self) -> None:
        for program in self.programs.values():
            program.stop()
