"""The landing zone: which files lie there, and their bytes (docs/reference/feeds.md).

What is in a file is not read here.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import fsspec

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.feeds.reading import EXTENSIONS
from ecommerce_assets.feeds.records import RefusedFileError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class LandingError(OperatorError):
    """The landing zone as a whole cannot be read."""


@dataclass(frozen=True)
class LandedFile:
    """A file of a feed's batch; `name` is its name within the feed's folder."""

    feed: str
    batch_date: dt.date
    name: str
    path: str


@dataclass(frozen=True)
class Listing:
    """What lies in the landing zone: the files of each feed and day by name, and the rest."""

    batches: Mapping[tuple[str, dt.date], tuple[LandedFile, ...]]
    ignored: Mapping[str, tuple[str, ...]]

    def days(self, feeds: Iterable[str] = tuple(FEEDS)) -> set[dt.date]:
        """The batch dates for which one of the feeds has a file."""
        wanted = set(feeds)
        return {day for feed, day in self.batches if feed in wanted}


class LandingZone:
    """A folder of feeds, at a path or at any URL that fsspec knows."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise LandingError(f"ECOMMERCE_LANDING={url!r} cannot be opened: {error}.") from None

    def listing(self, feeds: Iterable[str] = tuple(FEEDS)) -> Listing:
        """List the feeds' folders; a folder that is missing is empty.

        Raises:
            LandingError: the landing zone itself is missing or unreadable.
        """
        try:
            self._files.invalidate_cache()
            self._files.ls(self._root, detail=False)
            batches: dict[tuple[str, dt.date], list[LandedFile]] = {}
            ignored = {}
            for feed in feeds:
                strangers = []
                for name, path in sorted(self._names(feed)):
                    day = batch_date(name)
                    if day is None:
                        strangers.append(name)
                    else:
                        batches.setdefault((feed, day), []).append(
                            LandedFile(feed, day, name, path)
                        )
                ignored[feed] = tuple(strangers)
        except OSError as error:
            raise LandingError(
                f"The landing zone {self.url} cannot be read ({error.strerror or error}); "
                "set ECOMMERCE_LANDING to the folder that holds the feeds."
            ) from None
        return Listing({key: tuple(files) for key, files in batches.items()}, ignored)

    def _names(self, feed: str) -> list[tuple[str, str]]:
        folder = f"{self._root.rstrip('/')}/{feed}"
        try:
            entries = self._files.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        return [
            (entry["name"].rsplit("/", 1)[-1], entry["name"])
            for entry in entries
            if entry["type"] == "file"
        ]

    def read(self, file: LandedFile) -> bytes:
        """Read a file whole.

        Raises:
            RefusedFileError: it is gone or cannot be read.
        """
        try:
            content: bytes = self._files.cat_file(file.path)
        except OSError as error:
            raise RefusedFileError(
                file.name, f"the file cannot be read ({error.strerror or error}); land it again"
            ) from None
        return content


def batch_date(name: str) -> dt.date | None:
    """Give the batch date that a file's name says, or None if it is no landed file's name."""
    if not _DAY.match(name) or not name.endswith(EXTENSIONS):
        return None
    try:
        return dt.date.fromisoformat(name[:10])
    except ValueError:
        return None
