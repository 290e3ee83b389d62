"""Turns UCI Online Retail into a landing zone and accounts for its money. No warehouse here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ecommerce_assets.shops.landing_files import claim, decimals, write_batch
from ecommerce_assets.shops.online_retail_feeds import feeds
from ecommerce_assets.shops.online_retail_lines import Kind, cents, kinds
from ecommerce_assets.shops.online_retail_source import read_files


@dataclass(frozen=True)
class Part:
    """A part of the file's money: how many records (of what is left out: lines), and how much."""

    count: int
    money: Decimal


@dataclass(frozen=True)
class OnlineRetailImport:
    """What was read and where its money went: `money` is exactly the sum of all parts.

    Landed records stand for their amounts in cents, credits below 0; what the cents leave over is
    `rounding`.
    """

    lines: int
    overlapping_lines: int
    money: Decimal
    days: int
    sales: Part
    """Order items, at their gross."""
    shipping: Part
    """Orders, at their carriage less what was credited of it."""
    returns: Part
    """Returns of a line, within the return window: refunds."""
    late_returns: Part
    """Returns of a line after the window: asked for, and no refund by the rules."""
    unmatched_returns: Part
    """Returns of no line: they end in quarantine as `orphan`."""
    refused: Part
    """Items and returns with a price below 0: they end in quarantine as `range`."""
    left_out: dict[str, Part]
    """Lines that are neither goods nor carriage, by kind."""
    rounding: Decimal


def import_online_retail(
    files: Sequence[Path],
    out: Path,
    *,
    return_days: int = 30,
    progress: Callable[[int, int], None] | None = None,
) -> OnlineRetailImport:
    """Write the landing zone of the shop in `files`, as docs/online-retail.md describes.

    Args:
        files: .xlsx (every sheet), .csv or .parquet, of either edition.
        out: the landing zone; it may not hold landing files yet.
        return_days: the store's return window, which tells `late_returns` from `returns`.
        progress: called with the days written and the days there are.

    Raises:
        OnlineRetailError: a file is not that data set.
        LandingWriteError: `out` holds landing files, or cannot be written.
    """
    claim(out)
    lines, overlapping = read_files(files)
    lines["kind"] = kinds(lines)
    lines["value"] = lines["quantity"] * lines["price"]
    landed = feeds(lines)
    days = _write(out, landed, progress)

    money = _money(lines["value"], places=4)
    parts = _landed_parts(landed, return_days)
    left_out = {
        str(kind): Part(len(of_kind), _money(of_kind["value"], places=4))
        for kind, of_kind in lines.groupby("kind")
        if kind not in (Kind.GOODS, Kind.CARRIAGE)
    }
    accounted = sum(part.money for part in (*parts.values(), *left_out.values()))
    return OnlineRetailImport(
        lines=len(lines),
        overlapping_lines=overlapping,
        money=money,
        days=days,
        left_out=left_out,
        rounding=money - accounted,
        **parts,
    )


def _landed_parts(landed: dict[str, pd.DataFrame], return_days: int) -> dict[str, Part]:
    items, returns = landed["order_items"], landed["returns"]
    gross = pd.Series(cents((items["quantity"] * items["unit_price"]).to_numpy()))
    below = gross.lt(0)
    asked = returns["refund_amount"]
    refused, matched = asked.lt(0), returns["days"].notna()
    late = returns["days"].gt(return_days)
    amounts = {
        "sales": gross[~below],
        "shipping": landed["orders"].groupby("order_id")["shipping_amount"].last(),
        "returns": -asked[matched & ~late],
        "late_returns": -asked[late],
        "unmatched_returns": -asked[~matched & ~refused],
        "refused": pd.concat([gross[below], -asked[refused]]),
    }
    return {
        name: Part(len(of_part), _money(of_part, places=2)) for name, of_part in amounts.items()
    }


def _money(minor_units: "pd.Series[int]", places: int) -> Decimal:
    return Decimal(int(minor_units.sum())).scaleb(-places)


_PLACES = {"price": 4, "unit_price": 4, "shipping_amount": 2, "refund_amount": 2}
_COLUMNS = {
    "customers": ["customer_id", "country", "created_at", "ingested_at"],
    "products": ["product_id", "updated_at", "name", "price", "ingested_at"],
    "orders": [
        "order_id",
        "customer_id",
        "status",
        "ordered_at",
        "currency",
        "shipping_amount",
        "ingested_at",
    ],
    "order_items": [
        "order_item_id",
        "order_id",
        "product_id",
        "quantity",
        "unit_price",
        "ingested_at",
    ],
    "returns": [
        "return_id",
        "order_item_id",
        "order_id",
        "quantity",
        "returned_at",
        "refund_amount",
        "ingested_at",
    ],
}


def _write(
    out: Path, landed: dict[str, pd.DataFrame], progress: Callable[[int, int], None] | None
) -> int:
    """Write every day of every feed, days ascending, and count the days."""
    landed = {feed: frame.sort_values("day", kind="stable") for feed, frame in landed.items()}
    tables = {
        feed: pa.table({name: _column(frame[name]) for name in _COLUMNS[feed]})
        for feed, frame in landed.items()
    }
    days = sorted(set().union(*(frame["day"] for frame in landed.values())))
    for done, day in enumerate(days, start=1):
        for feed, table in tables.items():
            start = landed[feed]["day"].searchsorted(day, side="left")
            end = landed[feed]["day"].searchsorted(day, side="right")
            if end > start:
                records = table.slice(start, end - start)
                write_batch(out, feed, day.date(), records, quoted=True)
        if progress:
            progress(done, len(days))
    return len(days)


def _column(values: pd.Series) -> pa.Array:
    if values.name in _PLACES:
        return decimals(values.to_numpy(), _PLACES[str(values.name)])
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pa.array(values).cast(pa.timestamp("s", tz="UTC"))
    return pa.array(values)
