"""Reads and rewrites the landing files of one source, which are named `<day>.<source>.csv`."""

import csv
import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from ecommerce_assets.shops.landing_files import LandingWriteError

Row = dict[str, str]


class LandedFiles:
    """The files of a source, except those of `day`, which a fetch is about to write."""

    def __init__(self, landing: Path, source: str, day: dt.date) -> None:
        self._landing = landing
        self._pattern = f"????-??-??.{source}.csv"
        self._own = f"{day}.{source}.csv"

    def rows(self, feed: str) -> Iterator[Row]:
        """Give the records of a feed in order of the files' days."""
        for path in self._paths(feed):
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)

    def of_orders(self, feed: str, key: str, order_ids: Collection[str]) -> Mapping[str, Row]:
        """Give the last landed record of each key that belongs to one of the orders."""
        return {row[key]: row for row in self.rows(feed) if row["order_id"] in order_ids}

    def rewrite(self, feed: str, change: Callable[[Row], Row | None]) -> int:
        """Change records, or remove them (None), and count them; files are replaced whole.

        Raises:
            LandingWriteError: a file cannot be written.
        """
        changed = 0
        for path in self._paths(feed):
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                columns = list(reader.fieldnames or ())
                before = list(reader)
            after = [change(dict(row)) for row in before]
            differing = sum(old != new for old, new in zip(before, after, strict=True))
            if differing:
                _replace(path, columns, [row for row in after if row is not None])
                changed += differing
        return changed

    def _paths(self, feed: str) -> list[Path]:
        paths = sorted((self._landing / feed).glob(self._pattern))
        return [path for path in paths if path.name != self._own]


def _replace(path: Path, columns: list[str], rows: list[Row]) -> None:
    unfinished = path.with_name(f"{path.name}.tmp")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        unfinished.rename(path)
    except OSError as error:
        raise LandingWriteError(f"{path} cannot be written: {error.strerror}.") from None
