"""One-line bugs, planted one at a time into a copy of the project: do the tests catch them?

Run as a program it plants all of them and lists those that no test caught.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.warehouse.server import EmbeddedServer
from ecommerce_tests.postgres import FAST

FEWEST_CAUGHT = 0.93
"""28 of 30, the share of the faults that the tests have to catch."""

SUITE = (
    "ecommerce_tests/rules",
    "ecommerce_tests/torture/test_random_shops.py",
    "ecommerce_tests/assets/test_regressions.py",
    "ecommerce_tests/assets/test_materialized_alone.py",
    "ecommerce_tests/warehouse/test_changed_orders.py",
)

_COPIED = (
    *("ecommerce_assets", "ecommerce_api", "ecommerce_tests", "docs"),
    *("pyproject.toml", "dagster.yaml"),
)


@dataclass(frozen=True)
class Fault:
    """A bug: in a file of `ecommerce_assets`, `old` is `new`."""

    file: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}: {self.old.strip()!r} is {self.new.strip()!r}"


FAULTS = tuple(
    Fault(**fault)
    for fault in tomllib.loads(Path(__file__).with_name("faults.toml").read_text())["fault"]
)


class Copy:
    """A copy of the project, into which faults are planted one after the other."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self._url = database_url
        ignored = shutil.ignore_patterns("__pycache__")
        for name in _COPIED:
            source = PROJECT_ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy(source, folder / name)

    def catches(self, fault: Fault, suite: Sequence[str] = SUITE) -> bool:
        """Plant a fault, run tests, and take it out again; whether a test failed."""
        path = self.folder / "ecommerce_assets" / fault.file
        sound = path.read_text(encoding="utf-8")
        if fault.old not in sound:
            raise ValueError(f"{fault.file} has no {fault.old!r} by now; change the fault")
        path.write_text(sound.replace(fault.old, fault.new, 1), encoding="utf-8")
        try:
            return self.failure(suite) is not None
        finally:
            path.write_text(sound, encoding="utf-8")

    def failure(self, suite: Sequence[str] = SUITE) -> str | None:
        """Run tests on the copy as it is; what pytest prints if one fails."""
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *suite],
            cwd=self.folder,
            env={**os.environ, "ECOMMERCE_TEST_DATABASE_URL": self._url},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode not in (0, 1):
            raise RuntimeError(ran.stdout + ran.stderr)
        return ran.stdout if ran.returncode else None


def main() -> int:
    """Plant all faults, two at a time; 1 if the tests catch too few of them."""
    with tempfile.TemporaryDirectory() as folder:
        url = EmbeddedServer(Path(folder) / "postgres", FAST).hold()
        copies: SimpleQueue[Copy] = SimpleQueue()
        for name in ("first", "second"):
            copies.put(Copy(Path(folder) / name, url))
        sound = copies.get()
        failure = sound.failure()
        if failure:
            print(f"The tests fail without any fault.\n{failure}")
            return 1
        copies.put(sound)

        def catch(fault: Fault) -> bool:
            copy = copies.get()
            try:
                is_caught = copy.catches(fault)
            finally:
                copies.put(copy)
            print(f"{'caught' if is_caught else 'MISSED'}  {fault}", flush=True)
            return is_caught

        with ThreadPoolExecutor(2) as pool:
            caught = sum(pool.map(catch, FAULTS))
    print(f"{caught} of {len(FAULTS)} planted faults caught")
    return int(caught < FEWEST_CAUGHT * len(FAULTS))


if __name__ == "__main__":
    sys.exit(main())
