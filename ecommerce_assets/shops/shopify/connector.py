"""Fetches a shop's data from Shopify's GraphQL Admin API (docs/shopify.md, Every day)."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.connecting.client import ShopClient, ShopError
from ecommerce_assets.shops.connecting.source import Fetched, Progress, Window
from ecommerce_assets.shops.documents import Document
from ecommerce_assets.shops.shopify import queries
from ecommerce_assets.shops.shopify.bulk import Download, bulk_documents, https_download
from ecommerce_assets.shops.shopify.canonical import Json, number_of
from ecommerce_assets.shops.shopify.graphql import Admin
from ecommerce_assets.shops.shopify.importing import Converter
from ecommerce_assets.shops.spool import Spool

_TRIES = 3
_LONGEST_PAGED = dt.timedelta(days=3)
_VISIBLE = dt.timedelta(days=60)

HIDDEN = "orders placed more than 60 days ago: the key has no read_all_orders"


class Shopify:
    """The connector; its key may read orders, products, inventory and customers."""

    name = "shopify"

    def __init__(
        self,
        client: ShopClient,
        store: Store,
        return_days: int,
        *,
        admin: Admin | None = None,
        download: Download = https_download,
    ) -> None:
        self._client = client
        self._admin = admin or Admin(client)
        self._store = store
        self._return_days = return_days
        self._download = download

    def fetch(self, spool: Spool, window: Window, progress: Progress) -> Fetched:
        """Fetch the orders that changed in the window, all variants, and all customers.

        Variants and customers land if they changed in the window. Their lists are fetched whole,
        since they cannot be filtered by a change of cost and do not report deletions. A window of
        more than a few days uses one bulk operation.
        """
        converter = Converter(spool, self._store, self._return_days, window.day, window.start)
        is_long = window.end - window.start > _LONGEST_PAGED
        if is_long:
            query = queries.BULK.substitute(query=_changed(window))
            for document in bulk_documents(self._admin, query, self._download, progress):
                converter.take(document)
        else:
            for order in self._orders(window, progress):
                converter.take(_document(order))
        for variant in self._variants(window, progress):
            converter.take(_document(variant))
        customers = set()
        for page in self._admin.pages(queries.CUSTOMERS, "customers", 250):
            for customer in page:
                customers.add(number_of(customer["id"]))
                converter.take(_document(customer))
            progress("customers", len(customers), len(customers))
        reconciliation = converter.convert(lambda done, total: progress("comparing", done, total))
        left_out = {name: n for name, n in converter.gathering.left_out.items() if n}
        left_out |= {name: n for name, n in converter.notes.items() if n}
        if self._hides_old_orders(window):
            left_out[HIDDEN] = 1
        return Fetched(
            dict(converter.gathering.counts),
            dict(sorted(left_out.items())),
            reconciliation,
            customers,
        )

    def is_deleted(self, customer_id: str) -> bool:
        """Ask for the customer by id, since a list read during changes may lack one."""
        answer = self._admin.ask(queries.CUSTOMER, id=f"gid://shopify/Customer/{customer_id}")
        return answer.get("customer") is None

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _orders(self, window: Window, progress: Progress) -> Iterator[Json]:
        """Give the window's orders with all their parts, some perhaps twice.

        An order that changes meanwhile leaves the window. So the number of orders is compared with
        the shop's own count before and after, and the list is read again if it matches neither.

        Raises:
            ShopError: the list changes during every attempt, or has fewer orders than its count.
        """
        query = _changed(window)
        for _ in range(_TRIES):
            before = self._count(query)
            seen: set[str] = set()
            for page in self._admin.pages(queries.ORDERS, "orders", 8, query=query):
                for order in page:
                    seen.add(order["id"])
                    yield self._completed(order)
                progress("orders", len(seen), max(before or 0, len(seen)))
            after = self._count(query)
            if None in (before, after) or len(seen) in (before, after):
                return
        raise ShopError(
            f"{self._client.shop} lists {len(seen)} orders and counts {after}, {_TRIES} times over;"
            " fetch it later."
        )

    def _count(self, query: str) -> int | None:
        counted = self._admin.ask(queries.COUNT, query=query).get("ordersCount") or {}
        return int(counted["count"]) if counted.get("precision") == "EXACT" else None

    def _completed(self, order: Json) -> Json:
        """Fetch the lines, agreements and sales that exceed a page of orders."""
        lines, agreements = order["lineItems"], order["agreements"]
        if lines["pageInfo"]["hasNextPage"]:
            pages = self._admin.pages(queries.LINES, "order.lineItems", 100, id=order["id"])
            order["lineItems"] = {"nodes": [line for page in pages for line in page]}
        if agreements["pageInfo"]["hasNextPage"] or any(
            agreement["sales"]["pageInfo"]["hasNextPage"] for agreement in agreements["nodes"]
        ):
            order["agreements"] = {"nodes": list(self._agreements(order["id"]))}
        return order

    def _agreements(self, order_id: str) -> Iterator[Json]:
        """Give an order's agreements one by one, with all of their sales."""
        after: str | None = None
        while True:
            connection: Json = {}
            agreement: Json | None = None
            sales: list[Json] = []
            cursor: str | None = None
            while True:
                answer = self._admin.ask(
                    queries.AGREEMENTS, id=order_id, after=after, first=100, sales=cursor
                )
                connection = answer["order"]["agreements"]
                if not connection["nodes"]:
                    break
                agreement = connection["nodes"][0]
                known = {sale["id"] for sale in sales}
                new = [sale for sale in agreement["sales"]["nodes"] if sale["id"] not in known]
                sales += new
                page = agreement["sales"]["pageInfo"]
                if not page["hasNextPage"] or not new:
                    break
                cursor = page["endCursor"]
            if agreement is not None:
                yield {**agreement, "sales": {"nodes": sales}}
            page = connection["pageInfo"]
            if not page["hasNextPage"] or page["endCursor"] == after:
                return
            after = page["endCursor"]

    def _variants(self, window: Window, progress: Progress) -> Iterator[Json]:
        """Give all variants, with their stock levels if the window is current."""
        query = queries.STOCK if window.is_current else queries.VARIANTS
        seen = 0
        for page in self._admin.pages(query, "productVariants", 50):
            for variant in page:
                item = variant.get("inventoryItem") or {}
                levels = item.get("inventoryLevels")
                if levels and levels["pageInfo"]["hasNextPage"]:
                    pages = self._admin.pages(
                        queries.LEVELS, "inventoryItem.inventoryLevels", 100, id=item["id"]
                    )
                    item["inventoryLevels"] = {"nodes": [one for page in pages for one in page]}
                yield variant
            seen += len(page)
            progress("variants", seen, seen)

    def _hides_old_orders(self, window: Window) -> bool:
        """Whether the window includes orders that the key is not allowed to read."""
        if window.end - window.start < _VISIBLE:
            return False
        installation = self._admin.ask(queries.SCOPES).get("currentAppInstallation") or {}
        scopes = {scope["handle"] for scope in installation.get("accessScopes") or ()}
        return "read_all_orders" not in scopes


def _changed(window: Window) -> str:
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (window.start, window.end))
    return f"updated_at:>='{start}' AND updated_at:<'{end}'"


def _document(value: Json) -> Document:
    return Document(value, Path("the answer"), 1)
