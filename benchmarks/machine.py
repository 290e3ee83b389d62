"""What a benchmark ran on, as its output says it."""

import datetime as dt
import os
import platform
from pathlib import Path

import psutil


def machine() -> str:
    """Name the processor, its cores, how busy they are, the version of Python and the date."""
    return (
        f"{_processor()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f};"
        f" Python {platform.python_version()}; {dt.datetime.now(dt.UTC).date()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()
