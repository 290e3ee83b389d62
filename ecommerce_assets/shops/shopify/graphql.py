"""A client for Shopify's GraphQL Admin API that stays within its cost limit."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ecommerce_assets.shops.connecting.client import ShopClient, ShopError
from ecommerce_assets.shops.shopify.canonical import Json

VERSION = "2026-10"
API = f"admin/api/{VERSION}/"

_TRIES = 8
_LONGEST_WAIT = 60.0


class QueryCostError(ShopError):
    """A query costs more than a single query may; smaller pages cost less."""


class Admin:
    """The API of one shop. Its client's URL ends in `admin/api/<version>/`."""

    def __init__(self, client: ShopClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self._costs: dict[str, float] = {}
        self._throttle: Mapping[str, Any] = {}

    @property
    def shop(self) -> str:
        """The shop's name in error messages."""
        return self._client.shop

    def ask(self, query: str, /, **variables: Any) -> Json:
        """Send a query, and give the answer's data.

        Waits before a query that costs more than the points left, and after one that is throttled.

        Raises:
            QueryCostError: the query costs more than a single one may.
            ShopError: the shop refuses the query, or throttles every attempt.
        """
        for _ in range(_TRIES):
            self._wait_for_points(query)
            value = self._client.send(
                "POST", "graphql.json", body={"query": query, "variables": variables}
            ).value
            answer = value if isinstance(value, dict) else {}
            self._learn(query, answer)
            errors = answer.get("errors")
            if not errors and isinstance(answer.get("data"), dict):
                return answer["data"]
            codes = _codes(errors)
            if "MAX_COST_EXCEEDED" in codes:
                raise QueryCostError(f"{self.shop} says that a query costs too much.")
            if "THROTTLED" not in codes:
                raise ShopError(
                    f"{self.shop} refuses {_name(query)} ({', '.join(sorted(codes)) or 'no data'});"
                    " give the key the right to read that, and see docs/shopify.md."
                )
            self._wait(self._missing(query, at_least=1.0))
        raise ShopError(f"{self.shop} throttles {_name(query)} again and again; fetch it later.")

    def pages(self, query: str, root: str, size: int, /, **variables: Any) -> Iterator[list[Json]]:
        """Give a connection's pages once each; halve the page size when a page costs too much.

        Raises:
            ShopError: a cursor is missing or repeats.
        """
        cursor: str | None = None
        cursors: set[str | None] = {None}
        while True:
            try:
                data = self.ask(query, first=size, after=cursor, **variables)
            except QueryCostError:
                if size == 1:
                    raise
                size //= 2
                continue
            connection = _at(data, root)
            if not isinstance(connection.get("nodes"), list):
                raise ShopError(f"{self.shop} answers {_name(query)} without a list of nodes.")
            yield connection["nodes"]
            page = connection.get("pageInfo") or {}
            if not page.get("hasNextPage"):
                return
            cursor = page.get("endCursor")
            if cursor in cursors:
                raise ShopError(
                    f"{self.shop} gives a cursor of {_name(query)} twice; fetch it later."
                )
            cursors.add(cursor)

    def wait(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def _learn(self, query: str, answer: Json) -> None:
        cost = (answer.get("extensions") or {}).get("cost") or {}
        if cost.get("requestedQueryCost"):
            self._costs[query] = float(cost["requestedQueryCost"])
        self._throttle = cost.get("throttleStatus") or self._throttle

    def _wait_for_points(self, query: str) -> None:
        missing = self._missing(query, at_least=0.0)
        if missing > 0:
            self._wait(missing)

    def _missing(self, query: str, at_least: float) -> float:
        """Estimate the seconds until the points suffice for a query."""
        rate = float(self._throttle.get("restoreRate") or 0)
        if not rate:
            return at_least
        missing = self._costs.get(query, 0.0) - float(self._throttle["currentlyAvailable"])
        return max(missing / rate, at_least)

    def _wait(self, seconds: float) -> None:
        self._sleep(min(seconds, _LONGEST_WAIT))
        # Only an answer gives the points; until the next one, assume that the wait restored them.
        self._throttle = {}


def _codes(errors: Any) -> set[str]:
    found = set()
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            code = (error.get("extensions") or {}).get("code")
            found.add(str(code or error.get("message") or "error").upper()[:80])
    return found


def _name(query: str) -> str:
    return query.split(None, 2)[1].partition("(")[0]


def _at(data: Json, path: str) -> Json:
    place: Any = data
    for key in path.split("."):
        place = place.get(key) if isinstance(place, dict) else None
    return place if isinstance(place, dict) else {}
