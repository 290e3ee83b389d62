"""Fetches a shop's data from WooCommerce's REST API v3 (docs/woocommerce.md, Fetched every day)."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.connecting.client import (
    Answer,
    NotFoundError,
    ShopClient,
    ShopError,
)
from ecommerce_assets.shops.connecting.source import Fetched, Progress, Window
from ecommerce_assets.shops.spool import Json, Spool
from ecommerce_assets.shops.woocommerce.converting import Converter

API = "wp-json/wc/v3/"
_PAGE = 100
_TRIES = 3


class WooCommerce:
    """The connector; its client's URL ends in `wp-json/wc/v3/`, and its key may read."""

    name = "woocommerce"

    def __init__(self, client: ShopClient, store: Store, return_days: int) -> None:
        self._client = client
        self._store = store
        self._return_days = return_days

    def fetch(self, spool: Spool, window: Window, progress: Progress) -> Fetched:
        """Fetch orders that changed in the window, their refunds, and all products and customers.

        The API reports no deletions, and cannot filter variations or customers by their change.
        """
        converter = Converter(spool, self._store, self._return_days, window)
        changed = {
            "modified_after": window.start.strftime("%Y-%m-%dT%H:%M:%S"),
            "modified_before": window.end.strftime("%Y-%m-%dT%H:%M:%S"),
            "dates_are_gmt": "true",
        }
        for status in ("any", "trash"):
            for order in self._all("orders", progress, {**changed, "status": status}):
                # What is thrown away now may have been landed as an order before.
                thrown_away = {"status": "cancelled"} if order.get("status") == "trash" else {}
                converter.take({**order, **thrown_away})
                if order.get("refunds"):
                    for refund in self._all(f"orders/{order['id']}/refunds"):
                        converter.take({**refund, "order_id": order["id"]})
        for product in self._all("products", progress, {"status": "any"}):
            converter.take(product)
            if product.get("type") == "variable":
                for variation in self._all(f"products/{product['id']}/variations"):
                    converter.take({**variation, "parent_id": product["id"]})
        seen = set()
        for customer in self._all("customers", progress, {"role": "all"}):
            converter.take(customer)
            seen.add(str(customer["id"]))
        reconciliation = converter.convert(lambda done, total: progress("comparing", done, total))
        return Fetched(
            converter.documents(), dict(sorted(converter.left_out.items())), reconciliation, seen
        )

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

    def _all(
        self,
        path: str,
        progress: Progress | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Iterator[Json]:
        """Give a list's documents page by page, some perhaps twice.

        A document that changes meanwhile moves between pages. So a list is read again if its length
        changes, or if it gives fewer documents than it announces.

        Raises:
            ShopError: the list changes during every attempt, or is not a list of documents.
        """
        for _ in range(_TRIES):
            seen: set[str] = set()
            stated: set[str | None] = set()
            page = 1
            while True:
                answer = self._client.get(
                    path,
                    {
                        **(parameters or {}),
                        "per_page": _PAGE,
                        "page": page,
                        "orderby": "id",
                        "order": "asc",
                    },
                )
                documents = self._documents(path, answer)
                yield from documents
                stated.add(answer.headers.get("X-WP-Total"))
                new = {str(document["id"]) for document in documents} - seen
                seen |= new
                if progress:
                    progress(path, len(seen), max(_number(answer, "X-WP-Total"), len(seen)))
                is_last = page == _number(answer, "X-WP-TotalPages")
                if is_last or len(documents) < _PAGE or not new:
                    break
                page += 1
            if stated in ({None}, {str(len(seen))}):
                return
        raise ShopError(
            f"{self._client.shop}: /{path} gives {len(seen)} documents and says"
            f" {', '.join(sorted(map(str, stated)))}, {_TRIES} times over; fetch it later."
        )

    def _documents(self, path: str, answer: Answer) -> list[Json]:
        if isinstance(answer.value, list) and all(
            isinstance(document, dict) and "id" in document for document in answer.value
        ):
            return answer.value
        raise ShopError(
            f"{self._client.shop}: /{path} gives no list of documents; a plugin may change what"
            " the API answers."
        )


def _number(answer: Answer, header: str) -> int:
    text = answer.headers.get(header, "")
    return int(text) if text.isdecimal() else 0
