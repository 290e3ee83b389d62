"""A Compose file's services as processes of this machine: their own commands, environments, users,
volumes, secrets, names and health checks, without a container engine.

Memory limits and restart policies are not applied. What the services must do is said in the tests.
"""

import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml

from ecommerce_tests.docker.image import Image
from ecommerce_tests.docker.roots import Mount, Program, Root

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_START_SECONDS = 120
_STOP_SECONDS = 60  # the longest stop_grace_period


def read(*paths: Path) -> dict[str, Any]:
    """Read a Compose file and overlays of it, `${VARIABLES}` set from the `.env` beside them."""
    variables = environment_file(paths[0].parent / ".env")

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1]) or match[2] or ""

    merged: dict[str, Any] = {}
    for path in paths:
        text = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", value, path.read_text(encoding="utf-8"))
        merged = _merge(merged, yaml.safe_load(text))
    return merged


def _merge(below: Any, above: Any) -> Any:
    """As Compose does: mappings by key, lists one after the other, but commands replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            key: above.get(key, below.get(key))
            if key in ("command", "test") or key not in below or key not in above
            else _merge(below[key], above[key])
            for key in {**below, **above}
        }
    return [*below, *above] if isinstance(below, list) else above


def environment_file(path: Path) -> dict[str, str]:
    """Read an environment file; one that is missing sets nothing."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: text for name, _, text in pairs}


class Project:
    """The services of a Compose file and its overlays, with a folder and a network of their own."""

    def __init__(self, files: Sequence[Path], images: Callable[[str], Image], folder: Path) -> None:
        document = read(*files)
        self.services: dict[str, dict[str, Any]] = document["services"]
        self._secrets = document["secrets"]
        self.beside = files[0].parent
        self._images = images
        self._folder = folder
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._addresses = {name: f"10.6.0.{n}" for n, name in enumerate(self.services, start=2)}

    def __enter__(self) -> Self:
        self._folder.mkdir()
        hosts = [f"{address} {name}" for name, address in self._addresses.items()]
        (self._folder / "hosts").write_text("\n".join(["127.0.0.1 localhost", *hosts, ""]))
        addresses = "; ".join(f"ip addr add {a}/32 dev lo" for a in self._addresses.values())
        self._network = subprocess.Popen(
            [
                "unshare",
                "--net",
                "sh",
                "-euc",
                f"ip link set lo up; {addresses}; echo up; read end",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._network.stdout is not None
        assert self._network.stdout.readline() == "up\n"
        self._inside = ThreadPoolExecutor(
            1, initializer=_join_network, initargs=(self._network.pid,)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(*(name for name in reversed(self.services) if name in self._running))
        self._inside.shutdown()
        self._network.communicate("end")

    def up(self) -> None:
        """Start all services, each when those it depends on are as it wants them."""
        for name in self.services:
            self._bring(name)
        for name, service in self.services.items():
            if "healthcheck" in service:
                self.await_health(name)

    def start(self, name: str) -> None:
        """Start a service's container."""
        service = self.services[name]
        image = self._images(service["image"])
        root = Root(
            image.layers,
            self._folder / "containers" / name,
            self._mounts(name, image),
            read_only=service.get("read_only", False),
        )
        log = self.log_file(name).open("a")
        self.log_file(name).chmod(0o666)  # nginx opens its output anew, by /dev/stdout
        self._running[name] = root.start(
            self._program(name, image),
            [*image.entrypoint, *service["command"]],
            None if service.get("network_mode") == "none" else self._network.pid,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def stop(self, *names: str) -> None:
        """Stop services' containers, one after the other."""
        for name in names:
            process = self._running.pop(name)
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            finally:
                _kill_group(process)

    def run(self, name: str) -> str:
        """Start a service, wait for it to end well, and give what it printed."""
        before = len(self.log(name))
        self.start(name)
        code = self._running[name].wait(_START_SECONDS)
        _kill_group(self._running.pop(name))
        printed = self.log(name)[before:]
        assert code == 0, f"{name} ended with {code}: {printed}"
        return printed

    def execute(
        self, name: str, *command: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in a service's container, as `docker compose exec` does."""
        program = self._program(name, self._images(self.services[name]["image"]))
        program = replace(program, environment={**program.environment, **(environment or {})})
        process = self._running[name].pid
        return subprocess.run(
            [
                *("nsenter", f"--target={process}", "--mount", "--net", "--root", "--wd=/"),
                *program.command(command),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_SECONDS,
        )

    def await_health(self, name: str) -> None:
        """Wait until a service's own health check passes."""
        deadline = time.monotonic() + _START_SECONDS
        kind, *test = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        while (checked := self.execute(name, *test)).returncode != 0:
            ended = self._running[name].poll()
            assert ended is None, f"{name} ended with {ended}: {self.log(name)}"
            assert time.monotonic() < deadline, f"{name}: {checked.stderr}; {self.log(name)}"
            time.sleep(0.5)

    def inside(self, ask: Callable[[], T]) -> T:
        """Call a function within the services' network."""
        return self._inside.submit(ask).result()

    def address(self, name: str) -> str:
        """The address of a service within the network."""
        return self._addresses[name]

    def log(self, name: str) -> str:
        """What a service has printed so far."""
        return self.log_file(name).read_text() if self.log_file(name).exists() else ""

    def log_file(self, name: str) -> Path:
        """Where a service's output goes."""
        return self._folder / f"{name}.log"

    def volume(self, name: str) -> Path:
        """Where a named volume lies."""
        return self._folder / "volumes" / name

    def _bring(self, name: str) -> None:
        if name in self._running or self.log_file(name).exists():
            return
        for other, wanted in self.services[name].get("depends_on", {}).items():
            self._bring(other)
            if wanted["condition"] == "service_healthy":
                self.await_health(other)
        if "healthcheck" in self.services[name]:
            self.start(name)
        else:
            self.run(name)

    def _program(self, name: str, image: Image) -> Program:
        service = self.services[name]
        files = [service["env_file"]] if "env_file" in service else []
        given: dict[str, str] = {}
        for file in files:
            given |= environment_file(self.beside / file)
        return replace(
            image.program, environment=image.environment | given | service.get("environment", {})
        )

    def _mounts(self, name: str, image: Image) -> list[Mount]:
        service = self.services[name]
        mounts = [Mount(self._folder / "hosts", "/etc/hosts", read_only=True)]
        for secret in service.get("secrets", []):
            source = self.beside / self._secrets[secret]["file"]
            mounts.append(Mount(source, f"/run/secrets/{secret}", read_only=True))
        for volume in service.get("volumes", []):
            source, target, *options = volume.split(":")
            is_path = source.startswith((".", "/"))
            held = self.beside / source if is_path else self._volume(source, target, image)
            assert held.exists(), f"{name} mounts {held}, which is not there"
            mounts.append(Mount(held, target, read_only="ro" in options))
        return mounts

    def _volume(self, name: str, target: str, image: Image) -> Path:
        """A new volume takes owner and mode from the folder it covers in the first image."""
        volume = self.volume(name)
        if not volume.exists():
            volume.mkdir(parents=True)
            covered = [layer / target.lstrip("/") for layer in reversed(image.layers)]
            for folder in [folder for folder in covered if folder.exists()][:1]:
                os.chown(volume, folder.stat().st_uid, folder.stat().st_gid)
                volume.chmod(folder.stat().st_mode & 0o7777)
        return volume


def _join_network(process: int) -> None:
    network = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.setns(network, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    os.close(network)


def _kill_group(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
