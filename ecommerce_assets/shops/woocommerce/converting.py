"""Turns WooCommerce documents into records of the feeds, and compares orders with their totals.

`orders`, `refunds` and `catalogue` map the fields.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import pandas as pd

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.amounts import cents
from ecommerce_assets.shops.connecting.source import Window
from ecommerce_assets.shops.documents import DocumentError
from ecommerce_assets.shops.reconciliation import (
    COMPARED_FEEDS,
    Measure,
    OwnTotal,
    Reconciliation,
    reconcile,
)
from ecommerce_assets.shops.spool import Json, Record, Spool
from ecommerce_assets.shops.woocommerce.catalogue import (
    customer_record,
    is_gift_card,
    product_record,
    stock_record,
)
from ecommerce_assets.shops.woocommerce.documents import (
    Clock,
    Kind,
    kind_of,
    parent_of,
    unwrapped,
    written,
)
from ecommerce_assets.shops.woocommerce.orders import Order, read_order
from ecommerce_assets.shops.woocommerce.refunds import refund_records

_ORDERS_COMPARED_AT_ONCE = 2000


class Converter:
    """Turns documents into records, both in a spool.

    Without a window each record lands on the day of its document's last change, and stock levels on
    the day of the last change of all documents. With a window all records land on its day: of
    products and customers those that changed within it, and stock levels if the window is current.
    """

    def __init__(
        self, spool: Spool, store: Store, return_days: int, window: Window | None = None
    ) -> None:
        self._spool = spool
        self._store = store
        self._return_days = return_days
        self._window = window
        self._clock = Clock(store.timezone)
        self._gift_cards: set[str] = set()
        self.left_out: Counter[str] = Counter()

    def take(self, value: object) -> None:
        """Put the documents in a JSON value of a file or an answer into the spool."""
        if not isinstance(value, dict):
            raise DocumentError(f"{type(value).__name__} stands where an object should")
        for document in unwrapped(value):
            kind = kind_of(document)
            id_ = str(document.get("id"))
            if kind is Kind.REFUND and id_ == "0":
                continue  # WooCommerce's mark of a refund that was deleted
            changed = written(self._clock.changed(document)) if kind is not Kind.OTHER else None
            parent = parent_of(document) if kind in (Kind.REFUND, Kind.VARIATION) else ""
            self._spool.keep(kind, id_, document, version=changed or "", parent=parent)
            if kind is Kind.ORDER:
                self._keep_embedded_refunds(document, id_)

    def _keep_embedded_refunds(self, order: Json, order_id: str) -> None:
        """Keep the refunds that some exporters embed in the order, in place of their ids."""
        for refund in order.get("refunds") or ():
            if "line_items" in refund and refund.get("id"):
                at = written(self._clock.changed(refund)) or ""
                self._spool.keep(
                    Kind.REFUND, str(refund["id"]), refund, version=at, parent=order_id
                )

    def documents(self) -> dict[str, int]:
        """Count the different documents of each kind."""
        counts = {str(kind): self._spool.count(kind) for kind in Kind}
        return {kind: count for kind, count in counts.items() if count}

    def convert(self, progress: Callable[[int, int], None]) -> Reconciliation:
        """Make the records of all documents, and compare the orders with their own totals."""
        self._convert_catalogue()
        for customer in filter(self._is_wanted, self._spool.all(Kind.CUSTOMER)):
            self._land("customers", customer_record(customer, self._clock), "customers undated")
        for kind, name in ((Kind.SUBSCRIPTION, "subscriptions"), (Kind.OTHER, "other documents")):
            if self._spool.count(kind):
                self.left_out[name] = self._spool.count(kind)
        result = Reconciliation()
        done, total = 0, self._spool.count(Kind.ORDER)
        documents = self._spool.all(Kind.ORDER)
        while batch := list(islice(documents, _ORDERS_COMPARED_AT_ONCE)):
            result += self._convert_orders(batch)
            done += len(batch)
            progress(done, total)
        for _ in self._spool.without_parent(Kind.REFUND, Kind.ORDER):
            self.left_out["refunds of orders that are not in the files"] += 1
        return result

    def _convert_catalogue(self) -> None:
        read_at = self._stock_read_at()
        for kind in (Kind.PRODUCT, Kind.VARIATION):
            for product in self._spool.all(kind):
                if is_gift_card(product):
                    self._gift_cards.add(str(product["id"]))
                parent = None
                if kind is Kind.VARIATION:
                    parent = self._spool.get(Kind.PRODUCT, parent_of(product))
                if self._is_wanted(product):
                    record = product_record(product, parent, self._clock)
                    self._land("products", record, "products without a price")
                if read_at is not None:
                    day = self._window.day if self._window else self._clock.day(read_at)
                    stock = stock_record(product, day, read_at)
                    if stock:
                        self._spool.land("inventory", day, stock)

    def _stock_read_at(self) -> dt.datetime | None:
        if self._window:
            return self._window.end if self._window.is_current else None
        latest = self._spool.latest_version()
        return dt.datetime.fromisoformat(latest) if latest else None

    def _is_wanted(self, document: Json) -> bool:
        """Whether a product or customer changed in the window; True without a window."""
        changed = self._clock.changed(document)
        return self._window is None or changed is None or changed >= self._window.start

    def _convert_orders(self, documents: Sequence[Json]) -> Reconciliation:
        records: dict[str, list[Record]] = {feed: [] for feed in COMPARED_FEEDS}
        own: list[OwnTotal] = []
        for document in documents:
            try:
                order = read_order(document, self._clock, self._gift_cards)
                if order is None:
                    self.left_out[f"orders with the status {document['status']}"] += 1
                    continue
                self._convert_order(order, document, records, own)
            except (DocumentError, KeyError, AttributeError, TypeError) as error:
                raise unreadable(f"The order {document.get('id')}", error) from None
        if not records["orders"]:
            return Reconciliation()
        return reconcile(
            {feed: pd.DataFrame(of_feed) for feed, of_feed in records.items()},
            own,
            store=self._store,
            return_days=self._return_days,
            batch_date=_after_all(records),
        )

    def _convert_order(
        self,
        order: Order,
        document: Json,
        records: dict[str, list[Record]],
        own: list[OwnTotal],
    ) -> None:
        for note in order.notes:
            self.left_out[note] += 1
        refunds = self._spool.of_parent(Kind.REFUND, order.id)
        made: dict[str, list[Record]] = {"orders": [order.record]}
        made["order_items"] = order.item_records()
        own.extend(_own_totals(order, document))
        if order.is_recognised:
            booked = refund_records(order, document, refunds, self._clock, self._return_days)
            made["returns"], made["adjustments"] = booked.returns, booked.adjustments
            own.append(OwnTotal(order.id, Measure.REFUNDED, booked.refunded, "refunds"))
            if booked.undated:
                self.left_out["refunds without a document, undated"] += booked.undated
        elif refunds or document.get("refunds"):
            self.left_out["refunds of orders that do not count"] += len(refunds) or 1
        for feed, of_feed in made.items():
            records[feed].extend(of_feed)
            for record in of_feed:
                self._land(feed, record, "")

    def _land(self, feed: str, record: Record | None, otherwise: str) -> None:
        if record is None:
            self.left_out[otherwise] += 1
            return
        read_at = dt.datetime.fromisoformat(str(record["ingested_at"]))
        day = self._window.day if self._window else self._clock.day(read_at)
        self._spool.land(feed, day, record)


def _own_totals(order: Order, document: Json) -> list[OwnTotal]:
    """The totals in the order's document, gift cards and fees included."""
    shipping = cents(document.get("shipping_total"))
    hint = "" if order.shipping == shipping else "a fee below 0 is more than the lines"
    stated = {
        Measure.TOTAL: (order.total, "total"),
        Measure.TAX: (order.tax, "total_tax"),
        Measure.SHIPPING: (shipping, "shipping_total"),
        Measure.SOLD: (
            order.total - order.tax - shipping,
            "total less total_tax and shipping_total",
        ),
    }
    return [
        OwnTotal(order.id, measure, own, field, hint) for measure, (own, field) in stated.items()
    ]


def _after_all(records: Mapping[str, Sequence[Record]]) -> pd.Timestamp:
    """A batch date after all moments in the records, in any time zone."""
    last = max(str(record["ingested_at"]) for of_feed in records.values() for record in of_feed)
    return pd.Timestamp(last[:10]) + pd.Timedelta(days=1)


def unreadable(place: str, error: Exception) -> DocumentError:
    """Make the error of a document that cannot be converted."""
    reason = str(error) if isinstance(error, DocumentError) else f"{type(error).__name__}: {error}"
    return DocumentError(f"{place} is not as WooCommerce writes it ({reason}); export it again.")
