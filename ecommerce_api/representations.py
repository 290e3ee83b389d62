"""How an answer is written: JSON, or a list as CSV; and the links between pages."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ecommerce_api.fields import Answer, Fields, Listing, PagedListing
from ecommerce_api.parameters import PageQuery
from ecommerce_assets.spreadsheets import inert

CSV = "text/csv"
JSON = "application/json"


def represented(request: Request, answer: Answer, page: PageQuery | None = None) -> Response:
    """Write an answer as the request accepts it; a page of a list with links to the others."""
    links = _links(request, answer, page) if page and isinstance(answer, PagedListing) else {}
    if isinstance(answer, Listing) and prefers_csv(request.headers.get("accept", "")):
        carried = {"X-As-Of": str(answer.as_of), "X-Currency": answer.currency}
        if isinstance(answer, PagedListing):
            carried["X-Total-Count"] = str(answer.total)
        return Response(as_csv(answer), headers={**links, **carried}, media_type=CSV)
    return Response(answer.model_dump_json(), headers=links, media_type=JSON)


def prefers_csv(accept: str) -> bool:
    """Say whether an Accept header ranks CSV above JSON; at a tie JSON is given."""
    qualities = _qualities(accept)
    return _quality(qualities, CSV) > _quality(qualities, JSON)


def _qualities(accept: str) -> Mapping[str, float]:
    qualities = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip() for piece in part.lower().split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            qualities[media] = float(quality)
        except ValueError:
            continue
    return qualities


def _quality(qualities: Mapping[str, float], media: str) -> float:
    candidates = (media, f"{media.partition('/')[0]}/*", "*/*")
    return next((qualities[name] for name in candidates if name in qualities), 0.0)


def as_csv(answer: Listing) -> str:
    """Write a list's items as CSV: amounts exact, and no text that a spreadsheet would run."""
    (row_type,) = get_args(type(answer).model_fields["items"].annotation)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(row_type.model_fields)
    for item in answer.items:
        written = item.model_dump(mode="json")
        writer.writerow([_cell(getattr(item, name), value) for name, value in written.items()])
    return text.getvalue()


def _cell(value: Any, written: Any) -> Any:
    if isinstance(value, Fields | list | dict | tuple):
        return json.dumps(written, ensure_ascii=False)
    if isinstance(value, str):
        return inert(written)
    if isinstance(value, bool):
        return "true" if value else "false"
    return written


def _links(request: Request, answer: PagedListing, asked: PageQuery) -> dict[str, str]:
    limit, offset = asked.limit, asked.offset
    last = max(0, (answer.total - 1) // limit * limit)
    pages = {
        "first": 0,
        "prev": min(max(0, offset - limit), last) if offset else None,
        "next": offset + limit if offset + limit < answer.total else None,
        "last": last,
    }
    others = [(name, value) for name, value in request.query_params.items() if name not in _PAGE]
    # Relative to the request's own address, whatever a proxy has put in front of it.
    return {
        "Link": ", ".join(
            f'<?{urlencode([*others, ("limit", limit), ("offset", page)])}>; rel="{relation}"'
            for relation, page in pages.items()
            if page is not None
        )
    }


_PAGE = ("limit", "offset")
