"""Restatements: figures of days already loaded that a later load changed."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Fields, PagedListing
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import PageQuery, PeriodQuery, Text
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router
from ecommerce_assets.rules.metrics import DECIMALS, METRICS

router = subject_router("Data quality")


class RestatementsQuery(PeriodQuery, PageQuery):
    """Which restatements; `start` and `end` are the business dates whose figures changed."""

    figure: Text | None = Field(None, description="Only this figure's.", examples=["net_revenue"])


class Restatement(Fields):
    """One figure of a loaded day that a later load changed."""

    restated_at: dt.datetime = Field(
        description="When it changed, in UTC.", examples=["2024-03-30T04:00:12Z"]
    )
    date: dt.date = Field(description="The day whose figure changed.", examples=["2024-03-12"])
    figure: str = Field(description="The figure.", examples=["net_revenue"])
    old_value: str | None = Field(
        description="What it was; null: there was none.", examples=["4465.24"]
    )
    new_value: str | None = Field(
        description="The new value; null: the date has none any more.", examples=["4423.97"]
    )
    first_batch_date: dt.date = Field(
        description="The first batch that the load took in.", examples=["2024-03-29"]
    )
    last_batch_date: dt.date = Field(
        description="The last batch that the load took in.", examples=["2024-03-29"]
    )
    run_id: str = Field(
        description="The Dagster run that loaded it.",
        examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"],
    )


class Restatements(PagedListing):
    """Figures that later loads changed, the latest change first."""

    items: list[Restatement] = Field(description="One object a figure, day and load.")


@router.get(
    "/restatements", summary="Figures that later loads changed", **described(Restatements, LISTING)
)
async def list_restatements(
    request: Request, query: Annotated[RestatementsQuery, Query()]
) -> Response:
    """List the figures of already loaded days that later loads changed, the latest change first."""
    query.require_order()
    filters = (query.start, query.end, query.figure)
    # The log changes without the warehouse's version, so the answer is not cached.
    async with reading(request, cache=False) as warehouse:
        total = await warehouse.value(_TOTAL, *filters)
        rows = await warehouse.rows(_RESTATEMENTS, *filters, query.limit, query.offset)
        return represented(
            request,
            Restatements(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                total=total,
                items=[_restatement(row) for row in rows],
            ),
            query,
        )


def _restatement(row: dict[str, Any]) -> Restatement:
    metric = METRICS.get(row["figure"])
    places = DECIMALS[metric.unit] if metric else 4
    values = {name: _written(row[name], places) for name in ("old_value", "new_value")}
    return Restatement(**{**row, **values})


def _written(value: Decimal | None, places: int) -> str | None:
    return None if value is None else f"{value:.{places}f}"


_WANTED = """
    from ops.restatements
    where ($1::date is null or date >= $1)
      and ($2::date is null or date <= $2)
      and ($3::text is null or figure = $3)
"""

_TOTAL = "select count(*)" + _WANTED

_RESTATEMENTS = (
    """
    select restated_at, date, figure, old_value, new_value, first_batch_date, last_batch_date,
           run_id
    """
    + _WANTED
    + "order by restated_at desc, date desc, figure limit $4 offset $5"
)
