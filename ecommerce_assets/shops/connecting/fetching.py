"""Fetches a batch day of a source into landing files, and removes what the shop has removed."""

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
    """A fetched batch day: the fetch, the landed records, and the changes of earlier files."""

    day: dt.date
    fetched: Fetched
    records: Mapping[str, int]
    rewritten: int
    """Records of earlier files that were removed, or lost their customer."""
    deleted_customers: int
    """Customers whom the shop has deleted; they are removed from the source's files."""


def fetch_batch(source: Source, landing: str, window: Window, progress: Progress) -> Batch:
    """Fetch a window and write the source's files of its day, in place of earlier ones.

    Files are written after everything is fetched, and each appears whole or not at all. A fetch
    that failed can be repeated.

    Args:
        source: the connector.
        landing: the landing zone, which must be a folder.
        window: what to fetch, and for which day.
        progress: called with a step, and how much of it is done.

    Raises:
        OperatorError: the landing zone is not a folder, or the shop or the disk fails.
    """
    if "://" in landing:
        raise OperatorError(
            f"{landing} is no folder of this machine; fetch into one, and copy its files there."
        )
    folder = Path(landing)
    folder.mkdir(parents=True, exist_ok=True)
    landed = LandedFiles(folder, source.name, window.day)
    with Spool() as spool:
        fetched = source.fetch(spool, window, progress)
        returns = _land_removed(spool, window.day, landed)
        deleted = _deleted_customers(source, spool, window.day, landed, fetched.customers)
        guests = _without_customers(spool, window.day, deleted)
        spool.write(folder, source=source.name)
        records = spool.counts()
    for feed in FEEDS:
        # Stock levels of a past day cannot be read again, so the file with them stays.
        if not records[feed] and (feed != "inventory" or window.is_current):
            (folder / feed / f"{window.day}.{source.name}.csv").unlink(missing_ok=True)
    rewritten = _rewrite_landed(landed, returns, deleted, guests)
    return Batch(window.day, fetched, records, rewritten, len(deleted))


def _deleted_customers(
    source: Source, spool: Spool, day: dt.date, landed: LandedFiles, listed: Set[str]
) -> set[str]:
    """The customers in landed or fetched records whom the shop has deleted."""
    known = {row["customer_id"] for feed in ("customers", "orders") for row in landed.rows(feed)}
    known |= {str(order["customer_id"] or "") for order in spool.records("orders", day)}
    return {id_ for id_ in sorted(known - listed - {""}) if source.is_deleted(id_)}


def _without_customers(spool: Spool, day: dt.date, deleted: Set[str]) -> set[str]:
    """Turn fetched orders of deleted customers into guest orders; give all guest orders' ids."""
    guests = set()
    for order in spool.records("orders", day):
        if order["customer_id"] in deleted:
            spool.land("orders", day, {**order, "customer_id": None})
        if order["customer_id"] is None or order["customer_id"] in deleted:
            guests.add(str(order["order_id"]))
    return guests


def _land_removed(spool: Spool, day: dt.date, landed: LandedFiles) -> set[str]:
    """Land removed lines and adjustments of fetched orders as 0; give the removed returns' ids."""
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


def _rewrite_landed(
    landed: LandedFiles, returns: set[str], deleted: Set[str], guests: set[str]
) -> int:
    """Remove deleted customers and returns from the earlier files (docs/erasure.md)."""

    def without_return(row: Row) -> Row | None:
        return None if row["return_id"] in returns else row

    def without_customer(row: Row) -> Row | None:
        return None if row["customer_id"] in deleted else row

    def as_guest(row: Row) -> Row | None:
        is_guest = row["order_id"] in guests or row["customer_id"] in deleted
        return {**row, "customer_id": ""} if is_guest else row

    rewritten = landed.rewrite("returns", without_return) if returns else 0
    if deleted:
        rewritten += landed.rewrite("customers", without_customer)
    if deleted or guests:
        rewritten += landed.rewrite("orders", as_guest)
    return rewritten
