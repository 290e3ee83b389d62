"""The OpenAPI document: the parts common to all endpoints, and the manual's front page.

The description of one endpoint is in its module.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import Response

from ecommerce_api.fields import Answer
from ecommerce_api.problems import MEDIA_TYPE, TITLES, Problem
from ecommerce_api.representations import CSV

TITLE = "Shop figures"

DESCRIPTION = """
What an online shop sold, gave back, and has in stock; what its customers are worth; and where
every figure came from. Read-only.

**Numbers.** Amounts and rates are decimal strings (`"1234.50"`), exact to the last digit; counts
are numbers; dates are ISO 8601. Every answer says the last loaded batch date (`as_of`) and the
currency.

**Days.** A date is a calendar date in the store's time zone. `start` and `end` are inclusive.

**Lists** are in `items`, or come as `text/csv` with `Accept: text/csv`; there `X-As-Of`,
`X-Currency` and `X-Total-Count` are headers. A text that a spreadsheet would run as a formula has
a `'` in front. Long lists come in pages, and the `Link` header has the addresses of the others.

**Keys.** If the shop has set keys, send one as `Authorization: Bearer KEY` or `X-API-Key: KEY`.

**Again.** Every answer has an `ETag`; sent back as `If-None-Match`, it is answered with an empty
304 while nothing has changed. No answer is more than a second older than the warehouse.

**Errors** are `application/problem+json` (RFC 9457); `detail` says what to do.
"""

TAGS = [
    {"name": "Metrics", "description": "Revenue, orders and customers, by day and by period."},
    {"name": "Cohorts", "description": "What customers are worth, and who comes back."},
    {"name": "Inventory", "description": "What is running out."},
    {
        "name": "Orders",
        "description": "The orders behind a day's figures, and where they came from.",
    },
    {
        "name": "Data quality",
        "description": "What was refused and why; which figures changed since.",
    },
    {"name": "Reports", "description": "The drawn reports."},
    {"name": "Health", "description": "Whether the service is up, and can answer."},
]

LISTING: Mapping[int | str, dict[str, Any]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}, "example": "a header, then the items"}}}
}
"""The responses that an endpoint of a list documents besides its JSON."""

_ERRORS: Mapping[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "A key is missing or wrong."},
    403: {"model": Problem, "description": "No key is set, and the request is not from here."},
    422: {"model": Problem, "description": "A parameter is wrong."},
    500: {"model": Problem, "description": "A fault of this program."},
    503: {"model": Problem, "description": "The database or the warehouse is not there."},
}
NOT_FOUND: Mapping[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no such thing."}
}

_TAG = {
    "description": "Changes when the answer does.",
    "schema": {"type": "string"},
    "example": '"5f70bf18a086007016e948b04aed3b82"',
}


def described(
    model: type[Answer], *responses: Mapping[int | str, dict[str, Any]]
) -> dict[str, Any]:
    """Give a route decorator's arguments that document its answers."""
    merged: dict[int | str, dict[str, Any]] = {
        200: {"description": (model.__doc__ or "").strip()},
        304: {"description": "Nothing has changed since the answer that the tag was sent with."},
        **_ERRORS,
    }
    for more in responses:
        for status, description in more.items():
            merged[status] = {**merged.get(status, {}), **description}
    return {"response_model": model, "responses": merged}


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function; generated clients use the name."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """Make the app's OpenAPI document."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=TAGS,
            routes=app.routes,
        )
        for path, operations in made["paths"].items():
            for operation in operations.values():
                _complete(operation, needs_key=not path.startswith("/health/"))
        made["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "A key, if any is set."},
            "header": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "A key, if any is set.",
            },
        }
        app.openapi_schema = made
    return app.openapi_schema


def _example(status: int, response: Mapping[str, Any]) -> dict[str, Any]:
    if status == 422:
        return {}  # the schema's own
    problem = {"type": "about:blank", "title": TITLES[status], "status": status}
    return {"example": {**problem, "detail": response["description"]}}


def _complete(operation: dict[str, Any], *, needs_key: bool) -> None:
    for status, response in operation["responses"].items():
        if status == "200":
            response["headers"] = {"ETag": _TAG}
        elif "content" in response:
            content = response["content"].pop("application/json")
            response["content"] = {MEDIA_TYPE: {**content, **_example(int(status), response)}}
    # The empty one: where no keys are set, none is needed.
    operation["security"] = [{"bearer": []}, {"header": []}, {}] if needs_key else []


def file(media_type: str, *responses: Mapping[int | str, dict[str, Any]]) -> dict[str, Any]:
    """Give a route decorator's arguments that document a file."""
    schema = {"type": "string", "format": "binary"}
    merged = {
        200: {"description": "The file.", "content": {media_type: {"schema": schema}}},
        304: {"description": "Nothing has changed since the answer that the tag was sent with."},
        **_ERRORS,
    }
    for more in responses:
        merged |= more
    return {"response_class": Response, "responses": merged}
