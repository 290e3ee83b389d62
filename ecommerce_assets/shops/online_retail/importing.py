"""Writes the landing zone of UCI Online Retail and accounts for all of its money."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ecommerce_assets.shops.landing_files import claim, decimals, write_batch
from ecommerce_assets.shops.online_retail.feeds import feeds
from ecommerce_assets.shops.online_retail.lines import LANDED, cents, kinds
from ecommerce_assets.shops.online_retail.source import read_files


@dataclass(frozen=True)
class Part:
    """A part of the file's money: its number of records (lines, if left out), and its amount."""

    count: int
    money: Decimal


class LandedAs(StrEnum):
    """The categories of landed money, with the names of docs/glossary.md."""

    GROSS = "gross of product lines"
    OTHER_GROSS = "gross of gift cards and other lines"
    SHIPPING = "shipping amounts"
    REFUNDS = "refunds of returns"
    NOT_REFUNDED = "requested by returns after the window"
    REFUND_ADJUSTMENTS = "adjustments: refund"
    SHIPPING_ADJUSTMENTS = "adjustments: shipping"
    ORPHAN_RETURNS = "quarantined as orphan: returns"
    ORPHAN_ADJUSTMENTS = "quarantined as orphan: adjustments"
    OUT_OF_RANGE = "quarantined as range"


@dataclass(frozen=True)
class OnlineRetailImport:
    """The result of an import; `money` is exactly the sum of all parts.

    Landed records count with their amounts in cents, refunds below 0; `rounding` is the rest.
    `left_out` has the lines that go into no feed, by kind.
    """

    lines: int
    overlapping_lines: int
    money: Decimal
    days: int
    landed: dict[LandedAs, Part]
    left_out: dict[str, Part]
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
        return_days: the store's return window, which decides whether a return is refunded.
        progress: called with the number of days written, and of all days.

    Raises:
        OnlineRetailError: a file is not that data set.
        LandingWriteError: `out` holds landing files, or cannot be written.
    """
    claim(out)
    lines, overlapping = read_files(files)
    lines["value"] = lines["quantity"] * lines["price"]
    lines["kind"] = kinds(lines)
    landed = feeds(lines)
    days = _write(out, landed, progress)

    money = _money(lines["value"], places=4)
    parts = _landed_parts(landed, return_days)
    left_out = {
        str(kind): Part(len(of_kind), _money(of_kind["value"], places=4))
        for kind, of_kind in lines.groupby("kind")
        if kind not in LANDED
    }
    accounted = sum(part.money for part in (*parts.values(), *left_out.values()))
    return OnlineRetailImport(
        lines=len(lines),
        overlapping_lines=overlapping,
        money=money,
        days=days,
        landed=parts,
        left_out=left_out,
        rounding=money - accounted,
    )


def _landed_parts(landed: dict[str, pd.DataFrame], return_days: int) -> dict[LandedAs, Part]:
    items, returns, adjustments = (
        landed[feed] for feed in ("order_items", "returns", "adjustments")
    )
    gross = pd.Series(cents((items["quantity"] * items["unit_price"]).to_numpy()), items.index)
    below = items["quantity"].lt(0) | items["unit_price"].lt(0)
    is_product = items["kind"].eq("product")
    shipping = landed["orders"]["shipping_amount"]
    asked = returns["refund_amount"]
    refused, matched = asked.lt(0), returns["days"].notna()
    late = returns["days"].gt(return_days)
    given = -adjustments["amount"]
    has_order, of_goods = adjustments["has_order"], adjustments["kind"].eq("refund")
    amounts = {
        LandedAs.GROSS: gross[is_product & ~below],
        LandedAs.OTHER_GROSS: gross[~is_product & ~below],
        LandedAs.SHIPPING: shipping[shipping.ne(0)],
        LandedAs.REFUNDS: -asked[matched & ~late & ~refused],
        LandedAs.NOT_REFUNDED: -asked[late],
        LandedAs.REFUND_ADJUSTMENTS: given[of_goods & has_order],
        LandedAs.SHIPPING_ADJUSTMENTS: given[~of_goods & has_order],
        LandedAs.ORPHAN_RETURNS: -asked[~matched & ~refused],
        LandedAs.ORPHAN_ADJUSTMENTS: given[~has_order],
        LandedAs.OUT_OF_RANGE: pd.concat([gross[below], -asked[refused]]),
    }
    return {part: Part(len(of), _money(of, places=2)) for part, of in amounts.items()}


def _money(minor_units: "pd.Series[int]", places: int) -> Decimal:
    return Decimal(int(minor_units.sum())).scaleb(-places)


_PLACES = {"price": 4, "unit_price": 4, "shipping_amount": 2, "refund_amount": 2, "amount": 2}
_COLUMNS = {
    "customers": "customer_id country created_at ingested_at",
    "products": "product_id updated_at name price ingested_at",
    "orders": (
        "order_id customer_id status ordered_at currency shipping_amount country ingested_at"
    ),
    "order_items": "order_item_id order_id product_id kind quantity unit_price ingested_at",
    "returns": ("return_id order_item_id order_id quantity returned_at refund_amount ingested_at"),
    "adjustments": "adjustment_id order_id adjusted_at amount kind reason ingested_at",
}


def _write(
    out: Path, landed: dict[str, pd.DataFrame], progress: Callable[[int, int], None] | None
) -> int:
    """Write every day of every feed, days ascending, and count the days."""
    landed = {feed: frame.sort_values("day", kind="stable") for feed, frame in landed.items()}
    tables = {
        feed: pa.table({name: _column(frame[name]) for name in _COLUMNS[feed].split()})
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
