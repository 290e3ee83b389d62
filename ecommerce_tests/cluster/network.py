"""Machines of a test: network namespaces at a switch, each with an address of its own.

They share this machine's disk, as machines share a network folder. What runs on them is in
`machines`.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


class Machine:
    """A namespace with an address, which can be cut off, and where everything can be killed."""

    def __init__(self, switch: str, name: str, number: int) -> None:
        self.name = name
        self.address = f"10.77.0.{number}"
        self._switch = switch
        self._namespace = f"{switch}-{name}"
        self._port = f"port{number}"

    def __enter__(self) -> Self:
        _ip("netns", "add", self._namespace)
        wire = ("type", "veth", "peer", "name", "eth0", "netns", self._namespace)
        _ip("-n", self._switch, "link", "add", self._port, *wire)
        _ip("-n", self._switch, "link", "set", self._port, "master", "switch", "up")
        _ip("-n", self._namespace, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            _ip("-n", self._namespace, "link", "set", link, "up")
        self._inside = ThreadPoolExecutor(1, initializer=_join, initargs=(self._namespace,))
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_all()
        self._inside.shutdown()
        _ip("netns", "del", self._namespace)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Give the command that runs another one on this machine."""
        return ["ip", "netns", "exec", self._namespace, *arguments]

    def inside(self, ask: Callable[[], T]) -> T:
        """Call a function whose connections start from this machine."""
        return self._inside.submit(ask).result()

    def kill_all(self) -> None:
        """End all processes of this machine at once, as when its power goes."""
        for process in _ip("netns", "pids", self._namespace).split():
            if int(process) != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)

    def cut_off(self) -> None:
        """Pull out the network cable; nobody at either end is told."""
        _ip("-n", self._switch, "link", "set", self._port, "down")

    def connect_again(self) -> None:
        """Put the network cable in again."""
        _ip("-n", self._switch, "link", "set", self._port, "up")


class Network(ExitStack):
    """A switch, and the machines at it; all of them go in the end."""

    def __init__(self) -> None:
        super().__init__()
        self._switch = f"shop{os.getpid()}"
        self._count = 1

    def __enter__(self) -> Self:
        super().__enter__()
        _ip("netns", "add", self._switch)
        self.callback(_ip, "netns", "del", self._switch)
        _ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "switch", "up")
        return self

    def machine(self, name: str) -> Machine:
        """Add a machine."""
        self._count += 1
        return self.enter_context(Machine(self._switch, name, self._count))


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def _join(namespace: str) -> None:
    """Move this thread into a namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{namespace}").open() as file:
        assert libc.setns(file.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
