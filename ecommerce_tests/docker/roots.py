"""Roots to run programs in without a container engine: layers, mounts, a user, no privileges.

Which roots there are, and what runs in them, does not belong here.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NOBODY_ELSE = ("--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine in the root."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Program:
    """How a program runs: as whom, where, with which environment."""

    environment: Mapping[str, str]
    user: str = "0:0"
    folder: str = "/"

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command that, within the root, becomes the program."""
        uid, gid = self.user.split(":")
        drop = () if uid == "0" else (*NOBODY_ELSE, f"--reuid={uid}", f"--regid={gid}")
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return [
            *("setpriv", *drop) * bool(drop),
            # An engine's container ignores no signal, whatever started the tests.
            *("env", "-i", "--default-signal", f"--chdir={self.folder}", *variables),
            *arguments,
        ]


@dataclass
class Root:
    """Layers, the uppermost last, of which only `upper` is written to."""

    lower: Sequence[Path]
    upper: Path
    mounts: list[Mount] = field(default_factory=list)
    read_only: bool = False

    def start(
        self, program: Program, arguments: Sequence[str], network: int | None = None, **popen: Any
    ) -> "subprocess.Popen[str]":
        """Start a program in this root; its process is the one that is returned.

        `network` is the id of a process whose network it shares.
        """
        work, merged, empty = (
            self.upper.with_name(f"{self.upper.name}.{part}")
            for part in ("work", "merged", "empty")
        )
        for folder in (self.upper, work, merged, empty):
            folder.mkdir(parents=True, exist_ok=True)
        lower = ":".join(map(str, reversed([empty, *self.lower])))
        options = f"lowerdir={lower},upperdir={self.upper},workdir={work}"
        root = shlex.quote(str(merged))
        steps = [f"mount -t overlay overlay -o {shlex.quote(options)} {root}"]
        for mount in [*self.mounts, *(Mount(Path(x), x) for x in ("/proc", "/dev"))]:
            target = shlex.quote(f"{merged}{mount.target}")
            parent = shlex.quote(os.path.dirname(f"{merged}{mount.target}"))
            make = "mkdir -p" if mount.source.is_dir() else "touch"
            steps.append(f"mkdir -p {parent}; [ -e {target} ] || {make} {target}")
            steps.append(f"mount --rbind {shlex.quote(str(mount.source))} {target}")
            if mount.read_only:
                steps.append(f"mount -o remount,ro,bind {target}")
        if self.read_only:
            steps.append(f"mount -o remount,ro {root}")
            steps.append(f"mount -t tmpfs -o mode=1777,noexec,nosuid,nodev tmpfs {root}/tmp")
        steps.append(f'exec chroot {root} "$@"')
        join = ["nsenter", f"--net=/proc/{network}/ns/net"] if network else []
        return subprocess.Popen(
            [
                *join,
                *("unshare", "--mount", "sh", "-euc", "; ".join(steps), "sh"),
                *program.command(arguments),
            ],
            stdin=subprocess.DEVNULL,
            text=True,
            **popen,
        )

    def run(self, program: Program, arguments: Sequence[str]) -> str:
        """Run a program to its end; give what it printed."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = self.start(program, arguments, **pipes)
        printed, _ = process.communicate()
        assert process.returncode == 0, f"{shlex.join(arguments)}: {printed}"
        return printed


@cache
def why_not_here() -> str:
    """Why no such root can be made on this machine; empty where one can."""
    tools = ("unshare", "nsenter", "setpriv", "chroot", "ip", "apt-cache", "dpkg-query", "ldconfig")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        return f"needs root on a Debian with {', '.join(missing or ['more rights'])}"
    with TemporaryDirectory() as name:
        parts = [Path(name) / part for part in ("lower", "upper", "work", "merged")]
        for part in parts:
            part.mkdir()
        options = "lowerdir={},upperdir={},workdir={}".format(*parts)
        tried = subprocess.run(
            ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, parts[-1]],
            capture_output=True,
            text=True,
            check=False,
        )
    return f"this machine allows no mounts: {tried.stderr}" if tried.returncode else ""
