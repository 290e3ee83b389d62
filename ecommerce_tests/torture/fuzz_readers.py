"""Hostile files for every reader, and what must hold of any file: staged, quarantined or refused.

Run as a program it goes on for some seconds, from a seed that repeats it:

    python -m ecommerce_tests.torture.fuzz_readers --seconds 1800 --seed 1

How files get into a landing zone, and pipes and links there, are not its subject.
"""

import argparse
import gzip
import io
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ecommerce_assets.feeds.contract import FEEDS, Feed, Store
from ecommerce_assets.feeds.privacy import Hasher, looks_like_address
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.records import RECORD_LIMIT, RefusedFileError
from ecommerce_assets.feeds.split import LandedRecords, split

DAY = pd.Timestamp("2024-03-05")
STORE = Store("America/New_York", "EUR", "Europe/Berlin")
MEMORY = 3 << 30
"""Bytes that the program may take up."""

_LONGEST_SENTENCE = 1_000

VALUES: Sequence[str] = (
    *("", " ", "\u3000", "a", "1", "-0", "+1.50", "1.005", "1e400", "NaN", "Infinity", "0x1F", "٣"),
    *("9" * 400, "0" * 400 + "1", "1" + "0" * 12, "-1000000000", "999999999.999999", "1.", ".5"),
    *("0000-01-01", "0001-01-01", "9999-12-31", "2024-02-30", "2023-02-29", "2024-03-10T02:30"),
    *("2024-03-31 02:30:00", "2024-03-05T23:59:60Z", "9999-12-31T23:59:59-23:59", "2024-03-05"),
    *("0001-01-01T00:00+23:59", "2024-03-05T10:00:00.123456Z", "10000-01-01", "-2024-01-01"),
    *(
        "paid",
        "PAID",
        "EUR",
        "eur",
        "main",
        "refund",
        "gift_card",
        "\0",
        "a\0b",
        "\ufeff",
        "\u200b=1",
    ),
    *(
        "anna@example.com",
        "anna%40example.com",
        "anna @ example.com",
        "＠",
        "&#64;",
        "=HYPERLINK(1)",
    ),
    *(
        "../../etc/passwd",
        "\\.",
        "\\N",
        "{}",
        "[",
        '"',
        '""',
        "'",
        ",",
        ";",
        "\t",
        "\r",
        "\n",
        "\r\n",
    ),
    *("\u2028", "\x85", "\x1b[2J", "\U0001f600", "e\u0301", "x" * 255, "x" * 256, "x" * 6_000),
    *("true", "null", "{'a': 1}", "1,000", "0.1e1", "--1", "+-1", "1 000", "１２"),
)


def check(name: str, content: bytes, feed: Feed) -> str:
    """Read and split a file, and assert what must hold; gives what became of it."""
    try:
        records = read_records(name, content, feed)
    except RefusedFileError as refused:
        sentence = str(refused)
        assert sentence.isprintable(), sentence
        assert len(sentence) < _LONGEST_SENTENCE, sentence
        assert not looks_like_address(sentence), sentence
        return "refused"
    result = split(feed, STORE, Hasher(None), [LandedRecords(DAY, name, records)])
    assert len(result.staged) + len(result.quarantined) == len(records)
    lines = sorted([*result.staged["line_number"], *result.quarantined["line_number"]])
    assert lines == list(range(1, len(records) + 1))
    for column in records.ignored_columns:
        assert column == " " or column.isprintable(), column
        assert not looks_like_address(column), column
    for kept in (json.dumps(list(records.ignored_columns)), *_kept(result.quarantined)):
        assert "\\u0000" not in kept.replace("\\\\", "")
        kept.encode("utf-8")
        json.loads(kept)
    for row in result.quarantined.itertuples():
        assert len(row.record) < 8 * RECORD_LIMIT
        assert json.loads(row.reasons)
        assert not _shows_address(json.loads(row.record)), row.record
    for column in feed.columns:
        staged = result.staged["email_sha256" if column == "email" else column]
        if pd.api.types.is_string_dtype(staged):
            assert not staged.str.contains("\0", regex=False).any()
    return "quarantined" if len(result.quarantined) else "staged"


def _kept(quarantined: pd.DataFrame) -> list[str]:
    return [*quarantined["reasons"], *quarantined["record"]]


def _shows_address(record: dict[str, str | None]) -> bool:
    return any(looks_like_address(text) for text in record.values() if text)


class Fuzzer:
    """Draws hostile files."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._kinds: Sequence[tuple[str, Callable[[Feed], bytes]]] = (
            ("d.csv", self.csv),
            ("d.jsonl", self.jsonl),
            ("d.parquet", self.parquet),
            ("d.csv.gz", lambda feed: gzip.compress(self.csv(feed), 1)),
            ("d.jsonl.gz", lambda feed: gzip.compress(self.jsonl(feed), 1)),
        )

    def file(self) -> tuple[str, bytes, Feed]:
        """Draw a file: one of a feed with odd values, then perhaps with damaged bytes."""
        feed = self.random.choice(list(FEEDS.values()))
        name, make = self.random.choice(self._kinds)
        content = make(feed)
        if self.random.random() < 0.4:
            content = self.damaged(content)
        return name, content, feed

    def value(self) -> str:
        """Draw a text, at times a long one."""
        text = self.random.choice(VALUES)
        if self.random.random() < 0.01:
            unit = self.random.choice([text, "x", '"', "@", "[", " ", "é", "x@", "\n"]) or "x"
            text = unit * (self.random.choice([10**4, 10**5, 2 * 10**6]) // len(unit))
        return text

    def record(self, feed: Feed) -> dict[str, Any]:
        """Draw a record with a good value here and there."""
        return {
            column: self._good(feed, column) if self.random.random() < 0.6 else self.value()
            for column in feed.columns
        }

    def _good(self, feed: Feed, column: str) -> str:
        writing = feed.writing(column)
        return {"moment": "2024-03-05T10:00:00Z", "date": "2024-03-05", "text": "a"}.get(
            writing, "1"
        )

    def _names(self, feed: Feed) -> list[str]:
        names = list(feed.columns)
        if self.random.random() < 0.3:
            self.random.shuffle(names)
        if self.random.random() < 0.3:
            names.insert(self.random.randrange(len(names)), self.value())
        if self.random.random() < 0.05:
            names.append(self.random.choice(names))
        return names

    def csv(self, feed: Feed) -> bytes:
        """Draw a CSV."""
        names = self._names(feed)
        newline = self.random.choice(["\n", "\r\n", "\r"])
        lines = [",".join(map(self._field, names))]
        for _ in range(self.random.randrange(30)):
            record = self.record(feed)
            lines.append(",".join(self._field(record.get(name, "?")) for name in names))
        return newline.join(lines).encode("utf-8", "surrogatepass")

    def _field(self, text: str) -> str:
        if self.random.random() < 0.1:
            return text
        if any(char in text for char in '",\r\n'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def jsonl(self, feed: Feed) -> bytes:
        """Draw JSON lines."""
        return "\n".join(
            self._json_line(self.record(feed)) for _ in range(self.random.randrange(30))
        ).encode("utf-8", "surrogatepass")

    def _json_line(self, record: dict[str, Any]) -> str:
        odd = [None, True, [], {}, [["x@y.z"]], 10**400, float("nan"), float("inf"), -0.0, "\ud800"]
        for column in record:
            if self.random.random() < 0.05:
                record[column] = self.random.choice(odd)
        if self.random.random() < 0.2:
            key = self.random.choice([*VALUES, "\ud800", "x" * 2_000_000, " status "])
            record[key] = self.value()
        line = json.dumps(record, ensure_ascii=self.random.random() < 0.5)
        if self.random.random() < 0.05:
            line = self.random.choice(
                ["[" * 200_000, '{"a":' * 50_000, line[:-2], line * 2, "null"]
            )
        return line

    def parquet(self, feed: Feed) -> bytes:
        """Draw a Parquet file with columns of odd types."""
        rows = self.random.choice([0, 1, 20])
        columns = {name: self._array(rows) for name in dict.fromkeys(self._names(feed))}
        buffer = io.BytesIO()
        options = {
            "compression": self.random.choice(["none", "snappy", "zstd", "gzip"]),
            "use_dictionary": self.random.random() < 0.5,
            "row_group_size": self.random.choice([7, 1000]),
            "use_deprecated_int96_timestamps": self.random.random() < 0.1,
        }
        with_nul = {
            name.encode("utf-8", "replace").decode().replace("\0", "0"): column
            for name, column in columns.items()
        }
        try:
            pq.write_table(pa.table(with_nul), buffer, **options)
        except (pa.ArrowException, ValueError):
            # Some of the types cannot be written in this way: any file is a file.
            return self.random.randbytes(50)
        return buffer.getvalue()

    def _array(self, rows: int) -> pa.Array:
        big = 2**63 - 1
        whole = [
            self.random.choice([None, 0, 1, -1, big, -big - 1, 1_709_596_800]) for _ in range(rows)
        ]
        numbers = pa.array(whole, pa.int64())
        kind = self.random.randrange(14)
        if kind < 4:
            texts = [self.value().encode("utf-8", "replace").decode() for _ in range(rows)]
            array = pa.array(texts, self.random.choice([pa.string(), pa.large_string()]))
            return array.dictionary_encode() if kind == 3 else array
        if kind == 4:
            unit = self.random.choice(["s", "ms", "us", "ns"])
            return numbers.cast(pa.timestamp(unit, self.random.choice([None, "UTC", "+01:00"])))
        if kind == 5:
            return (
                pa.array(np.array([v or 0 for v in whole]) % 2**31, pa.int64())
                .cast(pa.int32())
                .cast(pa.date32())
            )
        if kind == 6:
            return numbers.cast(self.random.choice([pa.float64(), pa.float32()]), safe=False)
        if kind == 7:
            odd = [0.0, -0.0, float("nan"), float("inf"), 1e308, 5e-324, 0.1, None]
            return pa.array([self.random.choice(odd) for _ in range(rows)], pa.float64())
        if kind == 8:
            odd = [Decimal("1.50"), Decimal("-0.00000001"), Decimal(10) ** 25, None]
            return pa.array([self.random.choice(odd) for _ in range(rows)], pa.decimal128(38, 8))
        if kind == 9:
            return pa.array([self.random.choice([b"\xff", b"a@b.c", None]) for _ in range(rows)])
        if kind == 10:
            return pa.array(
                [self.random.choice([[1], [], None, ["x"][:0]]) for _ in range(rows)],
                pa.list_(pa.int64()),
            )
        if kind == 11:
            fields = [pa.field(name, pa.int64()) for name in self.random.choice(["ab", "aa"])]
            return pa.StructArray.from_arrays([numbers, numbers], fields=fields)
        if kind == 12:
            return numbers.cast(self.random.choice([pa.time64("ns"), pa.duration("ns")]))
        return self.random.choice([numbers, pa.nulls(rows), pa.array([True] * rows, pa.bool_())])

    def damaged(self, content: bytes) -> bytes:
        """Change, drop and repeat some bytes."""
        damaged = bytearray(content)
        for _ in range(self.random.randrange(1, 6)):
            place = self.random.randrange(len(damaged) + 1)
            change = self.random.randrange(4)
            if change == 0:
                damaged[place : place + 1] = self.random.randbytes(1)
            elif change == 1:
                del damaged[place : place + self.random.choice([1, 8, 1000])]
            elif change == 2:
                piece = damaged[place : place + self.random.choice([1, 20, 500])]
                damaged[place:place] = piece * self.random.choice([1, 2, 50])
            else:
                damaged[place:place] = self.random.choice(
                    [b"\0", b'"', b"\n", b"\xff\xfe", b"\xed\xa0\x80", b"@"]
                )
        return bytes(damaged)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz for some seconds; a file that breaks something is kept and named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="of the first file; each has its own")
    parser.add_argument("--files", type=int, default=sys.maxsize)
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes: Counter[str] = Counter()
    until = time.monotonic() + options.seconds
    seed = options.seed
    while time.monotonic() < until and seed < options.seed + options.files:
        name, content, feed = Fuzzer(seed).file()
        try:
            outcomes[f"{name} {check(name, content, feed)}"] += 1
        except BaseException:
            kept = Path(f"hostile-{seed}-{name}")
            kept.write_bytes(content)
            print(f"Seed {seed}, as {feed.name}, kept in {kept}, breaks:", file=sys.stderr)
            raise
        seed += 1
    print(f"{sum(outcomes.values()):,} files from seed {options.seed} on: {dict(outcomes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
