"""A stand-in for the PostgreSQL image: Debian's PostgreSQL 15 in a root of its own."""

import shutil
from pathlib import Path

from ecommerce_tests.docker.debian import PATH, debian
from ecommerce_tests.docker.image import Image

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
_UID = 999


def postgres_image(folder: Path) -> Image:
    """Make the image; its folders, user and environment are those of the official one."""
    system = debian("postgresql-15")
    (folder / "etc").mkdir(parents=True)
    users = (system / "etc/passwd").read_text()
    (folder / "etc/passwd").write_text(
        f"{users}postgres:x:{_UID}:{_UID}::/var/lib/postgresql:/bin/sh\n"
    )
    for path, mode in (("var/lib/postgresql/data", 0o700), ("run/postgresql", 0o3777)):
        (folder / path).mkdir(parents=True)
        shutil.chown(folder / path, _UID, _UID)
        (folder / path).chmod(mode)
    (folder / "var/run").symlink_to("../run")
    (folder / "usr/local/bin").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("postgres_entrypoint.sh"), folder / "usr/local/bin/start")
    return Image(
        (system, folder),
        {"PATH": f"{PROGRAMS}:{PATH}", "PGDATA": "/var/lib/postgresql/data"},
        user=f"{_UID}:{_UID}",
        entrypoint=("start",),
    )
