"""Random landing files: the records of `random_records.py` in every format, in every zone."""

import csv
import datetime as dt
import gzip
import io
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ecommerce_tests.torture.model import ModelSettings
from ecommerce_tests.torture.model.contract import FEEDS
from ecommerce_tests.torture.random_records import RandomRecords, Texts

SEASONS = (
    ("UTC", "2024-02-27"),
    ("America/New_York", "2024-03-08"),
    ("America/Havana", "2024-03-08"),  # skips midnight, and in November repeats it
    ("America/Havana", "2024-11-01"),
    ("Europe/Berlin", "2024-03-29"),
    ("Europe/Berlin", "2024-10-25"),
    ("Asia/Kathmandu", "2024-12-29"),
)
"""Time zones, and days on which their clocks or the year change within the next few."""

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)

BROKEN = {
    ".csv": (b"", b"just,a,header\n1,2,3\n", b"order_id,order_id\n", b"\xff\xfe\n"),
    ".csv.gz": (b"no gzip", gzip.compress(b"order_id\n" * 99)[:-9]),
    ".jsonl": (b'{"order_id": "\xff"}\n',),
    ".parquet": (b"", b"PAR1"),
}


@dataclass(frozen=True)
class RandomShop:
    """The settings and the batch days of a shop, and what makes its records."""

    settings: ModelSettings
    days: tuple[dt.date, ...]
    records: RandomRecords

    @classmethod
    def draw(cls, rng: random.Random, days: int = 5) -> "RandomShop":
        """Draw a shop of a few days."""
        timezone, start = rng.choice(SEASONS)
        source = rng.choice(("UTC", timezone))
        first = dt.date.fromisoformat(start)
        settings = ModelSettings(
            timezone=timezone,
            source_timezone=source,
            return_days=rng.choice((0, 1, 30)),
            tolerate=frozenset(rng.choice(((), (), ("order_flow",)))),
            hash_key=rng.choice((None, "a key")),
        )
        dates = tuple(first + dt.timedelta(days=n) for n in range(days))
        return cls(settings, dates, RandomRecords(rng, source))

    def land(self, landing: Path, feed: str, day: dt.date) -> Path:
        """Write a file of a feed's day; it may replace one."""
        rng = self.records.rng
        extension = rng.choice((".csv", ".csv", ".jsonl", ".csv.gz", ".jsonl.gz", ".parquet"))
        path = landing / feed / f"{day}{rng.choice(('', '', '_b', '-2'))}{extension}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(rng, feed, self.records.batch(feed, day), extension))
        return path

    def land_all(self, landing: Path, share: float = 0.8) -> None:
        """Write files of most feeds and days; events of a feed's day may name any other's."""
        for day in self.days:
            for feed in FEEDS:
                if self.records.rng.random() < share:
                    self.land(landing, feed, day)


def land_broken(rng: random.Random, landing: Path, feed: str, day: dt.date) -> Path:
    """Write a file that is refused."""
    extension = rng.choice(sorted(BROKEN))
    path = landing / feed / f"{day}_broken{extension}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(rng.choice(BROKEN[extension]))
    return path


def _content(rng: random.Random, feed: str, records: list[Texts | str], extension: str) -> bytes:
    columns = list(FEEDS[feed].columns)
    rng.shuffle(columns)
    if extension == ".parquet":
        return _parquet(columns, [record for record in records if isinstance(record, dict)])
    text = _csv(rng, columns, records) if ".csv" in extension else _jsonl(rng, records)
    content = (rng.choice(("", "", "\ufeff")) + text).encode()
    return gzip.compress(content, mtime=0) if extension.endswith(".gz") else content


def _csv(rng: random.Random, columns: list[str], records: list[Texts | str]) -> str:
    file = io.StringIO()
    if rng.random() < 0.3:
        columns = [*columns, "remark"]
    header = [rng.choice(("{}", "{}", " {} ")).format(column) for column in columns]
    end = rng.choice(("\n", "\r\n"))
    writer = csv.writer(
        file,
        lineterminator=end,
        quoting=csv.QUOTE_ALL if rng.random() < 0.5 else csv.QUOTE_MINIMAL,
    )
    writer.writerow(header)
    for record in records:
        if isinstance(record, str):
            file.write(record + end)
        else:
            pad = rng.choice(("", "", " ", "\u00a0"))
            writer.writerow(pad + record.get(column, "") + pad for column in columns)
        file.write(rng.choice(("", "", end)))
    if rng.random() < 0.05:
        file.write('"never closed' + end + "1,2" + end)
    return file.getvalue()


def _jsonl(rng: random.Random, records: list[Texts | str]) -> str:
    lines = [record if isinstance(record, str) else _json_object(rng, record) for record in records]
    return "".join(line + rng.choice(("\n", "\n\n", "\r\n")) for line in lines)


def _json_object(rng: random.Random, record: Texts) -> str:
    def value(name: str, text: str) -> str:
        if _NUMBER.fullmatch(text) and rng.random() < 0.5:
            return text
        if not text:
            return rng.choice(("null", '""', '"  "'))
        return json.dumps(text, ensure_ascii=rng.random() < 0.5)

    pairs = [f"{json.dumps(name)}: {value(name, text)}" for name, text in record.items()]
    rng.shuffle(pairs)
    if rng.random() < 0.1:
        pairs.insert(0, '"ingested_at": "twice: the last counts"')
    return "{" + ", ".join(pairs) + "}"


def _parquet(columns: list[str], records: list[Texts]) -> bytes:
    file = io.BytesIO()
    data = {
        column: pa.array([record.get(column) or None for record in records], pa.string())
        for column in columns
    }
    pq.write_table(pa.table(data), file)
    return file.getvalue()
