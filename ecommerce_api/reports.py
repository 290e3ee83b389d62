"""Serves the report files that the graph writes, one folder per batch date."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Path, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Fields, Listing
from ecommerce_api.openapi import LISTING, NOT_FOUND, described
from ecommerce_api.openapi import file as file_described
from ecommerce_api.problems import NotFoundError
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router

router = subject_router("Reports", "/reports")

_MEDIA_TYPES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
_NAME = r"[a-z0-9_-]{1,64}"
_FILE = re.compile(rf"({_NAME})\.({'|'.join(_MEDIA_TYPES)})")

Name = Annotated[str, Path(description="The report's name.", examples=["revenue"])]


class Report(Fields):
    """A report, as drawn most recently."""

    name: str = Field(description="Its name.", examples=["revenue"])
    date: dt.date = Field(
        description="The batch date it stands for: the last of its 91 days.",
        examples=["2024-03-29"],
    )
    formats: list[str] = Field(
        description="What it can be had as: `/reports/{name}.{format}`.", examples=[["png", "svg"]]
    )


class Reports(Listing):
    """The drawn reports, by name."""

    items: list[Report] = Field(description="One object a report.")


@router.get("", summary="The drawn reports", **described(Reports, LISTING))
async def list_reports(request: Request) -> Response:
    """List the drawn reports, each with its batch date."""
    folder = _folder(request)
    # Report files change without a change in the warehouse, so the answer is not cached.
    async with reading(request, cache=False) as warehouse:
        return represented(
            request,
            Reports(as_of=warehouse.as_of, currency=warehouse.currency, items=_drawn(folder)),
        )


@router.get(
    "/{name}.png", summary="A report as pixels", **file_described(_MEDIA_TYPES["png"], NOT_FOUND)
)
async def get_report_as_png(request: Request, name: Name) -> Response:
    """Give a report's latest picture as PNG; `X-As-Of` is its batch date."""
    return await run_in_threadpool(_latest, _folder(request), name, "png")


@router.get(
    "/{name}.svg", summary="A report as a drawing", **file_described(_MEDIA_TYPES["svg"], NOT_FOUND)
)
async def get_report_as_svg(request: Request, name: Name) -> Response:
    """Give a report's latest picture as SVG; `X-As-Of` is its batch date."""
    return await run_in_threadpool(_latest, _folder(request), name, "svg")


@router.get(
    "/{name}.pdf", summary="A report for the desk", **file_described(_MEDIA_TYPES["pdf"], NOT_FOUND)
)
async def get_report_as_pdf(request: Request, name: Name) -> Response:
    """Give a report as PDF; `report` holds all of a day's. `X-As-Of` is its batch date."""
    return await run_in_threadpool(_latest, _folder(request), name, "pdf")


def _folder(request: Request) -> FilePath:
    home: FilePath = request.app.state.settings.home
    return home / "reports"


def _drawn(folder: FilePath) -> list[Report]:
    drawn: dict[str, tuple[dt.date, set[str]]] = {}
    for day, of_day in _days(folder):
        for file in of_day.iterdir():
            known = _FILE.fullmatch(file.name)
            if known:
                date, formats = drawn.setdefault(known[1], (day, set()))
                if date == day:
                    formats.add(known[2])
    return [
        Report(name=name, date=day, formats=sorted(formats))
        for name, (day, formats) in sorted(drawn.items())
    ]


def _latest(folder: FilePath, name: str, extension: str) -> Response:
    is_name = _FILE.fullmatch(f"{name}.{extension}") is not None
    for day, of_day in _days(folder) if is_name else ():
        file = of_day / f"{name}.{extension}"
        if file.is_file():
            return Response(
                file.read_bytes(),
                headers={"X-As-Of": str(day)},
                media_type=_MEDIA_TYPES[extension],
            )
    raise NotFoundError(
        f"There is no report {name}.{extension}; /reports lists those that were drawn, "
        "and the asset group `reports` draws them."
    )


def _days(folder: FilePath) -> Iterator[tuple[dt.date, FilePath]]:
    """Give the batch dates that have reports, the newest first."""
    if not folder.is_dir():
        return
    for of_day in sorted(folder.iterdir(), key=lambda path: path.name, reverse=True):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", of_day.name) and of_day.is_dir():
            yield dt.date.fromisoformat(of_day.name), of_day
