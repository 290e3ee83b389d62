"""Cohorts: what customers are worth over their first days, and who comes back."""

import datetime as dt
from enum import IntEnum, StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import Snapshot, reading
from ecommerce_api.fields import Amount, Fields, Listing, Rate, quotient
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import PeriodQuery
from ecommerce_api.representations import represented

router = APIRouter(tags=["Cohorts"])


class Horizon(IntEnum):
    """The days after a cohort's date that are looked at."""

    WEEK = 7
    MONTH = 30
    QUARTER = 90


class Grouping(StrEnum):
    """Which cohort dates are put together."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Days = Annotated[
    Horizon, Path(description="Look at the days 0 … this after the cohort's date.", examples=[30])
]


class CohortQuery(PeriodQuery):
    """Which cohorts: by default all of them."""

    by: Grouping = Field(
        Grouping.MONTH,
        description="Put together the cohort dates of a day, an ISO week or a month.",
        examples=["month"],
    )
    include_partial: bool = Field(
        False,
        description="Give cohorts too whose last days are still to come.",
        examples=[False],
    )


class Cohort(Fields):
    """Customers by when they first bought."""

    cohort: dt.date = Field(
        description="The first day of the cohort's day, ISO week or month.", examples=["2024-01-01"]
    )
    customers: int = Field(
        description="Customers with their first recognised order then.", examples=[120]
    )
    retained_customers: int = Field(
        description="Those with another recognised order on a day 1 … `days`.", examples=[54]
    )
    retention_rate: Rate = Field(
        description="`retained_customers` ÷ `customers`, half up.", examples=["0.4500"]
    )
    is_complete: bool = Field(
        description="Whether the last of its days has been loaded, and its figures are final.",
        examples=[True],
    )


class LtvCohort(Cohort):
    """Customers by when they first bought, and what they were worth."""

    net_revenue: Amount = Field(
        description="What they ordered on days 0 … `days`, less discounts and refunds.",
        examples=["16506.91"],
    )
    ltv: Amount = Field(description="`net_revenue` ÷ `customers`, half up.", examples=["137.56"])


class CohortListing(Listing):
    """Cohorts, ascending."""

    days: Horizon = Field(description="The days looked at after each cohort date.", examples=[30])
    by: Grouping = Field(description="How cohort dates are put together.", examples=["month"])
    start: dt.date | None = Field(
        description="The first cohort date asked for; null: the first.", examples=["2024-01-01"]
    )
    end: dt.date | None = Field(
        description="The last cohort date asked for; null: the last.", examples=["2024-03-29"]
    )
    include_partial: bool = Field(
        description="Whether cohorts are given that are not complete.", examples=[False]
    )


class LtvCohorts(CohortListing):
    """What customers were worth, by when they first bought."""

    items: list[LtvCohort] = Field(description="One object a cohort.")


class RetentionCohorts(CohortListing):
    """Which customers came back, by when they first bought."""

    items: list[Cohort] = Field(description="One object a cohort.")


@router.get("/ltv/{days}", summary="What customers are worth", **described(LtvCohorts, LISTING))
async def get_ltv(request: Request, days: Days, query: Annotated[CohortQuery, Query()]) -> Response:
    """Give what the customers of each cohort were worth over their first days.

    `start` and `end` are cohort dates; a month of which only a part is asked for is summed over
    that part, under the month's first day. A cohort is complete when the window of its last day
    (or of `end`, if that is earlier) is loaded.
    """
    async with reading(request) as warehouse:
        cohorts = await _cohorts(warehouse, days, query)
        items = [
            LtvCohort(ltv=quotient(row["net_revenue"], row["customers"], 2), **row)
            for row in cohorts
        ]
        return represented(request, LtvCohorts(items=items, **_envelope(warehouse, days, query)))


@router.get("/retention/{days}", summary="Who comes back", **described(RetentionCohorts, LISTING))
async def get_retention(
    request: Request, days: Days, query: Annotated[CohortQuery, Query()]
) -> Response:
    """Give how many customers of each cohort came back in their first days.

    The parameters are those of `/ltv/{days}`.
    """
    async with reading(request) as warehouse:
        cohorts = await _cohorts(warehouse, days, query)
        items = [Cohort(**{k: v for k, v in row.items() if k != "net_revenue"}) for row in cohorts]
        return represented(
            request, RetentionCohorts(items=items, **_envelope(warehouse, days, query))
        )


def _envelope(warehouse: Snapshot, days: Horizon, query: CohortQuery) -> dict[str, Any]:
    return {
        "as_of": warehouse.as_of,
        "currency": warehouse.currency,
        "days": days,
        **query.model_dump(),
    }


async def _cohorts(warehouse: Snapshot, days: Horizon, query: CohortQuery) -> list[dict[str, Any]]:
    query.require_order()
    rows = await warehouse.rows(
        _COHORTS,
        int(days),
        query.start,
        query.end,
        query.by.value,
        warehouse.as_of,
        query.include_partial,
    )
    return [
        {**row, "retention_rate": quotient(row["retained_customers"], row["customers"], 4)}
        for row in rows
    ]


_COHORTS = """
    with cohorts as (
        select date_trunc($4, cohort_date::timestamp)::date as cohort,
               sum(customers)::bigint as customers,
               sum(retained_customers)::bigint as retained_customers,
               sum(net_revenue) as net_revenue
        from analytics.fct_cohort_ltv
        where horizon_days = $1
          and cohort_date >= coalesce($2, '-infinity'::date)
          and cohort_date <= coalesce($3, 'infinity'::date)
        group by 1
    ), judged as (
        select *,
               least((cohort + ('1 ' || $4::text)::interval)::date - 1, $3) + $1::int <= $5
                   as is_complete
        from cohorts
    )
    select * from judged where is_complete or $6 order by cohort
"""
