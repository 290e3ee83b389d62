"""The image, made by the Dockerfile's own steps on a small Debian with a Python, as its base has.

What the image must be like is said in the tests.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_tests.docker.debian import PATH, debian
from ecommerce_tests.docker.kept import kept
from ecommerce_tests.docker.roots import Mount, Program, Root

DOCKERFILE = PROJECT_ROOT / "docker" / "Dockerfile"

_LIBRARIES_OF_PYTHON = (
    *("libbz2-1.0", "libdb5.3", "libffi8", "libgdbm6", "liblzma5", "libncursesw6", "libreadline8"),
    *("libsqlite3-0", "libssl3", "libuuid1", "zlib1g"),
)
_NO_BYTECODE = {True: None, False: shutil.ignore_patterns("__pycache__")}


@dataclass(frozen=True)
class Image:
    """Layers on disk, the uppermost last, and how its programs start."""

    layers: tuple[Path, ...]
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()

    @property
    def program(self) -> Program:
        """What a program of this image gets."""
        return Program(self.environment, self.user, self.folder)


def build() -> Image:
    """Carry out the Dockerfile and give the image of its last stage."""
    wheels = _wheels()
    base = _base()
    stages: dict[str, Image] = {}
    image = base
    for instruction, rest in _instructions(DOCKERFILE.read_text(encoding="utf-8")):
        match instruction:
            case "FROM":
                origin, _, name = rest.partition(" AS ")
                image = stages.get(origin, base)
            case "ENV":
                pairs = (pair.partition("=") for pair in rest.split())
                path = image.environment["PATH"]
                given = {key: value.replace("$PATH", path) for key, _, value in pairs}
                image = replace(image, environment=image.environment | given)
            case "WORKDIR":
                image = replace(image, folder=rest)
            case "COPY":
                image = _copy(stages, image, rest.split())
            case "RUN":
                image = _run(image, rest, wheels)
            case "USER":
                image = replace(image, user=rest)
            case "ENTRYPOINT":
                image = replace(image, entrypoint=tuple(json.loads(rest)))
            case "CMD":
                pass
            case _:
                raise ValueError(f"{instruction} is not replayed here; add it to what is")
        stages[name] = image
    return image


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            instruction, _, rest = line.strip().partition(" ")
            yield instruction, rest.strip()


def _run(image: Image, command: str, wheels: Path) -> Image:
    def fill(layer: Path) -> None:
        root = Root(image.layers, layer, [Mount(wheels, "/wheels", read_only=True)])
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
        program = replace(image.program, environment=image.environment | offline)
        # What Docker's WORKDIR does.
        (layer / image.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        root.run(program, ["/bin/sh", "-c", command])

    made = (*map(str, image.layers), image.folder, json.dumps(image.environment), command)
    return replace(image, layers=(*image.layers, kept("run", made, fill)))


def _copy(stages: Mapping[str, Image], image: Image, words: Sequence[str]) -> Image:
    *sources, target = (word for word in words if not word.startswith("--"))
    stage = words[0].removeprefix("--from=") if words[0].startswith("--from=") else None
    if stage:
        above = (layer / sources[0].lstrip("/") for layer in stages[stage].layers)
        origins = [path for path in above if path.exists()]
        made = list(map(str, origins))
    else:
        origins = [PROJECT_ROOT / source for source in sources]
        _require_in_context(sources)
        made = [_digest(path) for path in origins]

    def fill(layer: Path) -> None:
        into = layer / os.path.join(image.folder, target).lstrip("/")
        for origin in origins:
            if origin.is_dir():
                shutil.copytree(
                    origin,
                    into,
                    symlinks=True,
                    ignore=_NO_BYTECODE[bool(stage)],
                    dirs_exist_ok=True,
                )
            else:
                path = into / origin.name if target.endswith("/") else into
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, path)

    layer = kept("copy", (*map(str, image.layers), *words, *made), fill)
    return replace(image, layers=(*image.layers, layer))


def _digest(path: Path) -> str:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest = hashlib.sha256()
    for file in files:
        if file.suffix != ".pyc":
            digest.update(str(file.relative_to(path.parent)).encode() + file.read_bytes())
    return digest.hexdigest()


def _require_in_context(sources: Sequence[str]) -> None:
    """Of .dockerignore, the last pattern that fits a path, or a folder above it, decides."""
    lines = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    for source in sources:
        steps = [source, *map(str, Path(source).parents)]
        fitting = [p for p in patterns if any(fnmatch(step, p.lstrip("!")) for step in steps)]
        assert not fitting or fitting[-1].startswith("!"), f".dockerignore leaves out {source}"


def _wheels() -> Path:
    """Fetch what the image installs, so that its steps need neither network nor pip's settings."""
    needed = subprocess.run(
        [sys.executable, "docker/requirements.py"],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    constraints = PROJECT_ROOT / "constraints.txt"

    def fill(folder: Path) -> None:
        fetched = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder),
                *("-c", constraints, *needed.split(), "hatchling"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert fetched.returncode == 0, fetched.stderr

    return kept("wheels", (needed, constraints.read_text(encoding="utf-8")), fill)


def _base() -> Image:
    """Make what the Dockerfile starts from: a small Debian with a Python in /usr/local."""
    small = debian("netbase", "tzdata", *_LIBRARIES_OF_PYTHON)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    source = Path(sys.base_prefix)

    def fill(layer: Path) -> None:
        prefix = layer / "usr/local"
        leave = shutil.ignore_patterns(
            "site-packages", "test", "tests", "idlelib", "config-*", "*.pyc"
        )
        shutil.copytree(source / "lib" / version, prefix / "lib" / version, ignore=leave)
        (prefix / "lib" / version / "site-packages").mkdir()
        for library in (source / "lib").glob("libpython*.so*"):
            shutil.copy2(library, prefix / "lib", follow_symlinks=False)
        (prefix / "bin").mkdir(exist_ok=True)
        shutil.copy2(source / "bin" / version, prefix / "bin")
        for name in ("python", "python3"):
            (prefix / "bin" / name).symlink_to(version)
        (prefix / "bin/pip").symlink_to("pip3")
        Root([small], layer).run(
            Program({"PATH": PATH}), ["sh", "-c", "ldconfig && python -m ensurepip"]
        )

    return Image(
        (small, kept("python", (str(small), str(source), sys.version), fill)), {"PATH": PATH}
    )
