"""The landing zone: which files lie there, and their bytes (docs/reference/feeds.md).

What is in a file is not read here.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

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
    """A file of a feed's batch; `name` is its name within the feed's folder.

    `stamp` is what a listing tells of its content: another one may mean another content.
    """

    feed: str
    batch_date: dt.date
    name: str
    path: str
    stamp: str


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
                for name, path, stamp in sorted(self._names(feed), key=itemgetter(0)):
                    day = batch_date(name)
                    if day is None or stamp is None:
                        strangers.append(name)
                    else:
                        batches.setdefault((feed, day), []).append(
                            LandedFile(feed, day, name, path, stamp)
                        )
                ignored[feed] = tuple(strangers)
        except Exception as error:
            # A remote file system raises what its own library does.
            raise LandingError(
                f"The landing zone {self.url} cannot be read ({_reason(error)}); "
                "set ECOMMERCE_LANDING to the folder that holds the feeds."
            ) from error
        return Listing({key: tuple(files) for key, files in batches.items()}, ignored)

    def _names(self, feed: str) -> list[tuple[str, str, str | None]]:
        """Give name, path and stamp of a folder's entries; what is no file has no stamp."""
        folder = f"{self._root.rstrip('/')}/{feed}"
        try:
            entries = self._files.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        return [
            (
                entry["name"].rstrip("/").rsplit("/", 1)[-1],
                entry["name"],
                _stamp(entry) if entry["type"] == "file" else None,
            )
            for entry in entries
        ]

    def read(self, file: LandedFile) -> bytes:
        """Read a file whole.

        Raises:
            RefusedFileError: it is gone or cannot be read.
        """
        try:
            content: bytes = self._files.cat_file(file.path)
        except Exception as error:
            raise RefusedFileError(
                file.name, f"the file cannot be read ({_reason(error)}); land it again"
            ) from error
        return content

    def digests(self, files: Iterable[LandedFile]) -> dict[str, str] | None:
        """Give the SHA-256 of each file, by its name; None if one cannot be read."""
        try:
            return {file.name: hashlib.sha256(self.read(file)).hexdigest() for file in files}
        except RefusedFileError:
            return None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _stamp(entry: Mapping[str, Any]) -> str:
    """Fold size and time of change, or the tag of an object store, under whatever name."""
    return " ".join(str(entry[name]) for name in _STAMPS if name in entry)


_STAMPS = ("size", "mtime", "ETag", "etag", "LastModified", "updated")


def batch_date(name: str) -> dt.date | None:
    """Give the batch date that a file's name says, or None if it is no landed file's name."""
    if not _DAY.match(name) or not name.endswith(EXTENSIONS):
        return None
    try:
        return dt.date.fromisoformat(name[:10])
    except ValueError:
        return None
