"""The commands' output: results on standard output, progress and errors on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

_WIDTH_OF_FILES = 200
"""The width of a table in a file or pipe, wide enough that no column is cut."""


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    return console


out = _console(stderr=False)
err = _console(stderr=True)


def print_error(sentence: str) -> None:
    """Print an error's message."""
    err.print(Text.assemble(("Error: ", "red"), sentence), soft_wrap=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal; give a function that takes the steps done and in total."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
