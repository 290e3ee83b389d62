"""Runs `pip install` with the given arguments, and shows on one line how far it is.

It runs before anything is installed, so it uses the standard library alone.
"""

import subprocess
import sys
import time
from threading import Event, Thread

_BAR = 30


def main(arguments: list[str]) -> int:
    """Install; a failure prints what pip printed."""
    with open("constraints.txt", encoding="utf-8") as constraints:
        expected = sum("==" in line for line in constraints)
    began = time.monotonic()
    found: list[str] = []
    ended = Event()

    def show() -> None:
        while not ended.wait(0.5):
            filled = min(len(found) * _BAR // expected, _BAR)
            seconds = time.monotonic() - began
            bar = "#" * filled + "." * (_BAR - filled)
            print(
                f"\rInstalling [{bar}] {len(found)} packages, {seconds:.0f} s", end="", flush=True
            )

    if sys.stdout.isatty():
        Thread(target=show, daemon=True).start()
    else:
        print("Installing packages, which takes a minute or two.", flush=True)
    printed = []
    pip = [sys.executable, "-m", "pip", "install", "--progress-bar=off", *arguments]
    with subprocess.Popen(
        pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            printed.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                found.append(line)
    ended.set()
    if sys.stdout.isatty():
        print("\r" + " " * 79 + "\r", end="", flush=True)
    if process.returncode:
        print("".join(printed))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
