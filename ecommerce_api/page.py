"""Serves the static files of the owner's page and of the manual."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

FILES = Path(__file__).parent / "page"

# Swagger UI sets inline styles and loads its icons from data: URLs.
_POLICY_OF_THE_MANUAL = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def add_page(app: FastAPI) -> None:
    """Serve the page at `/`, the manual at `/docs`, and their files under `/assets`."""
    app.include_router(router)
    add_assets(app)


def add_assets(app: FastAPI) -> None:
    """Have an app serve the files that pages are made of, under `/assets`."""
    app.mount("/assets", StaticFiles(directory=FILES / "assets"), name="assets")


@router.get("/")
def get_page() -> Response:
    """Give the shop owner's page."""
    return FileResponse(FILES / "index.html")


@router.get("/docs")
def get_manual() -> Response:
    """Give the API's manual."""
    return FileResponse(
        FILES / "docs.html", headers={"Content-Security-Policy": _POLICY_OF_THE_MANUAL}
    )
