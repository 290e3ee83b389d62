"""Reads and writes frames by COPY, exactly: minor units in a frame are numeric in the table.

`tables` defines the tables.
"""

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from pgpq import ArrowToPostgresBinaryEncoder
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb
from psycopg import sql

from ecommerce_assets.warehouse.tables import DECIMALS, Kind, Table

_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.JSON: pa.string(),
    Kind.AMOUNT: pa.int64(),
    Kind.COST: pa.decimal128(38, DECIMALS[Kind.COST]),
    Kind.PRICE: pa.int64(),
    Kind.RATE: pa.int64(),
    Kind.COUNT: pa.int64(),
    Kind.MOMENT: pa.timestamp("us", "UTC"),
    Kind.DAY: pa.date32(),
    Kind.FLAG: pa.bool_(),
}


def read(
    connection: psycopg.Connection,
    query: str,
    columns: Mapping[str, Kind],
    parameters: Sequence[Any] | Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Read a query's rows as a frame; `columns` gives the names and kinds of its columns.

    Money and rates become whole minor units; a column of whole numbers with nulls becomes Int64.
    """
    selected = sql.SQL(", ").join(_selected(name, kind) for name, kind in columns.items())
    statement = sql.SQL("copy (select {} from ({}) as q) to stdout (format csv)").format(
        selected, sql.SQL(query)
    )
    buffer = io.BytesIO()
    with connection.cursor().copy(statement, parameters) as copy:
        for chunk in copy:
            buffer.write(chunk)
    if not buffer.tell():
        schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
        return _to_pandas(schema.empty_table())
    buffer.seek(0)
    table = pacsv.read_csv(
        buffer,
        read_options=pacsv.ReadOptions(column_names=list(columns), block_size=1 << 24),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types={name: _ARROW[kind] for name, kind in columns.items()},
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return _to_pandas(table)


def _selected(name: str, kind: Kind) -> sql.Composable:
    column = sql.Identifier(name)
    if kind in DECIMALS and kind is not Kind.COST:
        return sql.SQL("({} * {})::bigint").format(column, sql.Literal(10 ** DECIMALS[kind]))
    return column


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    series = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("s"))
        if not len(column) and pa.types.is_string(column.type):
            # As pyarrow makes it, without a single chunk, pandas cannot join on it.
            series[name] = pd.Series([], dtype="str")
            continue
        if pa.types.is_decimal(column.type):
            column = _minor_units(column)
            if isinstance(column, pd.Series):
                series[name] = column
                continue
        nullable_whole = pa.types.is_integer(column.type) and column.null_count
        series[name] = column.to_pandas(
            types_mapper={pa.int64(): pd.Int64Dtype()}.get if nullable_whole else None
        )
    return pd.DataFrame(series)


def _minor_units(column: pa.ChunkedArray) -> pa.ChunkedArray | pd.Series:
    """Turn decimals into whole hundredths, as Python integers if 64 bits are not enough."""
    array = pa.concat_arrays(column.chunks)
    # A decimal128 is its unscaled value as two 64-bit words.
    words = np.frombuffer(array.buffers()[1], "<i8").reshape(-1, 2)
    low, high = words[array.offset : array.offset + len(array)].T
    is_null = array.is_null().to_numpy(zero_copy_only=False)
    if ((high == low >> 63) | is_null).all():
        return pa.chunked_array([pa.array(low, mask=is_null)])
    scale = array.type.scale
    return pd.Series(
        [None if value is None else int(value.scaleb(scale)) for value in array.to_pylist()],
        dtype=object,
    )


def write(connection: psycopg.Connection, table: Table, frame: pd.DataFrame) -> None:
    """Append a frame's rows to a table; the frame may have more columns, in any order."""
    copy_in(connection, table.name, table.columns, frame)


def copy_in(
    connection: psycopg.Connection, name: str, columns: Mapping[str, Kind], frame: pd.DataFrame
) -> None:
    """Append a frame's rows to these columns of the table of that name.

    It uses binary COPY, which takes a tenth of the processor time of CSV for 400,000 lines.
    """
    if frame.empty:
        return
    rows = pa.table({column: _to_arrow(frame[column], kind) for column, kind in columns.items()})
    encoder = ArrowToPostgresBinaryEncoder.new_with_encoders(
        rows.schema,
        {
            field.name: StringEncoderBuilder.new_with_output(field, Jsonb())
            if columns[field.name] is Kind.JSON
            else ArrowToPostgresBinaryEncoder.infer_encoder(field)
            for field in rows.schema
        },
    )
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(*name.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(statement) as copy:
        copy.write(encoder.write_header())
        for batch in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())


_ROWS_AT_ONCE = 50_000


def _to_arrow(series: pd.Series, kind: Kind) -> pa.Array:
    if kind in DECIMALS:
        return _decimals(series, DECIMALS[kind])
    if kind is Kind.DAY:
        return pa.array(series.astype("datetime64[s]")).cast(pa.date32())
    return pa.array(series, type=_ARROW[kind], from_pandas=True)


def _decimals(series: pd.Series, places: int) -> pa.Array:
    """Turn whole minor units into decimals directly, without floats or texts."""
    if series.dtype == object:
        # Python's integers, which may be larger than 64 bits.
        values = [None if pd.isna(v) else Decimal(int(v)).scaleb(-places) for v in series]
        return pa.array(values, pa.decimal128(38, places))
    integers = pa.array(series, type=pa.int64(), from_pandas=True)
    low = pc.fill_null(integers, 0).to_numpy(zero_copy_only=False)
    # A decimal128 is its unscaled value as two 64-bit words, the second the sign's extension.
    words = np.column_stack([low, low >> 63]).astype("<i8")
    return pa.Array.from_buffers(
        pa.decimal128(38, places),
        len(integers),
        [pc.is_valid(integers).buffers()[1], pa.py_buffer(words)],
    )
