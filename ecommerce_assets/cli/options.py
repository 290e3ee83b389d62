"""Options that several commands have."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from ecommerce_assets.errors import OperatorError

From = Annotated[
    dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")
]
To = Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")]
Export = Annotated[
    Path | None, typer.Option("--export", help="Write a CSV file instead; - is standard output.")
]


def day_range(
    from_: dt.datetime | None, to: dt.datetime | None
) -> tuple[dt.date | None, dt.date | None]:
    """Give the days of `--from` and `--to`.

    Raises:
        OperatorError: the last is before the first.
    """
    first, last = (moment.date() if moment else None for moment in (from_, to))
    if first and last and last < first:
        raise OperatorError(f"--to {last} is before --from {first}; swap them.")
    return first, last
