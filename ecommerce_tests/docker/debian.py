"""Makes small Debian root folders from the files of this machine's packages."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecommerce_tests.docker.kept import kept

PATH = "/usr/local/bin:/usr/bin:/usr/sbin"

_SLIM = ("apt", "base-files", "bash", "ca-certificates", "util-linux")
_LINKS = ("bin", "sbin", "lib", "lib64")
_LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/i18n/")


def debian(*packages: str) -> Path:
    """Make a root of the packages that every Debian needs, and of some with what they depend on.

    They are as they lie on this machine, but for the system's users, who are as in a new one.
    """
    needed = _with_dependencies([*_SLIM, *packages])
    versions = _lines("dpkg-query", "--show", *needed)
    return kept("debian", versions, lambda folder: _fill(folder, needed))


def _fill(folder: Path, packages: Sequence[str]) -> None:
    for name in _LINKS:
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")
    for path in sorted(set(_files(packages))):
        source, target = Path(path), folder / path.lstrip("/")
        if source.is_dir() and not source.is_symlink():
            target.mkdir(parents=True, exist_ok=True)
        elif not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for name in ("passwd", "group"):
        shutil.copy(f"/usr/share/base-passwd/{name}.master", folder / "etc" / name)
    for name in ("run", "tmp", "usr/local/bin"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    # The absolute link would lead out of the root when its mounts are made.
    (folder / "var/run").unlink()
    (folder / "var/run").symlink_to("../run")


def _files(packages: Sequence[str]) -> Iterator[str]:
    listed = _lines("dpkg-query", "--listfiles", *packages)
    for path in listed:
        # Some of a package's files were removed since, and some lines say what was diverted.
        is_path = path.startswith("/") and path != "/." and os.path.lexists(path)
        if is_path and path.lstrip("/") not in _LINKS and not path.startswith(_LEFT_OUT):
            yield path


def _with_dependencies(packages: Sequence[str]) -> list[str]:
    shown = _lines("dpkg-query", "--show", "--showformat=${Essential} ${Priority} ${Package}\n")
    needed = [line.split()[-1] for line in shown if line.startswith("yes") or " required " in line]
    leave = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    options = [f"--no-{kind}" for kind in leave]
    closure = _lines(
        "apt-cache", "depends", "--recurse", "--installed", *options, *needed, *packages
    )
    return [line for line in closure if line and line[0] not in " <"]


def _lines(*command: str) -> list[str]:
    # dpkg-query fails where one of many packages is only virtual.
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.splitlines()
