"""What the tests of docker/ share: the image, and a folder set up as on a server."""

import fcntl
import shutil
from pathlib import Path

import pytest

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_tests.docker.image import Image, build
from ecommerce_tests.docker.kept import KEPT, forget_unused
from ecommerce_tests.docker.roots import why_not_here


@pytest.fixture(scope="session")
def image() -> Image:
    """The image; its layers are kept, and made by one worker of a run for all."""
    if why := why_not_here():
        pytest.skip(f"the Dockerfile's steps cannot be carried out here: {why}")
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        image = build()
        forget_unused()
    return image


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A copy of docker/ set up as docs/deploying.md says."""
    docker = tmp_path / "docker"
    shutil.copytree(
        PROJECT_ROOT / "docker", docker, ignore=shutil.ignore_patterns("secrets", "landing", ".env")
    )
    shutil.copy(docker / ".env.example", docker / ".env")
    for folder in ("landing", "secrets"):
        (docker / folder).mkdir()
    (docker / "secrets/loader_password").write_text("of the: \\loader\n")
    (docker / "secrets/reader_password").write_text("of the reader\n")
    return docker
