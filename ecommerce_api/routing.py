"""Routes: how a request's parameters reach the function that answers it.

The parameters themselves are in `parameters` and in the module of each subject.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, get_type_hints

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from ecommerce_api.openapi import operation_id
from ecommerce_api.problems import (
    LONGEST_VALUE_SHOWN,
    UNKNOWN_PARAMETER,
    ParameterError,
    ParameterFault,
)


def subject_router(tag: str, prefix: str = "") -> APIRouter:
    """Make the router of a subject; `tag` is its heading in the manual."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=ParameterRoute,
        generate_unique_id_function=operation_id,
    )


class ParameterRoute(APIRoute):
    """A route to an async function of the request, path parameters, and one model, `query`.

    FastAPI documents the parameters. It does not read them, as it would look at the annotations of
    all fields again for each request, which takes a fifth of an answer's time.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the function that reads a request's parameters and has it answered.

        It raises `ParameterError` or `RequestValidationError` if a parameter is wrong.
        """
        endpoint = self.endpoint
        hints = get_type_hints(endpoint, include_extras=True)
        path_types = {name: TypeAdapter(hints[name]) for name in self.param_convertors}
        query_type: type[BaseModel] | None = get_type_hints(endpoint).get("query")

        async def handle(request: Request) -> Response:
            query = _each_once(request, takes_none=query_type is None)
            arguments, errors = _validated(path_types, request.path_params)
            if query_type is not None:
                try:
                    arguments["query"] = query_type.model_validate(query)
                except ValidationError as error:
                    errors.extend(error.errors())
            if errors:
                raise RequestValidationError(errors)
            response: Response = await endpoint(request=request, **arguments)
            return response

        return handle


def _each_once(request: Request, *, takes_none: bool) -> dict[str, str]:
    """Give the query's parameters; refuse one given twice, and any of an endpoint that has none."""
    given = request.query_params.multi_items()
    values = dict(given)
    names = [name for name, _ in given]
    faults = [
        ParameterFault(
            parameter=name,
            value=value[:LONGEST_VALUE_SHOWN],
            message=UNKNOWN_PARAMETER if takes_none else "is given more than once",
        )
        for name, value in values.items()
        if takes_none or names.count(name) > 1
    ]
    if faults:
        raise ParameterError(*faults)
    return values


def _validated(
    types: Mapping[str, TypeAdapter[Any]], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Any]]:
    """Give the path's parameters by name, and the errors of those that are wrong."""
    arguments: dict[str, Any] = {}
    errors: list[Any] = []
    for name, type_ in types.items():
        try:
            arguments[name] = type_.validate_python(values[name])
        except ValidationError as error:
            errors.extend({**fault, "loc": (name,)} for fault in error.errors())
    return arguments, errors
