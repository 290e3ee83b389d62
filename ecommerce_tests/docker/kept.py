"""Folders that take long to fill and are kept for the next run, as an image's layers are."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

KEPT = Path(tempfile.gettempdir()) / "ecommerce-layers"
_KEPT_SECONDS = 7200  # longer than any run of the tests


def kept(kind: str, made_of: Sequence[str], fill: Callable[[Path], None]) -> Path:
    """Give the folder that is made of these, filling it if nobody has done so before."""
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]
    folder = KEPT / f"{kind}-{digest}"
    if not folder.exists():
        filling = KEPT / f"{folder.name}.{os.getpid()}"
        shutil.rmtree(filling, ignore_errors=True)
        filling.mkdir(parents=True)
        try:
            fill(filling)
            filling.rename(folder)
        finally:
            for rest in KEPT.glob(f"{filling.name}*"):
                shutil.rmtree(rest)
    os.utime(folder)
    return folder


def forget_unused() -> None:
    """Remove what no run has asked for lately."""
    for folder in KEPT.iterdir():
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder)
