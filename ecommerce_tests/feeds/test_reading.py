"""Files of every format come out as the same records; one that is not its feed is refused."""

import gzip
import io
import json
from collections.abc import Callable
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecommerce_assets.feeds import reading
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.reading_csv import read_plain_csv, read_quoted_csv
from ecommerce_assets.feeds.records import Records, RefusedFileError

RETURNS = FEEDS["returns"]
HEADER = "return_id,order_item_id,order_id,quantity,returned_at,refund_amount,reason,ingested_at"
LINE = "R1,I1,O1,1,2024-03-10,5.00,too big,2024-03-11"


def read(text: str, name: str = "2024-03-05.csv") -> Records:
    return read_records(name, text.encode(), RETURNS)


def seen(records: Records) -> object:
    """All there is to a file's records, comparable."""
    return (
        records.line_numbers.tolist(),
        records.texts.to_pylist(),
        [(bad.line_number, bad.text) for bad in records.malformed],
        list(records.ignored_columns),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEADER}\n{LINE}\n",
        f"{HEADER}\r\n{LINE}\r\n",
        f"{HEADER}\n{LINE}",
        f"\n  \n{HEADER}\n\n{LINE}\n \t\n",
        HEADER.replace("reason", " reason\u00a0") + f"\n{LINE.replace('too big', '  too big ')}\n",
        f"{HEADER}\n" + LINE.replace("too big", '"too big"') + "\n",
    ],
    ids=["byte order mark", "CRLF", "no last newline", "blank lines", "white space", "quotes"],
)
def test_ways_to_write_the_same_csv(text: str) -> None:
    assert seen(read(text)) == seen(read(f"{HEADER}\n{LINE}\n"))


def test_columns_may_come_in_any_order_with_unknown_ones_between() -> None:
    header = "note,ingested_at,return_id,order_item_id,order_id,quantity,returned_at,refund_amount"
    records = read(f"{header}\nhello,2024-03-11,R1,I1,O1,1,2024-03-10,5.00\n")

    assert records.texts["return_id"][0].as_py() == "R1"
    assert records.texts["reason"][0].as_py() is None
    assert records.ignored_columns == ["note"]


def test_a_quoted_value_may_hold_newlines_and_commas() -> None:
    records = read(f"{HEADER}\n" + LINE.replace("too big", '"too\nbig, ""really"""') + f"\n{LINE}")

    assert records.texts["reason"].to_pylist() == ['too\nbig, "really"', "too big"]
    assert list(records.line_numbers) == [1, 2]


def test_a_quote_inside_an_unquoted_field_is_a_character() -> None:
    records = read(f"{HEADER}\n" + LINE.replace("too big", 'too "big"'))

    assert records.texts["reason"].to_pylist() == ['too "big"']


def test_a_line_of_another_width_is_malformed_and_counts() -> None:
    records = read(f"{HEADER}\n{LINE}\nR2,I2\n\n{LINE}\n")

    assert list(records.line_numbers) == [1, 3]
    assert [(bad.line_number, bad.text) for bad in records.malformed] == [(2, "R2,I2")]


def test_after_a_quote_that_is_never_closed_the_rest_is_one_malformed_record() -> None:
    rest = LINE.replace("too big", '"too big') + f"\n{LINE}\n{LINE}\n"
    records = read(f"{HEADER}\n{LINE}\n{rest}")

    assert list(records.line_numbers) == [1]
    assert [(bad.line_number, bad.text) for bad in records.malformed] == [(2, rest.rstrip("\n"))]


lines = st.lists(
    st.one_of(
        st.just(LINE),
        st.text(alphabet="a1 ,.\t\0é\u00a0\u2028'\\", max_size=20),
        st.lists(st.sampled_from(["", " b", "1.5"]), min_size=8, max_size=8).map(",".join),
    ),
    max_size=6,
)


@given(lines, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_both_csv_readers_read_the_same(body: list[str], newline: str, ends: bool) -> None:
    text = newline.join([HEADER, *body]) + (newline if ends else "")

    plain = read_plain_csv("name", text.encode(), RETURNS)

    assert seen(plain) == seen(read_quoted_csv("name", text.encode(), RETURNS))


def jsonl(*lines: str) -> Records:
    return read("\n".join(lines), "2024-03-05.jsonl")


GOOD_JSON = json.dumps(dict(zip(HEADER.split(","), LINE.split(","), strict=True)))


def test_json_lines_read_like_csv() -> None:
    assert seen(jsonl(GOOD_JSON, "", "  ", GOOD_JSON)) == seen(read(f"{HEADER}\n{LINE}\n{LINE}"))


def test_json_numbers_count_as_their_text() -> None:
    records = jsonl('{"quantity": 1.0, "refund_amount": 5.10, "return_id": 7, "reason": null}')

    (values,) = records.texts.select(["quantity", "refund_amount", "return_id"]).to_pylist()
    assert values == {"quantity": "1.0", "refund_amount": "5.10", "return_id": "7"}
    assert records.texts["reason"][0].as_py() is None


def test_of_a_json_key_given_twice_the_last_counts() -> None:
    records = jsonl('{"reason": "a", " reason ": "b", "reason": "c"}')

    assert records.texts["reason"].to_pylist() == ["c"]


@pytest.mark.parametrize(
    "line", ["[1]", '"text"', "7", "{", '{"a": NaN}', "[" * 100_000, "not json", "null"]
)
def test_a_line_that_is_no_json_object_is_malformed(line: str) -> None:
    records = jsonl(GOOD_JSON, line)

    assert len(records.texts) == 1
    assert [(bad.line_number, bad.text) for bad in records.malformed] == [(2, line)]


@pytest.mark.parametrize("value", ["[1]", '{"a": 1}', "true", r'"\ud800"'])
def test_a_json_value_that_is_no_text_or_number_is_unfit(value: str) -> None:
    records = jsonl('{"reason": ' + value + "}")

    assert records.unfit["reason"].tolist() == [True]


def test_an_empty_json_lines_file_has_no_records() -> None:
    assert len(jsonl("")) == 0


def parquet(**columns: pa.Array) -> Records:
    table = pa.table(
        {
            **{name: pa.array([None], pa.string()) for name in HEADER.split(",")},
            **columns,
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return read_records("2024-03-05.parquet", buffer.getvalue(), RETURNS)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array([3.0]), "3"),
        (pa.array([0.1], pa.float32()), "0.1"),
        (pa.array([1e16]), "10000000000000000"),
        (pa.array([150], pa.int64()).cast(pa.decimal128(38, 4)), "150"),
        (pa.array(["1.5"]).cast(pa.decimal128(10, 4)), "1.5"),
        (pa.array([7], pa.int32()), "7"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array(["a"], pa.large_string()), "a"),
        (pa.array([pd.Timestamp("2024-03-05 10:00:00.5")]), "2024-03-05 10:00:00.500000"),
        (
            pa.array([1_709_650_800_000_000], pa.timestamp("us", "America/New_York")),
            "2024-03-05 15:00:00.000000Z",
        ),
        (pa.array([pd.Timestamp("2024-03-05").date()]), "2024-03-05"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.type),
)
def test_typed_parquet_columns_are_taken_by_value(values: pa.Array, text: str) -> None:
    assert parquet(reason=values).texts["reason"][0].as_py() == text


def test_a_parquet_value_that_is_no_text_or_number_is_unfit() -> None:
    assert parquet(reason=pa.array([[1]])).unfit["reason"].tolist() == [True]
    assert parquet(reason=pa.array([True])).unfit["reason"].tolist() == [True]


FAR = [2**63 - 1, -(2**63)]


@pytest.mark.parametrize(
    "values",
    [
        *(pa.array(FAR).cast(pa.timestamp(unit)) for unit in ("ms", "us")),
        pa.array(FAR).cast(pa.timestamp("us", "America/New_York")),
        pa.array([2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32()),
    ],
    ids=lambda values: str(values.type),
)
def test_a_parquet_moment_beyond_the_calendar_is_its_number(values: pa.Array) -> None:
    for value in (values[:1], values[1:]):
        assert parquet(reason=value).texts["reason"][0].as_py().removeprefix("-").isdigit()


@pytest.mark.parametrize(
    ("decimal", "text"),
    [
        ("999999999.9900000000000000000000000000001", "999999999.9900000000000000000000000000001"),
        ("0.0000000001", "0.0000000001"),
        ("100", "100"),
        ("0", "0"),
    ],
)
def test_a_parquet_decimal_keeps_all_its_digits(decimal: str, text: str) -> None:
    kind = pa.decimal256(50, 31) if len(decimal) > 20 else pa.decimal128(20, 10)

    assert parquet(reason=pa.array([Decimal(decimal)], kind)).texts["reason"][0].as_py() == text


def test_parquet_values_that_python_has_none_of_are_unfit() -> None:
    twice = pa.StructArray.from_arrays(
        [pa.array([1]), pa.array([2])], fields=[pa.field("a", pa.int64())] * 2
    )
    for values in (twice, pa.array([FAR[0]]).cast(pa.duration("s"))):
        assert parquet(reason=values).unfit["reason"].tolist() == [True]


def test_a_parquet_column_whose_name_is_not_utf8_is_refused() -> None:
    buffer = io.BytesIO()
    columns = {name: pa.array(["a"]) for name in [*HEADER.split(","), "NAME_NAME"]}
    pq.write_table(pa.table(columns), buffer, store_schema=False)
    content = buffer.getvalue().replace(b"NAME_NAME", b"NAME\xffNAME")

    with pytest.raises(RefusedFileError, match="one of its columns is not UTF-8"):
        read_records("2024-03-05.parquet", content, RETURNS)


def truncated_gzip() -> bytes:
    return gzip.compress(f"{HEADER}\n{LINE}\n".encode())[:-6]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("d.csv", lambda: b"", "no bytes"),
        ("d.csv", lambda: b"\n \n", "no column"),
        ("d.csv", lambda: HEADER.replace("quantity", "number").encode(), "no column quantity"),
        ("d.csv", lambda: f"{HEADER},reason".encode(), "'reason' twice"),
        ("d.csv", lambda: HEADER.encode() + b"\n\xff\xfe", "not UTF-8"),
        ("d.csv", lambda: b'"' + HEADER.encode(), "never closed"),
        ("d.csv.gz", truncated_gzip, "gzip file is broken"),
        ("d.csv.gz", lambda: b"plain text", "gzip file is broken"),
        ("d.parquet", lambda: b"", "no Parquet file"),
        ("d.parquet", lambda: HEADER.encode(), "no Parquet file"),
    ],
    ids=[
        "no bytes",
        "only blank lines",
        "a column missing",
        "a column twice",
        "not UTF-8",
        "an open quote in the header",
        "a gzip cut short",
        "no gzip",
        "an empty Parquet",
        "no Parquet",
    ],
)
def test_a_file_that_is_not_its_feed_is_refused(
    name: str, content: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(RefusedFileError, match=reason) as refused:
        read_records(name, content(), RETURNS)
    assert str(refused.value).startswith(f"{name}: ")


def test_a_gzip_that_unpacks_beyond_the_bound_is_refused() -> None:
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb", compresslevel=1) as file:
        for _ in range((reading.FILE_LIMIT >> 24) + 1):
            file.write(bytes(1 << 24))
    with pytest.raises(RefusedFileError, match="unpacks to more than 536,870,912 bytes"):
        read_records("2024-03-05.csv.gz", bomb.getvalue(), RETURNS)
