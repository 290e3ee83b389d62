"""Writes report files into a folder per batch day in the home, from which the API serves them."""

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path

from ecommerce_assets.errors import OperatorError


class ReportFilesError(OperatorError):
    """The files of the reports cannot be written."""


def write_files(home: Path, day: dt.date, files: Mapping[str, bytes]) -> Path:
    """Write files into the folder of a day, in place of files of the same names; give the folder.

    Each file appears whole or not at all.

    Raises:
        ReportFilesError: the folder cannot be written, or the disk is full.
    """
    folder = home / "reports" / day.isoformat()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            fresh = folder / f"{name}.{os.getpid()}.tmp"
            try:
                fresh.write_bytes(content)
                fresh.replace(folder / name)
            finally:
                fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ReportFilesError(
            f"The reports of {day} cannot be written to {folder} ({error.strerror}); make room "
            "there, or set ECOMMERCE_HOME to a folder that can be written."
        ) from None
    return folder
