"""Holds documents and records on disk during an import, so that memory is bounded.

Documents come in any order and more than once; records leave by day. The file disappears with the
process. Each shop's own modules interpret the documents.
"""

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.shops.landing_files import write_batch

Json = dict[str, Any]
"""A JSON object; numbers with a point are `Decimal`, or texts when they come from the spool."""

Record = Mapping[str, str | None]
"""A record of a feed with the values of its file."""


class Spool:
    """The latest version of each document, and the records made of them.

    SQLite keeps a database without a name in a temporary file that no other process can open.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(
            """
            pragma journal_mode = off;
            pragma synchronous = off;
            create table document (
                kind text, id text, parent text, version text, body text,
                primary key (kind, id)
            ) without rowid;
            create index of_parent on document (kind, parent);
            create table record (
                day text, feed text, key text, body text, primary key (day, feed, key)
            ) without rowid;
            """
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def keep(self, kind: str, id_: str, document: Json, *, version: str, parent: str) -> None:
        """Keep a document unless a later version exists; versions compare by (`version`, text)."""
        self._database.execute(
            """
            insert into document values (?, ?, ?, ?, ?)
            on conflict do update set
                parent = excluded.parent, version = excluded.version, body = excluded.body
            where (excluded.version, excluded.body) > (version, body)
            """,
            [kind, id_, parent, version, json.dumps(document, default=_number, sort_keys=True)],
        )

    def count(self, kind: str) -> int:
        """How many documents of a kind there are."""
        return int(self._one("select count(*) from document where kind = ?", kind) or 0)

    def get(self, kind: str, id_: str) -> Json | None:
        """Give the document with an id."""
        body = self._one("select body from document where kind = ? and id = ?", kind, id_)
        return _loaded(body) if body else None

    def all(self, kind: str) -> Iterator[Json]:
        """Give all documents of a kind, by id."""
        rows = self._database.execute(
            "select body from document where kind = ? order by id", [kind]
        )
        for (body,) in rows:
            yield _loaded(body)

    def of_parent(self, kind: str, parent: str) -> list[Json]:
        """Give the documents of a kind that belong to another, by id."""
        rows = self._database.execute(
            "select body from document where kind = ? and parent = ? order by id", [kind, parent]
        )
        return [_loaded(body) for (body,) in rows]

    def without_parent(self, kind: str, parent_kind: str) -> Iterator[tuple[str, Json]]:
        """Give documents whose parent is missing, with the parent's id ('' if unknown)."""
        rows = self._database.execute(
            """
            select parent, body from document as child
            where kind = ? and not exists (
                select 1 from document where kind = ? and id = child.parent
            )
            order by id
            """,
            [kind, parent_kind],
        )
        for parent, body in rows:
            yield parent, _loaded(body)

    def latest_version(self) -> str:
        """Give the greatest version of all documents; '' without any."""
        return str(self._one("select max(version) from document") or "")

    def land(self, feed: str, day: dt.date, record: Record) -> None:
        """Keep a record for a feed's batch of a day; a later record of the same key replaces it."""
        key = json.dumps([record.get(column) for column in FEEDS[feed].key])
        self._database.execute(
            "insert or replace into record values (?, ?, ?, ?)",
            [day.isoformat(), feed, key, json.dumps(record)],
        )

    def counts(self) -> dict[str, int]:
        """Count the records of each feed."""
        rows = dict(self._database.execute("select feed, count(*) from record group by feed"))
        return {feed: rows.get(feed, 0) for feed in FEEDS}

    def days(self) -> list[dt.date]:
        """The days with records."""
        rows = self._database.execute("select distinct day from record order by day")
        return [dt.date.fromisoformat(day) for (day,) in rows]

    def records(self, feed: str, day: dt.date) -> list[Record]:
        """Give a feed's records of a day, by business key."""
        rows = self._database.execute(
            "select body from record where feed = ? and day = ? order by key",
            [feed, day.isoformat()],
        )
        return [json.loads(body) for (body,) in rows]

    def write(
        self,
        out: Path,
        *,
        source: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Write each feed's file of each day and count the days.

        `source` becomes part of the files' names, so that several shops can share a landing zone.
        """
        days = self.days()
        for done, day in enumerate(days, start=1):
            for feed in FEEDS:
                records = self.records(feed, day)
                if records:
                    write_batch(out, feed, day, table(feed, records), quoted=True, source=source)
            if progress:
                progress(done, len(days))
        return len(days)

    def _one(self, query: str, *parameters: str) -> Any:
        row = self._database.execute(query, parameters).fetchone()
        return row[0] if row else None


def table(feed: str, records: list[Record]) -> pa.Table:
    """Make a table of a feed's records with all its columns as texts."""
    return pa.table(
        {
            column: pa.array([record.get(column) for record in records], pa.string())
            for column in FEEDS[feed].columns
        }
    )


def _number(value: Decimal) -> str:
    return str(value)


def _loaded(body: str) -> Json:
    document: Json = json.loads(body)
    return document
