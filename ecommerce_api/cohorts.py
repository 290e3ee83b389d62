"""Cohorts: the lifetime value and the retention of customers over their first days."""

import datetime as dt
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Any

import pandas as pd
from fastapi import Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import Snapshot, reading
from ecommerce_api.fields import Amount, Fields, Listing, Rate
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import PeriodQuery
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router
from ecommerce_assets.rules.cohorts import group_cohorts

router = subject_router("Cohorts")


class Horizon(IntEnum):
    """The number of days after a cohort's date that are counted."""

    WEEK = 7
    MONTH = 30
    QUARTER = 90


class Grouping(StrEnum):
    """The period by which cohort dates are grouped."""

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
    """Customers grouped by the date of their first recognised order."""

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
    """Customers grouped by the date of their first recognised order, with their value."""

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
    """The lifetime value of customers, by cohort."""

    items: list[LtvCohort] = Field(description="One object a cohort.")


class RetentionCohorts(CohortListing):
    """The retention of customers, by cohort."""

    items: list[Cohort] = Field(description="One object a cohort.")


@router.get("/ltv/{days}", summary="What customers are worth", **described(LtvCohorts, LISTING))
async def get_ltv(request: Request, days: Days, query: Annotated[CohortQuery, Query()]) -> Response:
    """Give the net revenue of each cohort's customers over their first days.

    `start` and `end` are cohort dates; a month of which only a part is asked for is summed over
    that part, under the month's first day. A cohort is complete when the window of its last day
    (or of `end`, if that is earlier) is loaded.
    """
    async with reading(request) as warehouse:
        cohorts = await _cohorts(warehouse, days, query)
        items = [LtvCohort(**row) for row in cohorts]
        return represented(request, LtvCohorts(items=items, **_envelope(warehouse, days, query)))


@router.get("/retention/{days}", summary="Who comes back", **described(RetentionCohorts, LISTING))
async def get_retention(
    request: Request, days: Days, query: Annotated[CohortQuery, Query()]
) -> Response:
    """Give how many customers of each cohort ordered again in their first days.

    The parameters are those of `/ltv/{days}`.
    """
    async with reading(request) as warehouse:
        cohorts = await _cohorts(warehouse, days, query)
        items = [Cohort(**{name: row[name] for name in Cohort.model_fields}) for row in cohorts]
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
    """Give the cohorts of a query as dicts with the fields of `LtvCohort`."""
    query.require_order()
    rows = await warehouse.rows(_COHORT_DAYS, int(days), query.start, query.end)
    end = pd.Timestamp(query.end) if query.end else None
    grouped = group_cohorts(_as_frame(rows), query.by.value, pd.Timestamp(warehouse.as_of), end)
    if not query.include_partial:
        grouped = grouped[grouped["is_complete"]]
    return [
        {
            "cohort": row["cohort"].date(),
            "customers": row["customers"],
            "retained_customers": row["retained_customers"],
            "retention_rate": Decimal(row["retention_rate"]).scaleb(-4),
            "is_complete": row["is_complete"],
            "net_revenue": Decimal(row["net_revenue"]).scaleb(-2),
            "ltv": Decimal(row["ltv"]).scaleb(-2),
        }
        for row in grouped.to_dict("records")
    ]


def _as_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Give rows of `fct_cohort_ltv` as a frame, with `net_revenue` in hundredths."""
    return pd.DataFrame(
        {
            "cohort_date": pd.Series([row["cohort_date"] for row in rows], dtype="datetime64[s]"),
            "horizon_days": pd.Series([row["horizon_days"] for row in rows], dtype="int64"),
            "customers": pd.Series([row["customers"] for row in rows], dtype="int64"),
            "retained_customers": pd.Series(
                [row["retained_customers"] for row in rows], dtype="int64"
            ),
            "net_revenue": [int(row["net_revenue"].scaleb(2)) for row in rows],
        }
    )


_COHORT_DAYS = """
    select cohort_date, horizon_days, customers, retained_customers, net_revenue
    from analytics.fct_cohort_ltv
    where horizon_days = $1
      and cohort_date >= coalesce($2, '-infinity'::date)
      and cohort_date <= coalesce($3, 'infinity'::date)
"""
