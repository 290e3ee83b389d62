"""Turns Shopify's documents into landing files, and compares every order with its own totals.

The other modules of this package make the records.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.shops.connecting.source import Progress, ignore_progress
from ecommerce_assets.shops.documents import Document, DocumentError, read_documents
from ecommerce_assets.shops.landing_files import claim
from ecommerce_assets.shops.reconciliation import (
    COMPARED_FEEDS,
    OwnTotal,
    Reconciliation,
    reconcile,
)
from ecommerce_assets.shops.refund_records import ReturnWindow
from ecommerce_assets.shops.shopify.canonical import Json, id_of, moment
from ecommerce_assets.shops.shopify.catalogue import (
    NO_CREATION,
    customer_record,
    product_records,
    spread_catalogue,
    stock_records,
)
from ecommerce_assets.shops.shopify.envelopes import WRAPPERS, unwrap
from ecommerce_assets.shops.shopify.exports import is_export, read_export
from ecommerce_assets.shops.shopify.gathering import Gathering, stamp
from ecommerce_assets.shops.shopify.orders import left_out, order_records
from ecommerce_assets.shops.spool import Record, Spool

_ORDERS_COMPARED_AT_ONCE = 2000
_REPORTED_EVERY = 500
_CUSTOMER_OF_ORDER = "customer of an order"


@dataclass(frozen=True)
class Imported:
    """The numbers of documents and records, and the comparison of orders with their totals."""

    documents: dict[str, int]
    """Documents by kind, repeated ones included."""
    records: dict[str, int]
    """Landed records, by feed."""
    days: int
    left_out: dict[str, int]
    """The numbers of documents without a record, by reason."""
    notes: dict[str, int]
    """The numbers of orders by the way they were read, and of inferred values."""
    reconciliation: Reconciliation


def import_shopify(
    files: Sequence[Path],
    out: Path,
    *,
    store: Store,
    return_days: int,
    hash_key: str | None = None,
    day: dt.date | None = None,
    progress: Progress = ignore_progress,
) -> Imported:
    """Write the landing zone of the shop in `files`, as docs/shopify.md describes.

    Documents may come in any order, in several files, and more than once: the last changed counts.

    Args:
        files: JSON, JSON lines or CSV exports, perhaps compressed.
        out: the landing zone; it may not hold landing files yet.
        store: the store's zone and currency, by which records are judged.
        return_days: the store's return window.
        hash_key: the key of address hashes, which identify the customers of CSV exports.
        day: the batch day of everything, the day of extraction; without one each record lands on
            the day of its document's last change.
        progress: called with a step, and how much of it is done.

    Raises:
        DocumentError: a file cannot be read, or a document has an invalid value.
        LandingWriteError: `out` holds landing files, or cannot be written.
    """
    claim(out)
    hasher = Hasher(hash_key)
    with Spool() as spool:
        converter = Converter(spool, store, return_days, day)
        whole, before = sum(_size(file) for file in files), 0
        for file in files:
            exported = is_export(file)
            documents = read_export(file, hasher) if exported else read_documents(file, WRAPPERS)
            for document in documents:
                converter.take(document)
                if document.number % _REPORTED_EVERY == 0:
                    progress("reading", before + document.position, whole)
            before += _size(file)
            progress("reading", before, whole)
        reconciliation = converter.convert(lambda done, total: progress("orders", done, total))
        days = spool.write(out, progress=lambda done, total: progress("writing", done, total))
        return Imported(
            documents=dict(sorted(converter.gathering.counts.items())),
            records=spool.counts(),
            days=days,
            left_out={name: n for name, n in sorted(converter.gathering.left_out.items()) if n},
            notes={name: n for name, n in sorted(converter.notes.items()) if n},
            reconciliation=reconciliation,
        )


class Converter:
    """Turns documents into records, both in a spool.

    `day` is the batch day of all records; without it each record lands on the day of its document's
    last change. Products and customers that last changed before `since` do not land.
    """

    def __init__(
        self,
        spool: Spool,
        store: Store,
        return_days: int,
        day: dt.date | None = None,
        since: dt.datetime | None = None,
    ) -> None:
        self._spool = spool
        self._store = store
        self._return_days = return_days
        self._window = ReturnWindow(return_days, store.timezone)
        self._day = day
        self._since = since
        self._zone = ZoneInfo(store.timezone)
        self.gathering = Gathering(spool)
        self.notes: Counter[str] = Counter()

    def take(self, document: Document) -> None:
        """Put the Shopify documents in a JSON value into the spool."""
        try:
            for wrapped in unwrap(document):
                self.gathering.add(wrapped, str(document.file))
        except (DocumentError, KeyError, AttributeError, TypeError) as error:
            raise _unreadable(document.place, error) from None

    def convert(self, progress: Callable[[int, int], None]) -> Reconciliation:
        """Make the records of all documents, and compare the orders with their own totals."""
        as_of = self._as_of()
        spread_catalogue(self.gathering, self._spool)
        for record in product_records(self.gathering, self._spool, as_of):
            self._land("products", record)
        stock = stock_records(self.gathering, self._spool, self._zone, self._day, as_of)
        for record in stock:
            self._land("inventory", record)
        result = Reconciliation()
        done, total = 0, self._spool.count("order")
        orders = self.gathering.whole("order")
        while batch := list(islice(orders, _ORDERS_COMPARED_AT_ONCE)):
            result += self._convert_orders(batch)
            done += len(batch)
            progress(done, total)
        self.gathering.left_out["parts of orders that no file holds"] += self.gathering.orphans()
        self._convert_customers(as_of)
        return result

    def _as_of(self) -> dt.datetime | None:
        """The moment for documents without one: the day's end, else the last change of all."""
        if self._day is not None:
            return dt.datetime.combine(self._day, dt.time(23, 59, 59), self._zone)
        latest = self._spool.latest_version()
        return dt.datetime.fromisoformat(latest).replace(tzinfo=dt.UTC) if latest else None

    def _convert_orders(self, documents: Sequence[Json]) -> Reconciliation:
        records: dict[str, list[Record]] = {feed: [] for feed in COMPARED_FEEDS}
        own: list[OwnTotal] = []
        last = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        for document in documents:
            reason = left_out(document)
            if reason:
                self.gathering.left_out[reason] += 1
                continue
            try:
                order = order_records(document, self._window)
            except (DocumentError, KeyError, AttributeError, TypeError, ArithmeticError) as error:
                raise _unreadable(f"The order {id_of(document)}", error) from None
            last = max(last, order.ingested_at)
            self.notes.update(order.notes)
            own.extend(order.totals)
            for feed, of_feed in order.records.items():
                records[feed].extend(of_feed)
                for record in of_feed:
                    self._land(feed, record)
            self._keep_customer(document)
        if not records["orders"]:
            return Reconciliation()
        return reconcile(
            {feed: pd.DataFrame(of_feed) for feed, of_feed in records.items()},
            own,
            store=self._store,
            return_days=self._return_days,
            batch_date=pd.Timestamp(last.date()) + pd.Timedelta(days=1),
        )

    def _keep_customer(self, order: Json) -> None:
        customer = order.get("customer")
        if isinstance(customer, dict) and moment(customer, "created_at"):
            changed = moment(customer, "updated_at") or moment(order, "updated_at")
            self._spool.keep(
                _CUSTOMER_OF_ORDER,
                id_of(customer) or "",
                customer,
                version=stamp(changed),
                parent="",
            )

    def _convert_customers(self, as_of: dt.datetime | None) -> None:
        own = self.gathering.whole("customer")
        of_orders = (
            customer
            for customer in self._spool.all(_CUSTOMER_OF_ORDER)
            if not self.gathering.knows("customer", id_of(customer) or "")
        )
        for customers in (own, of_orders):
            for customer in customers:
                record = customer_record(customer, as_of)
                if record is None:
                    self.gathering.left_out[NO_CREATION] += 1
                else:
                    self._land("customers", record)

    def _land(self, feed: str, record: Record) -> None:
        read_at = dt.datetime.fromisoformat(str(record["ingested_at"]))
        if feed in ("products", "customers") and self._since and read_at < self._since:
            return
        self._spool.land(feed, self._day or read_at.astimezone(self._zone).date(), record)


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _unreadable(place: str, error: Exception) -> DocumentError:
    if isinstance(error, DocumentError):
        return DocumentError(f"{place}: {error}")
    return DocumentError(
        f"{place} is not as Shopify writes it ({type(error).__name__}: {error}); export it again."
    )
