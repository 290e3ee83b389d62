"""Writes the files of a landing zone; each shop's own modules make the records."""

import datetime as dt
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.warehouse.tables import STAGING


class LandingWriteError(OperatorError):
    """A landing zone cannot be written."""


def claim(out: Path) -> None:
    """Make the folder `out` for a new landing zone.

    Raises:
        LandingWriteError: `out` holds landing files already, or cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = next((file for feed in STAGING for file in sorted(out.glob(f"{feed}/*"))), None)
    except OSError as error:
        raise LandingWriteError(
            f"{out} cannot be made a landing zone: {error.strerror}; name another folder."
        ) from None
    if held:
        raise LandingWriteError(f"{held} is there already; name a folder without landing files.")


def decimals(minor_units: npt.NDArray[np.int64], places: int) -> pa.Array:
    """Write whole minor units as decimals: 1250 with 2 places is 12.50."""
    words = np.empty((len(minor_units), 2), dtype=np.int64)
    words[:, 0] = minor_units
    words[:, 1] = minor_units >> 63
    return pa.Array.from_buffers(
        pa.decimal128(18, places), len(words), [None, pa.py_buffer(words.tobytes())]
    )


def write_batch(
    out: Path,
    feed: str,
    day: dt.date,
    records: pa.Table,
    *,
    broken_lines: bytes = b"",
    quoted: bool = False,
    source: str | None = None,
) -> None:
    """Write a feed's batch of a day to `<out>/<feed>/<YYYY-MM-DD>.csv`, whole or not at all.

    With a `source` the name is `<YYYY-MM-DD>.<source>.csv`, so that other files of the day stay.

    `broken_lines` are written unchanged after the records. `quoted` puts every text in quotes;
    without it, a text with a comma or a quote raises.

    Raises:
        LandingWriteError: the file cannot be written.
    """
    body = io.BytesIO()
    body.write((",".join(records.column_names) + "\n").encode())
    options = pyarrow.csv.WriteOptions(
        include_header=False, quoting_style="needed" if quoted else "none"
    )
    if not quoted:
        records = _with_moments_as_text(records)
    pyarrow.csv.write_csv(records, body, options)
    body.write(broken_lines)
    path = out / feed / (f"{day}.{source}.csv" if source else f"{day}.csv")
    unfinished = path.with_name(f"{path.name}.tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        unfinished.write_bytes(body.getbuffer())
        unfinished.rename(path)
    except OSError as error:
        raise LandingWriteError(
            f"{path} cannot be written: {error.strerror}; mend that, empty {out} and start again."
        ) from None


def _with_moments_as_text(records: pa.Table) -> pa.Table:
    """Turn UTC moments into texts, since `write_csv` takes 20 times as long for zoned moments."""
    for place, field in enumerate(records.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz == "UTC":
            local = records.column(place).cast(pa.timestamp(field.type.unit))
            text = pc.binary_join_element_wise(local.cast(pa.string()), "Z", "")
            records = records.set_column(place, field.name, text)
    return records
