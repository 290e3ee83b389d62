"""Lists the files of a landing zone and reads their bytes (docs/reference/feeds.md)."""

import datetime as dt
import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import fsspec

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.feeds.reading import EXTENSIONS, check_size
from ecommerce_assets.feeds.records import RefusedFileError
from ecommerce_assets.feeds.texts import shown

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class LandingError(OperatorError):
    """The landing zone cannot be read, or much of it is missing."""


@dataclass(frozen=True)
class LandedFile:
    """A file of a feed's batch; `name` is its name within the feed's folder.

    `stamp` holds the size, time or tag in a listing; a new stamp may mean new content.
    """

    feed: str
    batch_date: dt.date
    name: str
    path: str
    stamp: str
    size: int | None


@dataclass(frozen=True)
class Listing:
    """The files of the landing zone by feed, day and name, and the ignored entries.

    `ignored` has the displayed names of entries in each feed's folder that do not belong to a
    batch: other names, folders, pipes, and links to places outside of the zone.
    """

    batches: Mapping[tuple[str, dt.date], tuple[LandedFile, ...]]
    ignored: Mapping[str, tuple[str, ...]]

    def days(self, feeds: Iterable[str] = tuple(FEEDS)) -> set[dt.date]:
        """The batch dates with a file of one of the feeds."""
        wanted = set(feeds)
        return {day for feed, day in self.batches if feed in wanted}

    def refuse_loss(
        self,
        held: Collection[tuple[str, dt.date]],
        days: Collection[dt.date],
        allowed_share: float,
    ) -> None:
        """Refuse to remove days from the warehouse if too many files are missing.

        `held` are the feeds and days of which the warehouse holds files.

        Raises:
            LandingError: more than the allowed share of them have no landed file, and one of the
                days is among these.
        """
        gone = [batch for batch in held if batch not in self.batches]
        if len(gone) > allowed_share * len(held) and any(day in days for _, day in gone):
            raise LandingError(
                f"{len(gone):,} of the {len(held):,} feed-days that the warehouse holds are gone"
                " from the landing zone, more than the share that ECOMMERCE_REFUSE_GONE_SHARE"
                f" allows, {allowed_share:g}; if it is mounted and they are to be taken back, run"
                " `ecommerce load --yes`."
            )


class LandingZone:
    """A folder with a folder per feed, at a path or at any URL that fsspec supports."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise LandingError(f"ECOMMERCE_LANDING={url!r} cannot be opened: {error}.") from None

    def listing(self, feeds: Iterable[str] = tuple(FEEDS)) -> Listing:
        """List the feeds' folders; a missing folder counts as empty.

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
                for name, path, found in sorted(self._names(feed), key=itemgetter(0)):
                    day = batch_date(name)
                    if day is None or found is None:
                        strangers.append(shown(name))
                    else:
                        batches.setdefault((feed, day), []).append(
                            LandedFile(feed, day, name, path, _stamp(found), found.get("size"))
                        )
                ignored[feed] = tuple(strangers)
        except Exception as error:
            # Remote file systems raise exceptions of their own libraries.
            raise LandingError(
                f"The landing zone {self.url} cannot be read ({_reason(error)}); "
                "set ECOMMERCE_LANDING to the folder that holds the feeds."
            ) from error
        return Listing({key: tuple(files) for key, files in batches.items()}, ignored)

    def _names(self, feed: str) -> list[tuple[str, str, Mapping[str, Any] | None]]:
        """Give the names, paths and details of a folder's entries; details are of files only."""
        folder = f"{self._root.rstrip('/')}/{feed}"
        try:
            entries = self._files.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        return [
            (entry["name"].rstrip("/").rsplit("/", 1)[-1], entry["name"], self._file(entry))
            for entry in entries
        ]

    def _file(self, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Give the details of a file, or of a link's target if it is in the landing zone."""
        if not entry.get("islink"):
            return entry if entry["type"] == "file" else None
        target, root = os.path.realpath(entry["name"]), os.path.realpath(self._root)
        try:
            facts = os.stat(target)
        except OSError:
            return None
        if not stat.S_ISREG(facts.st_mode) or not target.startswith(f"{root.rstrip('/')}/"):
            return None
        return {"size": facts.st_size, "mtime": facts.st_mtime}

    def read(self, file: LandedFile) -> bytes:
        """Read a whole file.

        Raises:
            RefusedFileError: the file is missing, unreadable, or above the limit.
        """
        if not _is_utf8(file.name):
            raise RefusedFileError(file.name, "the file's name is not UTF-8; rename it")
        check_size(file.name, file.size or 0)
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


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _stamp(entry: Mapping[str, Any]) -> str:
    """Combine size and time of change, or an object store's tag, into one text."""
    return " ".join(str(entry[name]) for name in _STAMPS if name in entry)


_STAMPS = ("size", "mtime", "ETag", "etag", "LastModified", "updated")


def batch_date(name: str) -> dt.date | None:
    """Give the batch date in a file's name, or None if it is not the name of a landed file."""
    if not _DAY.match(name) or not name.endswith(EXTENSIONS):
        return None
    try:
        return dt.date.fromisoformat(name[:10])
    except ValueError:
        return None
