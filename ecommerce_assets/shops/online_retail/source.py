"""Reads the files of both editions of UCI Online Retail."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from ecommerce_assets.errors import OperatorError

NAMES = {
    "invoice": ("Invoice", "InvoiceNo"),
    "stock_code": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "at": ("InvoiceDate",),
    "price": ("Price", "UnitPrice"),
    "customer_id": ("Customer ID", "CustomerID"),
    "country": ("Country",),
}
"""Our columns, with their names in the second and in the first edition."""

_REQUIRED = ("invoice", "stock_code", "quantity", "at", "price")
_DATE_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")


class OnlineRetailError(OperatorError):
    """A file is not the Online Retail data set."""


def read_files(files: Sequence[Path]) -> tuple[pd.DataFrame, int]:
    """Read .xlsx, .csv and .parquet files as one table, without the overlap of their sheets.

    A row that two sources (files or sheets) hold m and n times is in the table max(m, n) times, so
    that equal rows within one source stay.

    Returns:
        One row per invoice line, in order of time and invoice, and the number of overlapping rows
        that were dropped. Columns: those of `NAMES`; `at` is local London time, `price` in
        ten-thousandths.

    Raises:
        OnlineRetailError: a file cannot be read, or is not that data set.
    """
    sources = [_normalised(name, table) for file in files for name, table in _tables(file)]
    rows = pd.concat(sources, ignore_index=True)
    read = len(rows)
    if not read:
        raise OnlineRetailError(
            f"{', '.join(map(str, files))}: no invoice lines; name other files."
        )
    if len(sources) > 1:
        columns = list(NAMES)
        source = np.repeat(np.arange(len(sources)), [len(part) for part in sources])
        same = rows.groupby(columns, dropna=False, sort=False).ngroup()
        occurrence = same.groupby([source, same]).cumcount()
        rows = rows[~pd.DataFrame({"same": same, "occurrence": occurrence}).duplicated()]
    # Invoices and credit notes (C...) share one sequence of numbers.
    number = rows["invoice"].str.lstrip("ABCabc")
    rows = rows.assign(number=number).sort_values(["at", "number"], kind="stable")
    return rows.drop(columns="number").reset_index(drop=True), read - len(rows)


def _tables(file: Path) -> Iterator[tuple[str, pa.Table]]:
    read: dict[str, Callable[[Path], Iterator[tuple[str, pa.Table]]]] = {
        ".xlsx": _sheets,
        ".csv": _csv,
        ".parquet": _parquet,
    }
    if file.suffix.lower() not in read:
        raise OnlineRetailError(f"{file} is no .xlsx, .csv or .parquet file; name one of these.")
    try:
        yield from read[file.suffix.lower()](file)
    except OSError as error:
        raise OnlineRetailError(
            f"{file} cannot be read: {error.strerror or 'it is damaged'}; name another file."
        ) from None


def _parquet(file: Path) -> Iterator[tuple[str, pa.Table]]:
    try:
        yield str(file), pyarrow.parquet.read_table(file)
    except pa.ArrowInvalid:
        raise OnlineRetailError(f"{file} is no Parquet file; download it again.") from None


def _csv(file: Path) -> Iterator[tuple[str, pa.Table]]:
    text = file.read_bytes()
    try:
        text.decode()
    except UnicodeDecodeError:
        # The first edition went round as Windows-1252: its vouchers have pound signs.
        text = text.decode("cp1252", errors="replace").encode()
    ragged: list[int] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(row.number)
        return "skip"

    every_name = [name for names in NAMES.values() for name in names]
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(text),
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(every_name, pa.string())
            ),
        )
    except pa.ArrowInvalid:
        raise OnlineRetailError(
            f"{file} is no CSV file with a header; download it again."
        ) from None
    if ragged:
        raise OnlineRetailError(
            f"{file}, line {ragged[0]}: not as many fields as the header; mend the line."
        )
    yield str(file), table


def _sheets(file: Path) -> Iterator[tuple[str, pa.Table]]:
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError):
        raise OnlineRetailError(f"{file} is no Excel workbook; download it again.") from None
    for sheet in book.worksheets:
        rows = sheet.iter_rows(values_only=True)
        header = [str(name) for name in next(rows, ())]
        cells = list(zip(*rows, strict=True)) or [()] * len(header)
        columns = {name: _cells(values) for name, values in zip(header, cells, strict=True)}
        yield f"{file}, sheet {sheet.title}", pa.table(columns)
    book.close()


def _cells(values: tuple[object, ...]) -> pa.Array:
    """Make a column of cells, as text if they have several types (codes: 85048, 79323P)."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


def _normalised(name: str, table: pa.Table) -> pd.DataFrame:
    found: dict[str, pa.ChunkedArray] = {}
    for column, names in NAMES.items():
        held = [heading for heading in table.column_names if heading.strip() in names]
        if len(held) != 1:
            raise OnlineRetailError(
                f"{name} is not Online Retail: it has {'no' if not held else 'more than one'} "
                f"column {' or '.join(names)}."
            )
        found[column] = table[held[0]]
    text = {
        column: _text(found[column])
        for column in ("invoice", "stock_code", "description", "customer_id", "country")
    }
    for column in ("invoice", "stock_code", "customer_id"):
        # Other programs write codes as numbers with a point if the column has gaps.
        text[column] = pc.replace_substring_regex(text[column], r"\.0$", "")
    for column in _REQUIRED:
        values = text.get(column, found[column])
        if values.null_count:
            _refuse(name, column, int(np.argmax(values.is_null())), None, "a value")
    prices = _numbers(name, "price", found["price"])
    quantities = _numbers(name, "quantity", found["quantity"])
    # A price of at most 4 decimals comes back from its ten-thousandths as the same double.
    ten_thousandths = np.rint(prices * 10_000)
    _check(name, "price", found["price"], ten_thousandths / 10_000 == prices, "at most 4 decimals")
    _check(name, "price", found["price"], np.abs(prices) < 1e9, "a size under 10⁹")
    _check(name, "quantity", found["quantity"], np.rint(quantities) == quantities, "a whole number")
    _check(name, "quantity", found["quantity"], np.abs(quantities) < 1e9, "a size under 10⁹")
    frame = pd.DataFrame(
        {column: values.to_pandas().astype("str") for column, values in text.items()}
    )
    frame["quantity"] = quantities.astype(np.int64)
    frame["price"] = ten_thousandths.astype(np.int64)
    frame["at"] = _moments(name, found["at"])
    return frame[list(NAMES)]


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _numbers(name: str, column: str, values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = pc.utf8_trim_whitespace(values)
    try:
        return np.asarray(values.cast(pa.float64()), dtype=np.float64)
    except pa.ArrowInvalid:
        numbers = pd.to_numeric(values.to_pandas(), errors="coerce").to_numpy(dtype=np.float64)
        _check(name, column, values, ~np.isnan(numbers), "a number")
        return np.asarray(numbers)


def _moments(name: str, values: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_timestamp(values.type):
        moments = values.to_pandas().astype(values.type.to_pandas_dtype())
        if values.type.tz:
            moments = moments.dt.tz_convert("Europe/London").dt.tz_localize(None)
        return pd.Series(moments.astype("datetime64[us]"))
    # A fifteenth of the moments is distinct, and parsing is slow.
    codes, distinct = pd.factorize(values.to_pandas().astype("str").str.strip())
    parsed = pd.Series(pd.NaT, index=distinct, dtype="datetime64[us]")
    for date_format in _DATE_FORMATS:
        parsed = parsed.fillna(
            pd.Series(pd.to_datetime(distinct, format=date_format, errors="coerce"), index=distinct)
        )
    moments = parsed.take(codes).reset_index(drop=True)
    _check(name, "at", values, moments.notna().to_numpy(), "YYYY-MM-DD HH:MM or M/D/YYYY HH:MM")
    return moments


def _check(
    name: str, column: str, values: pa.ChunkedArray, good: npt.NDArray[np.bool_], wanted: str
) -> None:
    if not good.all():
        record = int(np.argmin(good))
        _refuse(name, column, record, values[record].as_py(), wanted)


def _refuse(name: str, column: str, record: int, value: object, wanted: str) -> NoReturn:
    shown = "nothing" if value is None else "an address" if "@" in str(value) else repr(value)
    raise OnlineRetailError(
        f"{name}, record {record + 1}: {' or '.join(NAMES[column])} is {shown}, not {wanted}; "
        "correct the file or download it again."
    )
