"""Size limits: larger records are cut to their head, larger files are refused."""

import gzip
import io
import json
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecommerce_assets.feeds import reading, reading_csv
from ecommerce_assets.feeds.contract import FEEDS, Store
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.reading_csv import read_quoted_csv
from ecommerce_assets.feeds.records import (
    IGNORED_LISTED,
    RECORD_LIMIT,
    RefusedFileError,
)
from ecommerce_assets.feeds.split import LandedRecords, split
from ecommerce_assets.feeds.texts import HEAD

RETURNS = FEEDS["returns"]
GOOD = {
    "return_id": "R1",
    "order_item_id": "I1",
    "order_id": "O1",
    "quantity": "1",
    "returned_at": "2024-03-05",
    "refund_amount": "5.00",
    "reason": "too big",
    "ingested_at": "2024-03-05",
}
HEADER = ",".join(GOOD)


def csv(*records: dict[str, str]) -> bytes:
    return "\n".join([HEADER, *(",".join(record.values()) for record in records)]).encode()


def jsonl(*records: dict[str, str]) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def parquet(*records: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(records)), buffer)
    return buffer.getvalue()


WAYS = {
    "d.csv": csv,
    "d.jsonl": jsonl,
    "d.parquet": parquet,
    "d.csv.gz": lambda *records: gzip.compress(csv(*records), 1),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_record_above_the_limit_is_malformed_and_cut_to_its_head(name: str) -> None:
    large = {**GOOD, "reason": "x" * RECORD_LIMIT}

    records = read_records(name, WAYS[name](GOOD, large, GOOD), RETURNS)

    assert list(records.line_numbers) == [1, 3]
    [cut] = records.malformed
    assert cut.line_number == 2
    assert HEAD < len(cut.text) < 2 * HEAD
    assert "R1" in cut.text
    assert cut.message == "is larger than 1,048,576 bytes; its head is kept"
    address = LandedRecords(pd.Timestamp("2024-03-06"), name, records)
    quarantined = split(RETURNS, Store("UTC", "EUR"), Hasher(None), [address]).quarantined
    assert [reason["rule"] for reason in json.loads(quarantined["reasons"].iloc[0])] == [
        "malformed"
    ]


@pytest.mark.parametrize("name", WAYS)
def test_a_record_within_the_limit_is_kept_whole(name: str) -> None:
    content = WAYS[name]({**GOOD, "reason": "x" * (RECORD_LIMIT - 1_000)})

    (reason,) = read_records(name, content, RETURNS).texts["reason"].to_pylist()
    assert len(reason) == RECORD_LIMIT - 1_000


def test_a_large_quoted_record_ends_where_its_quotes_do() -> None:
    large = {**GOOD, "reason": '"' + 'a, ""b""\n' * 200_000 + '"'}

    records = read_records("d.csv", csv(GOOD, large, GOOD), RETURNS)

    assert list(records.line_numbers) == [1, 3]
    assert [bad.line_number for bad in records.malformed] == [2]


def test_after_a_quote_that_is_never_closed_the_rest_is_cut_to_its_head() -> None:
    content = csv(GOOD, {**GOOD, "reason": '"too big'}, *[GOOD] * 40_000)

    [cut] = read_records("d.csv", content, RETURNS).malformed

    assert cut.line_number == 2
    assert len(cut.text) <= HEAD + 1


pieces = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "a", "bc", " ", "é", '","', 'x"y'])


@given(st.lists(pieces, max_size=60).map("".join))
def test_large_records_are_told_apart_like_small_ones(text: str) -> None:
    content = f"{HEADER}\n{text}".encode()
    whole = read_quoted_csv("d.csv", content, RETURNS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_csv, "RECORD_LIMIT", len(HEADER) + 1)
        cut = read_quoted_csv("d.csv", content, RETURNS)

    assert len(cut) == len(whole)
    raw = {bad.line_number: bad.text for bad in whole.malformed}
    for bad in cut.malformed:
        if "larger" not in bad.message:
            assert raw[bad.line_number] == bad.text


def test_a_large_key_is_a_large_record() -> None:
    records = read_records("d.jsonl", jsonl({**GOOD, "k" * RECORD_LIMIT: ""}, GOOD), RETURNS)

    assert [bad.line_number for bad in records.malformed] == [1]
    assert records.ignored_columns == []


def test_deep_json_is_malformed_at_once() -> None:
    started = time.process_time()
    line = b"[" * 1_000_000

    records = read_records("d.jsonl", line, RETURNS)
    split(
        RETURNS,
        Store("UTC", "EUR"),
        Hasher(None),
        [LandedRecords(pd.Timestamp("2024-03-05"), "d.jsonl", records)],
    )

    # It took five minutes.
    assert time.process_time() - started < 30


def refusal(name: str, content: bytes) -> str:
    with pytest.raises(RefusedFileError) as refused:
        read_records(name, content, RETURNS)
    return str(refused.value)


def test_a_header_above_the_limit_is_refused() -> None:
    assert "the header is larger than" in refusal("d.csv", b"x" * (RECORD_LIMIT + 1))


def test_a_wide_header_takes_linear_time() -> None:
    header = ",".join([HEADER, *(f"c{number}" for number in range(100_000))])
    started = time.process_time()

    records = read_records("d.csv", header.encode(), RETURNS)

    # 40,000 columns took 22 s.
    assert time.process_time() - started < 10
    assert len(records.ignored_columns) == IGNORED_LISTED + 1
    assert records.ignored_columns[-1] == "…"


def test_addresses_in_column_names_are_masked() -> None:
    header = HEADER + ",anna@example.com"

    listed = read_records("d.csv", header.encode(), RETURNS).ignored_columns
    twice = refusal("d.csv", f"{header},anna@example.com".encode())

    assert listed == ["[e-mail address]"]
    assert "has the column '[e-mail address]' twice" in twice


@pytest.mark.parametrize("key", ["a\0b", "\ud800"])
def test_a_name_that_postgresql_cannot_hold_is_listed_as_an_escape(key: str) -> None:
    of_json = read_records("d.jsonl", jsonl({**GOOD, key: "x"}), RETURNS)
    assert of_json.ignored_columns == [ascii(key)[1:-1]]


def test_a_nul_in_a_header_is_listed_as_an_escape() -> None:
    assert read_records("d.csv", f"{HEADER},a\0b".encode(), RETURNS).ignored_columns == [r"a\x00b"]


def test_a_file_of_more_lines_or_bytes_than_are_read_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "RECORDS_LIMIT", 2)
    assert "more than 2 lines; split it" in refusal("d.csv", csv(GOOD, GOOD, GOOD, GOOD))
    assert "more than 2 lines; split it" in refusal("d.jsonl", b"\n\n\n")
    monkeypatch.setattr(reading, "FILE_LIMIT", 100)
    assert "the file has more than 100 bytes; split it" in refusal("d.csv", csv(GOOD))
    packed = gzip.compress(bytes(1_000))
    assert "unpacks to more than 100 bytes; split it" in refusal("d.jsonl.gz", packed)


def test_parquet_that_unpacks_to_more_than_is_read_is_refused_before_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "FILE_LIMIT", 1 << 28)
    rows = 20_000
    repeated = pa.DictionaryArray.from_arrays(
        np.zeros(rows, dtype="int32"), pa.array(["x" * 100_000])
    )
    columns = {name: pa.array([value] * rows) for name, value in GOOD.items()}
    buffer = io.BytesIO()
    pq.write_table(pa.table({**columns, "reason": repeated}), buffer)
    assert len(buffer.getvalue()) < 200_000

    sentence = refusal("d.parquet", buffer.getvalue())

    assert "the feed's columns unpack to more than 268,435,456 bytes; split the file" in sentence
    # They are 2 GB.
    assert pa.default_memory_pool().max_memory() < 1 << 30


def test_nested_parquet_values_are_counted_before_they_are_read() -> None:
    columns = {name: pa.array([value]) for name, value in GOOD.items()}
    many = pa.ListArray.from_arrays([0, 6_000_000], pa.nulls(6_000_000, pa.int8()))
    buffer = io.BytesIO()
    pq.write_table(pa.table({**columns, "reason": many}), buffer)

    assert "split the file" in refusal("d.parquet", buffer.getvalue())
