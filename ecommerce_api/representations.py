"""Representations of an answer: JSON, or CSV of a list; and the links between pages."""

import csv
import io
import json
from functools import lru_cache
from typing import Any, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from ecommerce_api.fields import Answer, Fields, Listing, PagedListing
from ecommerce_api.parameters import PageQuery
from ecommerce_assets.spreadsheets import inert

CSV = "text/csv"
JSON = "application/json"


def represented(request: Request, answer: Answer, page: PageQuery | None = None) -> Response:
    """Write an answer in the type that the request accepts, with links to a list's other pages."""
    links = _links(request, answer, page) if page and isinstance(answer, PagedListing) else {}
    if isinstance(answer, Listing) and prefers_csv(request.headers.get("accept", "")):
        carried = {"X-As-Of": str(answer.as_of), "X-Currency": answer.currency}
        if isinstance(answer, PagedListing):
            carried["X-Total-Count"] = str(answer.total)
        return Response(as_csv(answer), headers={**links, **carried}, media_type=CSV)
    return Response(answer.model_dump_json(), headers=links, media_type=JSON)


@lru_cache
def prefers_csv(accept: str) -> bool:
    """Say whether an Accept header ranks CSV above JSON; on a tie it does not."""
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted.quality(CSV) > accepted.quality(JSON)


def as_csv(answer: Listing) -> str:
    """Write a list's items as CSV, with exact amounts and no text that a spreadsheet would run."""
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


def _links(request: Request, answer: PagedListing, query: PageQuery) -> dict[str, str]:
    limit, offset = query.limit, query.offset
    last = max(0, (answer.total - 1) // limit * limit)
    pages = {
        "first": 0,
        "prev": min(max(0, offset - limit), last) if offset else None,
        "next": offset + limit if offset + limit < answer.total else None,
        "last": last,
    }
    others = [(name, value) for name, value in request.query_params.items() if name not in _PAGE]
    # The links are relative to the request's URL, so that they hold behind a proxy too.
    return {
        "Link": ", ".join(
            f'<?{urlencode([*others, ("limit", limit), ("offset", page)])}>; rel="{relation}"'
            for relation, page in pages.items()
            if page is not None
        )
    }


_PAGE = ("limit", "offset")
