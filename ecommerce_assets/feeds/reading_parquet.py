"""Reads Parquet as records of texts, with typed columns as a CSV would have them.

Source: docs/reference/feeds.md, How values are written.
"""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ecommerce_assets.feeds.contract import Feed, Writing
from ecommerce_assets.feeds.parquet_texts import column_texts
from ecommerce_assets.feeds.parsing import Mask
from ecommerce_assets.feeds.records import (
    RECORD_LIMIT,
    RECORDS_LIMIT,
    Malformed,
    Records,
    RefusedFileError,
    check_header,
    lay_out,
)
from ecommerce_assets.feeds.texts import head, shown


def read_parquet(name: str, content: bytes, feed: Feed, limit: int) -> Records:
    """Read a Parquet file.

    Raises:
        RefusedFileError: the file is not Parquet, its columns are not those of the feed, or they
            unpack to more than `limit` bytes.
    """
    try:
        return _read(name, content, feed, limit)
    except UnicodeDecodeError:
        raise RefusedFileError(
            name, "the name of one of its columns is not UTF-8; export the file again"
        ) from None
    except (pa.ArrowException, OSError) as error:
        reason = shown(str(error).partition("\n")[0])
        raise RefusedFileError(
            name, f"this is no Parquet file ({reason}); export it again"
        ) from None


def _read(name: str, content: bytes, feed: Feed, limit: int) -> Records:
    source = pa.BufferReader(content)
    file = pq.ParquetFile(source)
    schema = file.schema_arrow
    header = [column.strip() for column in schema.names]
    ignored = check_header(name, header, feed)
    known = {
        column: original
        for column, original in zip(header, schema.names, strict=True)
        if column in feed.columns
    }
    if file.metadata.num_rows > RECORDS_LIMIT:
        raise RefusedFileError(name, f"the file has more than {RECORDS_LIMIT:,} rows; split it")
    too_large = RefusedFileError(
        name, f"the feed's columns unpack to more than {limit:,} bytes; split the file"
    )
    if not _says_it_is_small(file.metadata, known.values(), limit):
        raise too_large

    texts: dict[str, list[pa.Array]] = {column: [] for column in known}
    unfit: dict[str, list[Mask]] = {column: [] for column in known}
    line_numbers: list[npt.NDArray[np.int64]] = []
    malformed: list[Malformed] = []
    rows = size = 0
    # Texts that repeat stay packed until it is counted what they unpack to.
    repeating = [column for column in known.values() if _is_text(schema.field(column).type)]
    file = pq.ParquetFile(source, read_dictionary=repeating)
    for batch in file.iter_batches(columns=list(known.values()), use_threads=False):
        batch.validate(full=True)
        size += sum(_unpacked_size(batch.column(column)) for column in known.values())
        if size > limit:
            raise too_large
        numbers = np.arange(rows + 1, rows + 1 + batch.num_rows)
        rows += batch.num_rows
        found = {
            column: column_texts(
                batch.column(original), is_date=feed.writing(column) is Writing.DATE
            )
            for column, original in known.items()
        }
        large = _large_rows({column: array for column, (array, _) in found.items()})
        for row in np.flatnonzero(large):
            record = {column: array[row].as_py() for column, (array, _) in found.items()}
            malformed.append(Malformed.too_large(int(numbers[row]), _beginning(record)))
        for column, (array, mask) in found.items():
            texts[column].append(array.filter(pa.array(~large)) if large.any() else array)
            unfit[column].append(mask[~large])
        line_numbers.append(numbers[~large])
    kept = np.concatenate([np.empty(0, dtype="int64"), *line_numbers])
    return Records(
        lay_out(
            feed,
            {column: pa.chunked_array(arrays, pa.string()) for column, arrays in texts.items()},
            len(kept),
        ),
        kept,
        {
            column: mask
            for column, masks in unfit.items()
            if (mask := np.concatenate([np.empty(0, dtype=bool), *masks])).any()
        },
        malformed,
        ignored,
    )


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_binary(kind)


def _says_it_is_small(metadata: pq.FileMetaData, columns: Iterable[str], limit: int) -> bool:
    """Whether columns take at most `limit` bytes by the file's own metadata.

    For dictionary-encoded texts this is the size before repeated texts are written out. Items of
    nested values, which may take no bytes, count like rows.
    """
    names = set(columns)
    paths = [metadata.schema.column(leaf).path for leaf in range(metadata.num_columns)]
    leaves = [
        leaf
        for leaf, path in enumerate(paths)
        if path in names or any(path.startswith(f"{name}.") for name in names)
    ]
    size = dict.fromkeys(leaves, 0)
    items = dict.fromkeys(leaves, 0)
    for group in range(metadata.num_row_groups):
        for leaf in leaves:
            chunk = metadata.row_group(group).column(leaf)
            size[leaf] += chunk.total_uncompressed_size
            items[leaf] += chunk.num_values
    return sum(size.values()) <= limit and all(of <= RECORDS_LIMIT for of in items.values())


def _unpacked_size(values: pa.Array) -> int:
    """Count the bytes of a column with repeated texts written out."""
    if not pa.types.is_dictionary(values.type):
        return int(values.nbytes)
    sizes = pc.binary_length(values.dictionary)
    total = pc.sum(sizes.take(values.indices)).as_py() or 0
    return int(total)


def _large_rows(texts: Mapping[str, pa.Array]) -> Mask:
    """Find the rows whose texts exceed the limit of a record."""
    arrays = list(texts.values())
    if sum(array.nbytes for array in arrays) <= RECORD_LIMIT:
        return np.zeros(len(arrays[0]), dtype=bool)
    sizes = [pc.fill_null(pc.binary_length(array), 0).to_numpy() for array in arrays]
    large: Mask = np.sum(sizes, axis=0, dtype="int64") > RECORD_LIMIT
    return large


def _beginning(record: Mapping[str, str | None]) -> str:
    cut = {column: None if text is None else head(text) for column, text in record.items()}
    return json.dumps(cut, ensure_ascii=False)
