"""Fetches a shop's data from Medusa's Admin API (docs/medusa.md)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.connecting.client import NotFoundError, ShopClient, ShopError
from ecommerce_assets.shops.connecting.source import Fetched, Progress, Window
from ecommerce_assets.shops.medusa.catalogue import (
    customer_record,
    stock_records,
    variant_record,
)
from ecommerce_assets.shops.medusa.orders import order_records
from ecommerce_assets.shops.medusa.values import latest, moment
from ecommerce_assets.shops.reconciliation import (
    COMPARED_FEEDS,
    OwnTotal,
    Reconciliation,
    reconcile,
)
from ecommerce_assets.shops.refund_records import ReturnWindow
from ecommerce_assets.shops.spool import Json, Record, Spool

API = "admin/"
_PAGE = 50
_TRIES = 3
_ORDER_FIELDS = ",".join(
    [
        "+status,+total,+tax_total,+payment_status,+fulfillment_status,+is_draft_order,+email",
        "+currency_code,+customer_id,+created_at,+updated_at",
        "*items,*items.detail,*items.adjustments,*items.tax_lines",
        "*shipping_methods,*shipping_methods.adjustments,*shipping_methods.tax_lines",
        "*payment_collections.payments,*payment_collections.payments.captures",
        "*payment_collections.payments.refunds",
        "*fulfillments,*returns,*returns.items,*returns.items.reason,*credit_lines",
        "*sales_channel,*shipping_address",
    ]
)
_PRODUCT_FIELDS = (
    "id,title,status,updated_at,*categories,type.value,collection.title,*variants,"
    "*variants.prices,*variants.inventory_items"
)


class Medusa:
    """The connector; its client's URL ends in `admin/`, and its key is a secret API key."""

    name = "medusa"

    def __init__(self, client: ShopClient, store: Store, return_days: int) -> None:
        self._client = client
        self._store = store
        self._window = ReturnWindow(return_days, store.timezone)

    def fetch(self, spool: Spool, window: Window, progress: Progress) -> Fetched:
        """Fetch orders with a change, or with a payment's change, in the window; and all others."""
        documents: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        reconciliation = self._orders(spool, window, progress, documents, left_out)
        self._products(spool, window, progress, documents, left_out)
        customers = set()
        for customer in self._all("customers", {"fields": "*addresses"}, progress):
            if str(customer["id"]) in customers:
                continue
            customers.add(str(customer["id"]))
            documents["customers"] += 1
            if latest(moment(customer, "updated_at")) >= window.start:
                spool.land("customers", window.day, customer_record(customer))
        return Fetched(documents, left_out, reconciliation, customers)

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def is_deleted(self, customer_id: str) -> bool:
        """Ask for the customer by id, since a list read during changes may lack one."""
        try:
            self._client.get(f"customers/{customer_id}")
        except NotFoundError:
            return True
        return False

    def _orders(
        self,
        spool: Spool,
        window: Window,
        progress: Progress,
        documents: Counter[str],
        left_out: Counter[str],
    ) -> Reconciliation:
        result = Reconciliation()
        seen: set[str] = set()
        for page in self._changed_orders(window, progress):
            records: dict[str, list[Record]] = {feed: [] for feed in COMPARED_FEEDS}
            own: list[OwnTotal] = []
            for order in page:
                if str(order["id"]) in seen:
                    continue
                seen.add(str(order["id"]))
                documents["orders"] += 1
                made = order_records(order, self._window)
                if made is None:
                    left_out["draft orders"] += 1
                    continue
                own += made.own
                for feed, of_feed in made.records.items():
                    records[feed] += of_feed
                    for record in of_feed:
                        spool.land(feed, window.day, record)
            if records["orders"]:
                result += reconcile(
                    {feed: pd.DataFrame(of_feed) for feed, of_feed in records.items()},
                    own,
                    store=self._store,
                    return_days=self._window.days,
                    batch_date=pd.Timestamp(window.day),
                )
        return result

    def _changed_orders(self, window: Window, progress: Progress) -> Iterator[list[Json]]:
        changed = {
            "updated_at[$gte]": window.start.isoformat(),
            "updated_at[$lt]": window.end.isoformat(),
        }
        yield from self._pages("orders", {**changed, "fields": _ORDER_FIELDS}, progress)
        # Capturing a payment does not change the `updated_at` of its order.
        paid = {"fields": "id,payment_collection.order.id"}
        for page in self._pages("payments", {**changed, **paid}, progress):
            links = [(payment.get("payment_collection") or {}).get("order") for payment in page]
            ids = sorted({str(link["id"]) for link in links if link})
            for id_ in ids:
                answer = self._client.get(f"orders/{id_}", {"fields": _ORDER_FIELDS})
                yield [answer.value["order"]]

    def _products(
        self,
        spool: Spool,
        window: Window,
        progress: Progress,
        documents: Counter[str],
        left_out: Counter[str],
    ) -> None:
        levels: dict[str, list[Json]] = {}
        if window.is_current:
            for item in self._all("inventory-items", {"fields": "id,*location_levels"}, progress):
                levels[str(item["id"])] = item.get("location_levels") or []
        seen: set[str] = set()
        for product in self._all("products", {"fields": _PRODUCT_FIELDS}, progress):
            for variant in product.get("variants") or ():
                if str(variant["id"]) in seen:
                    continue
                seen.add(str(variant["id"]))
                documents["variants"] += 1
                record = variant_record(variant, product, self._store.currency)
                if record is None:
                    left_out["variants without a price in the store's currency"] += 1
                elif str(record["updated_at"]) >= window.start.isoformat():
                    spool.land("products", window.day, record)
                for stock in stock_records(variant, levels, window.day, window.end):
                    spool.land("inventory", window.day, stock)

    def _all(self, path: str, parameters: Mapping[str, Any], progress: Progress) -> Iterator[Json]:
        for page in self._pages(path, parameters, progress):
            yield from page

    def _pages(
        self, path: str, parameters: Mapping[str, Any], progress: Progress
    ) -> Iterator[list[Json]]:
        """Give a list's pages; if the list changes meanwhile, it is read again from the start.

        Raises:
            ShopError: the list changes during every attempt, or the answer is not a list.
        """
        for _ in range(_TRIES):
            seen: set[str] = set()
            counts: set[int] = set()
            while True:
                page = {"limit": _PAGE, "offset": len(seen), "order": "id"}
                answer = self._client.get(path, {**parameters, **page}).value
                documents = answer.get(path.replace("-", "_")) if isinstance(answer, dict) else None
                if not isinstance(documents, list):
                    raise ShopError(f"{self._client.shop}: /{path} gives no list of documents.")
                if documents:
                    yield documents
                counts.add(int(answer["count"]))
                new = {str(document["id"]) for document in documents} - seen
                seen |= new
                progress(path, len(seen), max(counts))
                if not new or len(seen) >= max(counts):
                    break
            if counts == {len(seen)}:
                return
        raise ShopError(
            f"{self._client.shop}: /{path} gives {len(seen)} documents and says {sorted(counts)},"
            f" {_TRIES} times over; fetch it later."
        )
