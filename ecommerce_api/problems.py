"""Error answers: problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[int, str] = {
    401: "A key is needed",
    403: "Not from here",
    404: "Not found",
    405: "Method not allowed",
    422: "A parameter is wrong",
    500: "A fault of this program",
    503: "Not available now",
}

LONGEST_VALUE_SHOWN = 100
UNKNOWN_PARAMETER = "is no parameter here; /docs shows those that there are"


class ParameterFault(BaseModel):
    """What is wrong with one parameter."""

    parameter: Annotated[str, Field(description="The parameter's name.", examples=["end"])]
    value: Annotated[
        str | None,
        Field(description="The value given; null where there was none.", examples=["2024-01-01"]),
    ]
    message: Annotated[
        str,
        Field(description="What is wrong with it.", examples=["is before start (2024-02-01)"]),
    ]


class Problem(BaseModel):
    """The body of an error answer, as in RFC 9457."""

    model_config = ConfigDict(title="Problem")

    type: Annotated[
        str,
        Field(
            description="Always `about:blank`: status and title say it.", examples=["about:blank"]
        ),
    ]
    title: Annotated[str, Field(description="The kind of problem.", examples=[TITLES[422]])]
    status: Annotated[int, Field(description="The status code.", examples=[422])]
    detail: Annotated[
        str,
        Field(
            description="What is wrong, and what to do.",
            examples=["end: '2024-01-01' is before start (2024-02-01)."],
        ),
    ]
    errors: Annotated[
        list[ParameterFault] | None,
        Field(description="The parameters that are wrong; only with 422.", examples=[[]]),
    ] = None


class ApiError(Exception):
    """An error that is answered as a problem."""

    status = 500

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers: dict[str, str] = {}
        self.errors: Sequence[ParameterFault] | None = None


class NotFoundError(ApiError):
    """The requested object does not exist."""

    status = 404


class UnauthorizedError(ApiError):
    """The request has no API key, or one that is not valid."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.headers["WWW-Authenticate"] = 'Bearer realm="ecommerce"'


class ForbiddenError(ApiError):
    """The request may have come from another machine while no key is set."""

    status = 403


class ParameterError(ApiError):
    """A parameter's value is not allowed."""

    status = 422

    def __init__(self, *faults: ParameterFault) -> None:
        super().__init__("; ".join(_sentence(fault) for fault in faults) + ".")
        self.errors = faults


class UnavailableError(ApiError):
    """The database or the warehouse cannot be reached; the client may try again."""

    status = 503

    def __init__(self, detail: str, retry_after: int = 2) -> None:
        super().__init__(detail)
        self.headers["Retry-After"] = str(retry_after)


def problem_response(error: ApiError) -> Response:
    """Make the problem response of an error."""
    return _response(error.status, error.detail, error.errors, error.headers)


def answer_with_problems(app: FastAPI) -> None:
    """Answer every error of an app as a problem."""
    app.add_exception_handler(ApiError, _of_api_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)


async def _of_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101
    return problem_response(error)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return problem_response(ParameterError(*map(_fault, error.errors())))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path}; /docs shows what there is."
    elif error.status_code == 405:
        detail = f"{request.url.path} can only be read; use GET."
    else:
        detail = error.detail
    return _response(error.status_code, detail, None, error.headers or {})


def _response(
    status: int,
    detail: str,
    errors: Sequence[ParameterFault] | None,
    headers: Mapping[str, str],
) -> Response:
    problem = Problem(
        type="about:blank",
        title=TITLES.get(status, "Not answered"),
        status=status,
        detail=detail,
        errors=list(errors) if errors is not None else None,
    )
    return Response(
        problem.model_dump_json(exclude_none=errors is None),
        status,
        {"Cache-Control": "no-store", **headers},
        MEDIA_TYPE,
    )


def _fault(error: Mapping[str, Any]) -> ParameterFault:
    """Turn an error of Pydantic into a sentence for the client."""
    kind, context = error["type"], error.get("ctx", {})
    message = str(error["msg"])
    if kind == "extra_forbidden":
        message = UNKNOWN_PARAMETER
    elif kind == "missing":
        message = "is missing"
    elif kind == "value_error":
        message = str(context["error"])
    elif kind == "enum":
        message = f"is not one of {context['expected']}"
    elif kind.startswith("int_"):
        message = "is no whole number"
    elif kind == "less_than_equal":
        message = f"is above {context['le']}"
    elif kind == "greater_than_equal":
        message = f"is below {context['ge']}"
    elif kind == "bool_parsing":
        message = "is neither true nor false"
    else:
        message = message[0].lower() + message[1:]
    value = error.get("input")
    return ParameterFault(
        parameter=str(error["loc"][-1]),
        value=None if kind == "missing" else str(value)[:LONGEST_VALUE_SHOWN],
        message=message,
    )


def _sentence(fault: ParameterFault) -> str:
    shown = "" if fault.value is None else f"{fault.value!r} "
    return f"{fault.parameter}: {shown}{fault.message}"
