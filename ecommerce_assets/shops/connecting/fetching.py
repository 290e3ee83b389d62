"""Fetches a batch day of a source into landing files, and takes back what the shop took back."""

import datetime as dt
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.shops.connecting.landed import LandedFiles, Row
from ecommerce_assets.shops.connecting.source import Fetched, Progress, Source, Window
from ecommerce_assets.shops.spool import Record, Spool


@dataclass(frozen=True)
class Batch:
    """A fetched batch day: what was fetched, what landed, and how much earlier files lost."""

    day: dt.date
    fetched: Fetched
    records: Mapping[str, int]
    mended: int
    """Records of earlier files that were taken out, or lost their customer."""
    gone_customers: int
    """Customers whom the shop has deleted, and who have left the source's files."""


def fetch_batch(source: Source, landing: str, window: Window, tell: Progress) -> Batch:
    """Fetch a window and write it as the source's files of its day, replacing what they were.

    Nothing is written before all is fetched; each file appears whole, under its name, or not at
    all. A fetch that failed is simply done again.

    Args:
        source: the connector.
        landing: the landing zone, which must be a folder.
        window: what to fetch, and for which day.
        tell: told how far the fetch is.

    Raises:
        OperatorError: the landing zone is no folder, or the shop or the disk fails.
    """
    if "://" in landing:
        raise OperatorError(
            f"{landing} is no folder of this machine; fetch into one, and copy its files there."
        )
    folder = Path(landing)
    folder.mkdir(parents=True, exist_ok=True)
    landed = LandedFiles(folder, source.name, window.day)
    with Spool() as spool:
        fetched = source.fetch(spool, window, tell)
        returns = _take_off(spool, window.day, landed)
        gone = _gone_customers(source, spool, window.day, landed, fetched.customers)
        guests = _without_customers(spool, window.day, gone)
        spool.write(folder, source=source.name)
        records = spool.counts()
    for feed in FEEDS:
        # Stock levels of a past day cannot be read again: those that were read then stay.
        if not records[feed] and (feed != "inventory" or window.is_current):
            (folder / feed / f"{window.day}.{source.name}.csv").unlink(missing_ok=True)
    mended = _mend(landed, returns, gone, guests)
    return Batch(window.day, fetched, records, mended, len(gone))


def _gone_customers(
    source: Source, spool: Spool, day: dt.date, landed: LandedFiles, listed: Set[str]
) -> set[str]:
    """The customers in landed or fetched records whom the shop does not have any more."""
    known = {row["customer_id"] for feed in ("customers", "orders") for row in landed.rows(feed)}
    known |= {str(order["customer_id"] or "") for order in spool.records("orders", day)}
    return {id_ for id_ in sorted(known - listed - {""}) if source.is_gone(id_)}


def _without_customers(spool: Spool, day: dt.date, gone: Set[str]) -> set[str]:
    """Make guest orders of fetched orders of the gone; give the ids of all guest orders."""
    guests = set()
    for order in spool.records("orders", day):
        if order["customer_id"] in gone:
            spool.land("orders", day, {**order, "customer_id": None})
        if order["customer_id"] is None or order["customer_id"] in gone:
            guests.add(str(order["order_id"]))
    return guests


def _take_off(spool: Spool, day: dt.date, landed: LandedFiles) -> set[str]:
    """Land what was taken off the fetched orders as nothing; give the returns that are no more."""
    orders = {str(order["order_id"]): order for order in spool.records("orders", day)}
    for feed, key, nothing in (
        ("order_items", "order_item_id", _no_line),
        ("adjustments", "adjustment_id", _no_money),
    ):
        fetched = {record[key] for record in spool.records(feed, day)}
        for id_, row in landed.of_orders(feed, key, orders).items():
            record = nothing(row)
            if id_ not in fetched and record is not None:
                at = orders[row["order_id"]]["ingested_at"]
                spool.land(feed, day, {**record, "ingested_at": at})
    fetched = {record["return_id"] for record in spool.records("returns", day)}
    return set(landed.of_orders("returns", "return_id", orders)) - fetched


def _no_line(row: Row) -> Record | None:
    if row["quantity"] == "0":
        return None
    nothing = dict.fromkeys(("quantity", "unit_price", "gross_amount", "discount_amount"), "0")
    return {**row, **nothing}


def _no_money(row: Row) -> Record | None:
    return None if row["amount"] == "0.00" else {**row, "amount": "0.00"}


def _mend(landed: LandedFiles, returns: set[str], gone: Set[str], guests: set[str]) -> int:
    """Take the gone out of the earlier files, as docs/erasure.md says."""

    def without_return(row: Row) -> Row | None:
        return None if row["return_id"] in returns else row

    def without_customer(row: Row) -> Row | None:
        return None if row["customer_id"] in gone else row

    def as_guest(row: Row) -> Row | None:
        is_guest = row["order_id"] in guests or row["customer_id"] in gone
        return {**row, "customer_id": ""} if is_guest else row

    mended = landed.mend("returns", without_return) if returns else 0
    if gone:
        mended += landed.mend("customers", without_customer)
    if gone or guests:
        mended += landed.mend("orders", as_guest)
    return mended
