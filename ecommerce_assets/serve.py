"""`ecommerce serve`: starts the Dagster UI, its daemon and the API, and stops all of them together.

What they show does not belong here.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from ecommerce_assets.dagster_instance.dead_runs import fail_dead_runs
from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.dagster_instance.private_serving import (
    DAEMON_MODULE,
    DagsterGrpcClient,
    DagsterUserCodeUnreachableError,
)
from ecommerce_assets.dagster_ui import require_password
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import Settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.staging import last_batch_date

LOCATION = "ecommerce_assets"
"""The code location's name, as in workspace.yaml; Dagster keys the state of schedules by it."""

_START_SECONDS = 120
_STOP_SECONDS = 15
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Addresses:
    """Where the programs listen."""

    host: str = "127.0.0.1"
    ui_port: int = 3000
    api_port: int = 8000

    @property
    def ui(self) -> str:
        """The URL of the Dagster UI."""
        return f"http://{_url_host(self.host)}:{self.ui_port}"

    @property
    def api(self) -> str:
        """The URL of the API and the owner's page."""
        return f"http://{_url_host(self.host)}:{self.api_port}"


def serve(
    settings: Settings,
    addresses: Addresses,
    on_ready: Callable[[], None],
    *,
    loads_first: bool = False,
    is_verbose: bool = False,
) -> None:
    """Run the Dagster UI, its daemon and the API until Ctrl-C or SIGTERM, then stop all of them.

    `on_ready` is called once both addresses answer. With `loads_first` it also waits for a load of
    what has landed, which runs while the programs start; the last day's reports are drawn then.
    The programs print warnings and errors; with `is_verbose` they print all their logs. If the
    output is not a terminal, the API logs its requests too, and all logs are JSON.

    Raises:
        OperatorError: others can reach the host and no password is set, a port is taken, or one of
            the programs ended by itself.
    """
    host, ui_port, api_port = addresses.host, addresses.ui_port, addresses.api_port
    is_terminal = sys.stdout.isatty()
    api_log = ("--log-level", "info" if is_verbose or not is_terminal else "warning")
    dagster_log = (
        *("--log-level", "info" if is_verbose else "warning"),
        *("--log-format", "colored" if is_terminal else "json"),
    )
    require_password(settings, host)
    for port in (ui_port, api_port):
        _require_free(host, port)
    with open_instance(settings) as instance:  # makes the tables before three programs want them
        fail_dead_runs(instance)
    with (
        tempfile.TemporaryDirectory(prefix="ecommerce-") as folder,
        _stop_requests() as stopping,
        _Programs(stopping) as programs,
    ):
        code = Path(folder) / "code.sock"
        workspace = Path(folder) / "workspace.yaml"
        server = {"grpc_server": {"socket": str(code), "location_name": LOCATION}}
        workspace.write_text(json.dumps({"load_from": [server]}))
        listen_on = ("--host", host, "--port")
        is_loaded = programs.begin("load") if loads_first else lambda: True
        programs.start("The API", "ecommerce_api", *listen_on, str(api_port), *api_log)
        programs.start(
            "Dagster's code server",
            *("dagster", "code-server", "start", *dagster_log),
            *("--module-name", "ecommerce_assets.definitions", "--location-name", LOCATION),
            *("--working-directory", str(PROJECT_ROOT), "--socket", str(code)),
        )
        if programs.await_answer("Dagster's code server", partial(_code_server_answers, code)):
            of_workspace = ("--workspace", str(workspace))
            programs.start(
                "The Dagster UI",
                *("ecommerce_assets.dagster_ui", *of_workspace, *listen_on, str(ui_port)),
            )
            programs.start("The Dagster daemon", DAEMON_MODULE, "run", *of_workspace, *dagster_log)
        if all(
            programs.await_answer(name, partial(_http_answers, host, port, path))
            for name, port, path in (
                ("The API", api_port, "/health/live"),
                ("The Dagster UI", ui_port, "/server_info"),
            )
        ) and programs.watch(is_loaded):
            on_ready()
            if loads_first:
                _draw_reports(programs, settings)
        programs.watch(lambda: False)


def _draw_reports(programs: "_Programs", settings: Settings) -> None:
    with Shop(settings).warehouse() as connection:
        day = last_batch_date(connection)
    if day:
        # What it prints has been printed by the load; Dagster's UI shows how the run went.
        of_day = ("--from", day.isoformat(), "--to", day.isoformat())
        programs.begin("load", *of_day, "--reports", is_quiet=True)


class _Programs:
    """Python modules run as programs, each with a process group of its own, stopped as groups."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        started = [*self._running.values(), *self._commands]
        for program in started:
            _signal_group(program, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for program in started:
            with suppress(subprocess.TimeoutExpired):
                program.wait(max(0, deadline - time.monotonic()))
        for program in started:
            _signal_group(program, signal.SIGKILL)  # and what a program left behind in its group
            program.wait()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Start a program that runs until it is stopped."""
        self._running[name] = _popen([sys.executable, "-m", module, *arguments])

    def begin(self, *arguments: str, is_quiet: bool = False) -> Callable[[], bool]:
        """Start an `ecommerce` command that ends by itself; give whether it has ended."""
        program = str(Path(sys.executable).with_name("ecommerce"))
        command = _popen([program, *arguments], subprocess.DEVNULL if is_quiet else None)
        self._commands.append(command)
        return lambda: command.poll() is not None

    def await_answer(self, name: str, answers: Callable[[], bool]) -> bool:
        """Wait for a program to answer; False when a stop was requested meanwhile."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._stopping():
            if answers():
                return True
            self._require_all()
            if time.monotonic() > deadline:
                raise OperatorError(f"{name} did not answer for {_START_SECONDS} s.")
            time.sleep(_POLL_SECONDS)
        return False

    def watch(self, ended: Callable[[], bool]) -> bool:
        """Wait for an end; False when a stop was requested meanwhile."""
        while not self._stopping():
            if ended():
                return True
            self._require_all()
            time.sleep(_POLL_SECONDS)
        return False

    def _require_all(self) -> None:
        for name, program in self._running.items():
            if program.poll() is not None and not self._stopping():
                raise OperatorError(
                    f"{name} ended by itself (exit status {program.returncode}); "
                    "its last lines above say why."
                )


def _popen(command: Sequence[str], output: int | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,  # a Ctrl-C reaches this process only, which stops the others
    )


def _signal_group(program: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(program.pid, number)


@contextmanager
def _stop_requests() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C, SIGTERM or SIGHUP has come since."""
    requested = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        requested = True

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, request) for number in numbers}
    try:
        yield lambda: requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OperatorError(
                f"Port {port} on {host} cannot be used ({error.strerror}); "
                "stop the program that has it, or choose another port."
            ) from None


def _code_server_answers(code: Path) -> bool:
    try:
        DagsterGrpcClient(socket=str(code)).ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True


def _http_answers(host: str, port: int, path: str) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(reached, port, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
