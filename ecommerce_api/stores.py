"""One API for several stores: it routes requests to stores, and lists those that a key may read.

Each store is an app under `/stores/<name>`, with its own database, keys and cache. An unknown name
leads to an app without keys, so that it is answered like a store to a client without its key.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import yaml
from fastapi import APIRouter, FastAPI, Request
from pydantic import Field, ValidationError
from starlette.datastructures import Headers
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ecommerce_api.access import NO_KEY, UNKNOWN_KEY, given_key, name_of
from ecommerce_api.database import Database, WarehouseState
from ecommerce_api.fields import Amount, Fields
from ecommerce_api.health import Liveness
from ecommerce_api.main import create_app
from ecommerce_api.page import FILES, add_assets
from ecommerce_api.problems import UnauthorizedError, UnavailableError, answer_with_problems
from ecommerce_api.telemetry import ApiMetrics, TelemetryMiddleware, configure_log
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import STORE_ID, Settings

CONNECTIONS = 3
"""Connections of a store besides the one that reads its version: 80 in all for twenty stores."""
_FOLDER = "/stores/"
_DAYS = 30


class StoresError(OperatorError):
    """The file of the stores is invalid."""


def read_routes(file: Path) -> Mapping[str, Settings]:
    """Read the stores to serve, by name, from the file that `ecommerce stores write` writes.

    Raises:
        StoresError: with the file, the store and the reason.
    """
    try:
        routes = yaml.safe_load(file.read_text(encoding="utf-8"))
        stores = {}
        for name, route in dict(routes).items():
            if not STORE_ID.fullmatch(str(name)):
                raise StoresError(f"{file}: {name!r} cannot be the name of a store.")
            stores[name] = Settings(_env_file=None, store_id=name, **route)
    except (yaml.YAMLError, ValidationError, TypeError, ValueError):
        raise StoresError(
            f"{file} is not as `ecommerce stores write` writes it; write it anew."
        ) from None
    return stores


class _NoStore(Database):
    """The database of an unknown store, for which no key is valid."""

    async def open(self) -> None:
        """Open nothing."""

    async def close(self) -> None:
        """Close nothing."""

    async def state(self) -> WarehouseState:
        """Give the state of a warehouse without keys."""
        return WarehouseState("", MappingProxyType({}))


class Stores:
    """The app of several stores."""

    def __init__(self, routes: Mapping[str, Settings]) -> None:
        self._apps = {
            name: create_app(settings, Database(settings, CONNECTIONS))
            for name, settings in routes.items()
        }
        nobody = Settings(_env_file=None)
        self._no_store = create_app(nobody, _NoStore(nobody))
        self._front = _front(self._apps, self._no_store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the store in its path, and any other request to the front app."""
        if scope["type"] != "http" or not scope["path"].startswith(_FOLDER):
            await self._front(scope, receive, send)
            return
        name, slash, rest = scope["path"].removeprefix(_FOLDER).partition("/")
        if not slash and STORE_ID.fullmatch(name):
            # The page's own links are relative to its folder.
            await RedirectResponse(f"{scope.get('root_path', '')}{_FOLDER}{name}/", 308)(
                scope, receive, send
            )
            return
        app: ASGIApp = self._apps.get(name, self._no_store)
        # The log has the whole path; the store's app knows its own part alone.
        state = {**scope.get("state", {}), "folder": f"{_FOLDER}{name}"}
        path = {"path": f"/{rest}", "raw_path": f"/{rest}".encode(), "state": state}
        await app({**scope, **path}, receive, send)


class StoreRow(Fields):
    """A store that the key may read, and its figures of the last 30 loaded days."""

    store: str = Field(description="The store's name in addresses: `/stores/<store>/`.")
    name: str = Field(description="The store's own name.")
    as_of: dt.date | None = Field(description="The last loaded batch date; null without figures.")
    currency: str | None = Field(description="The currency of its amounts, ISO 4217.")
    orders: int | None = Field(description="Recognised orders placed in these days.")
    net_revenue: Amount | None = Field(description="Gross less discounts and refunds.")
    previous_net_revenue: Amount | None = Field(description="That of the 30 days before.")
    problem: str | None = Field(description="Why there are no figures; null where there are.")


class StoreList(Fields):
    """The stores that a key may read."""

    items: list[StoreRow]


_ROW = """
    select coalesce(sum(orders) filter (where date > $1::date - $2::int), 0)::bigint as orders,
           coalesce(sum(net_revenue) filter (where date > $1::date - $2::int), 0.00) as net_revenue,
           coalesce(sum(net_revenue) filter (where date <= $1::date - $2::int), 0.00) as previous
    from analytics.fct_revenue_daily where date > $1::date - 2 * $2::int and date <= $1::date
"""


def _front(apps: Mapping[str, FastAPI], no_store: FastAPI) -> FastAPI:
    """Make the app for requests without a store: the list of stores, its page, health checks."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        configure_log()
        async with AsyncExitStack() as opened:
            for app in (*apps.values(), no_store):
                await opened.enter_async_context(app.router.lifespan_context(app))
            yield

    front = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    front.state.apps = apps
    front.include_router(_router)
    add_assets(front)
    answer_with_problems(front)
    front.add_middleware(TelemetryMiddleware, metrics=ApiMetrics())
    return front


_router = APIRouter()


@_router.get("/")
def get_page() -> Response:
    """Give the page of an owner of several stores."""
    return FileResponse(FILES / "stores.html")


@_router.get("/health/live")
async def get_liveness() -> Liveness:
    """Say that the process is up; this asks nothing of the databases."""
    return Liveness(status="up")


@_router.get("/health/ready")
async def get_readiness(request: Request) -> Response:
    """Say whether every store's database answers, without their names."""
    apps: Mapping[str, FastAPI] = request.app.state.apps
    await asyncio.gather(*(app.state.database.state() for app in apps.values()))
    return Response('{"status":"ready"}', media_type="application/json")


@_router.get("/stores")
async def get_stores(request: Request) -> Response:
    """List the stores that the key may read, each with its figures of the last 30 loaded days."""
    key = given_key(Headers(scope=request.scope))
    if not key:
        raise UnauthorizedError(NO_KEY)
    apps: Mapping[str, FastAPI] = request.app.state.apps
    rows = await asyncio.gather(*(_row(name, app, key) for name, app in apps.items()))
    items = [row for row in rows if row is not None]
    if not items:
        raise UnauthorizedError(UNKNOWN_KEY)
    return Response(
        StoreList(items=items).model_dump_json(),
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


async def _row(name: str, app: FastAPI, key: str) -> StoreRow | None:
    """Make the row of a store; None if the key is not valid for it."""
    database: Database = app.state.database
    settings: Settings = app.state.settings
    try:
        known = (await database.state()).key_names
    except UnavailableError:
        known = database.known_keys
    if name_of(key, known) is None:
        return None
    row: dict[str, str | dt.date | int | Decimal | None] = dict.fromkeys(StoreRow.model_fields)
    row |= {"store": name, "name": settings.store}
    try:
        async with database.snapshot() as warehouse:
            sums = await warehouse.row(_ROW, warehouse.as_of, _DAYS)
            row |= {
                "as_of": warehouse.as_of,
                "currency": warehouse.currency,
                "orders": sums["orders"],
                "net_revenue": sums["net_revenue"],
                "previous_net_revenue": sums["previous"],
            }
    except UnavailableError as fault:
        row["problem"] = fault.detail
    return StoreRow.model_validate(row)
