"""A stand-in for WooCommerce's REST API v3 with pages and faults on demand."""

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

KEY = ("ck_reads", "cs_secret")
_AUTHORIZATION = "Basic " + base64.b64encode(":".join(KEY).encode()).decode()


@dataclass
class StandIn:
    """What is in the shop, and how its API misbehaves."""

    orders: list[dict] = field(default_factory=list)
    refunds: dict[int, list[dict]] = field(default_factory=dict)
    products: list[dict] = field(default_factory=list)
    variations: dict[int, list[dict]] = field(default_factory=dict)
    customers: list[dict] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    """Statuses of the next answers."""
    fails_after: int | None = None
    """After this many answers every one is 500."""
    says_total: str | None = None
    hides_totals: bool = False
    repeats_first_page: bool = False
    hidden_customers: set[int] = field(default_factory=set)
    """Customers whom the list leaves out though they are there."""
    vanishing: list[dict] = field(default_factory=list)
    """Orders that are changed, and so leave the window, once the first page was given."""
    requests: Counter[str] = field(default_factory=Counter)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def misbehave(request: Request, call_next: Any) -> Response:
            self.requests[request.url.path.removeprefix("/wp-json/wc/v3/")] += 1
            if self.failures:
                status = self.failures.pop(0)
                return Response(status_code=status, headers={"Retry-After": "7"})
            if self.fails_after is not None and self.requests.total() > self.fails_after:
                return Response(status_code=500)
            if request.headers.get("Authorization") != _AUTHORIZATION:
                return JSONResponse({"code": "woocommerce_rest_cannot_view"}, 401)
            answer: Response = await call_next(request)
            return answer

        @app.get("/wp-json/wc/v3/orders")
        def orders(request: Request, status: str, modified_after: str, modified_before: str):
            assert request.query_params["dates_are_gmt"] == "true"
            wanted = [
                order
                for order in self.orders
                if modified_after < order["date_modified_gmt"] < modified_before
                and (order["status"] == "trash") == (status == "trash")
            ]
            answer = self._page(request, wanted)
            while self.vanishing:
                self.orders.remove(self.vanishing.pop())
            return answer

        @app.get("/wp-json/wc/v3/orders/{order_id}/refunds")
        def refunds(request: Request, order_id: int):
            return self._page(request, self.refunds[order_id])

        @app.get("/wp-json/wc/v3/products")
        def products(request: Request):
            return self._page(request, self.products)

        @app.get("/wp-json/wc/v3/products/{product_id}/variations")
        def variations(request: Request, product_id: int):
            return self._page(request, self.variations[product_id])

        @app.get("/wp-json/wc/v3/customers")
        def customers(request: Request, role: str):
            assert role == "all"
            listed = [c for c in self.customers if c["id"] not in self.hidden_customers]
            return self._page(request, listed)

        @app.get("/wp-json/wc/v3/customers/{customer_id}")
        def customer(customer_id: int):
            for customer in self.customers:
                if customer["id"] == customer_id:
                    return customer
            return JSONResponse({"code": "woocommerce_rest_invalid_id"}, 404)

        return app

    def _page(self, request: Request, documents: list[dict]) -> JSONResponse:
        size, page = (int(request.query_params[name]) for name in ("per_page", "page"))
        start = 0 if self.repeats_first_page else size * (page - 1)
        documents = sorted(documents, key=lambda document: document["id"])
        headers = {
            "X-WP-Total": self.says_total or str(len(documents)),
            "X-WP-TotalPages": str(-(-len(documents) // size)),
        }
        return JSONResponse(
            documents[start : start + size], headers={} if self.hides_totals else headers
        )
