"""The commands' output: results on standard output, progress and errors on standard error."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

_WIDTH_OF_FILES = 200
"""The width of a table in a file or pipe, wide enough that no column is cut."""

_LEAST_WIDTH = 11
"""The width to which a text wraps: that of a date or of a feed's name."""


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    return console


out = _console(stderr=False)
err = _console(stderr=True)


def wide_table(wrapped: Sequence[str], whole: Sequence[str], numbers: Sequence[str]) -> Table:
    """Make a table of many columns, in this order, of which a narrow terminal cuts none.

    The texts of `wrapped` columns wrap first; `numbers` are aligned to the right.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in (*wrapped, *whole, *numbers):
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            no_wrap=name not in wrapped,
            min_width=_LEAST_WIDTH if name in wrapped else None,
            overflow="fold",
        )
    return table


def print_error(sentence: str) -> None:
    """Print an error's message."""
    err.print(Text.assemble(("Error: ", "red"), sentence), soft_wrap=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal; give a function that takes the steps done and in total."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
