"""The API's app, `ecommerce_api.main:app`: it joins the routers, the page and the middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ecommerce_api import (
    breakdown,
    cohorts,
    health,
    inventory,
    lineage,
    metrics,
    openapi,
    orders,
    quarantine,
    reports,
    restatements,
)
from ecommerce_api.access import Access
from ecommerce_api.caching import CachingMiddleware
from ecommerce_api.database import Database
from ecommerce_api.page import add_page
from ecommerce_api.problems import answer_with_problems
from ecommerce_api.telemetry import ApiMetrics, TelemetryMiddleware, configure_log
from ecommerce_assets.settings import Settings, load_settings

SUBJECTS = (
    metrics,
    breakdown,
    cohorts,
    inventory,
    orders,
    lineage,
    quarantine,
    restatements,
    reports,
)


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """Make an app; it reads the settings when it starts, unless they are given.

    With a `database` it is the app of one of several stores (`stores`).
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_log()
        app.state.settings = settings or load_settings()
        app.state.database = database or Database(app.state.settings)
        await app.state.database.open()
        try:
            yield
        finally:
            await app.state.database.close()

    prometheus = ApiMetrics()
    app = FastAPI(
        title=openapi.TITLE,
        description=openapi.DESCRIPTION,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=openapi.operation_id,
        redirect_slashes=False,
    )
    app.state.prometheus = prometheus
    for subject in SUBJECTS:
        # `include_router` would have each request matched once more within the router.
        app.router.routes.extend(subject.router.routes)
    app.include_router(health.router)
    add_page(app)
    answer_with_problems(app)
    # A request meets the middleware added last first.
    app.add_middleware(CachingMiddleware)
    app.add_middleware(Access, is_shared=database is not None)
    app.add_middleware(TelemetryMiddleware, metrics=prometheus)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app


app = create_app()
