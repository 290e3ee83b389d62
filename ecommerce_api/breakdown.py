"""Breakdowns: a period's figures by product, category, country, channel, code, or customer.

One endpoint gives the period's figures of every value, the other one value's figures of each day.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Amount, Fields, Listing, PagedListing, Rate, quotient
from ecommerce_api.metrics import Day, MetricsQuery, RefundsBasis, period_figures
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import PageQuery, Period, Text, chosen_period
from ecommerce_api.representations import represented
from ecommerce_assets.rules.metrics import METRICS

router = APIRouter(prefix="/metrics", tags=["Metrics"])


class Dimension(StrEnum):
    """What a period's figures are broken down by."""

    PRODUCT = "product"
    CATEGORY = "category"
    COUNTRY = "country"
    CHANNEL = "channel"
    DISCOUNT_CODE = "discount_code"
    CUSTOMER = "customer"


_BY = Field(
    description="The product, its category, the order's country, channel or discount code, or the "
    "customer: `new` (the order is of the customer's first order date), `repeat` or `guest`.",
    examples=["category"],
)


class BreakdownQuery(MetricsQuery, PageQuery):
    """Which days, which refunds, and which dimension."""

    by: Dimension = _BY


class ValueQuery(MetricsQuery):
    """Which days, which refunds, and of which value."""

    by: Dimension = _BY
    value: Text | None = Field(
        None,
        description="The value, as `/metrics/breakdown` names it; left out: the one that is null.",
        examples=["Lamps"],
    )


class BreakdownFigures(Fields):
    """The figures of a breakdown; money and units add up over the values."""

    orders: int = Field(
        description="Recognised orders placed. Of a value: those with a product line of it, each "
        "counted once, so that over the values they may add up to more.",
        examples=[METRICS["orders"].example],
    )
    units: int = Field(description=METRICS["units"].formula, examples=[METRICS["units"].example])
    gross_revenue: Amount = Field(
        description=METRICS["gross_revenue"].formula, examples=[METRICS["gross_revenue"].example]
    )
    discounts: Amount = Field(
        description=METRICS["discounts"].formula, examples=[METRICS["discounts"].example]
    )
    refunds: Amount = Field(
        description=METRICS["refunds"].formula, examples=[METRICS["refunds"].example]
    )
    net_revenue: Amount = Field(
        description=METRICS["net_revenue"].formula, examples=[METRICS["net_revenue"].example]
    )
    cost: Amount = Field(description=METRICS["cost"].formula, examples=[METRICS["cost"].example])
    gross_margin: Amount = Field(
        description=METRICS["gross_margin"].formula, examples=[METRICS["gross_margin"].example]
    )


class BreakdownRow(BreakdownFigures):
    """The figures of one value."""

    value: str | None = Field(
        description="The product's id, the category, … ; null: none was given, or a refund without "
        "goods where products are asked for.",
        examples=["Lamps"],
    )
    name: str | None = Field(
        description="The product's name; null where it is not known, and by anything else.",
        examples=[None],
    )
    share: Rate | None = Field(
        description="Of the period's net revenue, half up; null where that is 0.",
        examples=["0.2500"],
    )


class Breakdown(PagedListing):
    """A period's figures by value, ordered by net revenue from the greatest, then by value."""

    by: Dimension = _BY
    start: dt.date = Field(description="The first day asked for.", examples=["2024-02-29"])
    end: dt.date = Field(description="The last day asked for.", examples=["2024-03-29"])
    refunds_basis: RefundsBasis = Field(
        description="The date that `refunds`, and so `net_revenue`, book a refund on.",
        examples=["return_date"],
    )
    totals: BreakdownFigures = Field(
        description="The period's figures, as `/metrics/summary` has them: what the values of all "
        "pages add up to, orders aside."
    )
    items: list[BreakdownRow] = Field(description="One object a value.")


@router.get("/breakdown", summary="What sold", **described(Breakdown, LISTING))
async def get_breakdown(request: Request, query: Annotated[BreakdownQuery, Query()]) -> Response:
    """Give a period's figures by the values of a dimension.

    The days are chosen as for `/metrics/daily`. Values without any sale, return or refund in the
    period are left out.
    """
    async with reading(request) as warehouse:
        period = chosen_period(query, warehouse.as_of)
        whole = await period_figures(warehouse, period, query.refunds)
        by_order_date = query.refunds is RefundsBasis.ORDER_DATE
        months = _whole_months(period)
        parameters = (query.by.value, period.start, period.end, by_order_date, query.limit)
        rows = await warehouse.rows(_ROWS, *parameters, query.offset, months.start, months.end)
        return represented(
            request,
            Breakdown(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                total=rows[0]["total"],
                by=query.by,
                start=period.start,
                end=period.end,
                refunds_basis=query.refunds,
                totals=BreakdownFigures(
                    **{name: whole[name] for name in BreakdownFigures.model_fields}
                ),
                items=[_row(row, whole) for row in rows if row["orders"] is not None],
            ),
            query,
        )


def _whole_months(period: Period) -> Period:
    """Give the whole months within a period; without any, an empty period at its end."""
    month_after = (period.start.replace(day=1) + dt.timedelta(days=31)).replace(day=1)
    start = period.start if period.start.day == 1 else month_after
    end = (period.end + dt.timedelta(days=1)).replace(day=1) - dt.timedelta(days=1)
    if start < end:
        return Period(start, end)
    return Period(period.end + dt.timedelta(days=1), period.end)


class ValueDay(BreakdownFigures, Day):
    """The figures of one value on one business date."""


class ValueDays(Listing):
    """One value's figures of each day, ascending; days without figures are left out."""

    by: Dimension = _BY
    value: str | None = Field(
        description="The value asked for, as `/metrics/breakdown` names it.", examples=["Lamps"]
    )
    name: str | None = Field(
        description="The product's name; null where it is not known, and by anything else.",
        examples=[None],
    )
    start: dt.date = Field(description="The first day asked for.", examples=["2024-02-29"])
    end: dt.date = Field(description="The last day asked for.", examples=["2024-03-29"])
    refunds_basis: RefundsBasis = Field(
        description="The date that `refunds`, and so `net_revenue`, book a refund on.",
        examples=["return_date"],
    )
    items: list[ValueDay] = Field(description="One object a day.")


@router.get(
    "/breakdown/daily",
    summary="The days of one value of what sold",
    **described(ValueDays, LISTING),
)
async def get_value_days(request: Request, query: Annotated[ValueQuery, Query()]) -> Response:
    """Give one value's figures of each day; they add up to its row in `/metrics/breakdown`.

    The days are chosen as for `/metrics/daily`. A value without any sale has no days.
    """
    async with reading(request) as warehouse:
        period = chosen_period(query, warehouse.as_of)
        by_order_date = query.refunds is RefundsBasis.ORDER_DATE
        parameters = (query.by.value, period.start, period.end, by_order_date, query.value or "")
        rows = await warehouse.rows(_DAYS, *parameters)
        is_product = query.by is Dimension.PRODUCT and query.value is not None
        return represented(
            request,
            ValueDays(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                by=query.by,
                value=query.value,
                name=await warehouse.value(_NAME, query.value) if is_product else None,
                start=period.start,
                end=period.end,
                refunds_basis=query.refunds,
                items=[ValueDay(**row) for row in rows],
            ),
        )


def _row(row: dict[str, Any], whole: dict[str, Any]) -> BreakdownRow:
    return BreakdownRow(
        **{name: row[name] for name in BreakdownRow.model_fields if name != "share"},
        share=quotient(row["net_revenue"], whole["net_revenue"], 4),
    )


# Whole months from the sums by month, the days before and after them by day. A page beyond the last
# has one row all the same, with the total alone.
_ROWS = """
    with parts as (
        select * from analytics.fct_sales_daily
        where dimension = $1 and date >= $2 and date < $7
        union all
        select * from analytics.fct_sales_monthly
        where dimension = $1 and month between $7 and $8
        union all
        select * from analytics.fct_sales_daily
        where dimension = $1 and date > $8 and date <= $3
    ), sold as (
        select value, sum(orders)::bigint as orders, sum(units)::bigint as units,
               sum(gross_revenue) as gross_revenue, sum(discounts) as discounts,
               sum(case when $4::boolean then refunds_by_order_date else refunds end) as refunds,
               sum(cost) as cost
        from parts group by value
    ), priced as (
        select *, gross_revenue - discounts - refunds as net_revenue from sold
        where orders <> 0 or units <> 0 or gross_revenue <> 0 or discounts <> 0 or refunds <> 0
           or cost <> 0
    ), page as (
        select * from priced order by net_revenue desc, nullif(value, '') limit $5 offset $6
    )
    select total, nullif(page.value, '') as value, p.name, orders, units, gross_revenue, discounts,
           refunds, net_revenue, page.cost, net_revenue - page.cost as gross_margin
    from (select count(*) as total from priced) as counted
    left join page on true
    left join analytics.dim_product as p
        on $1 = 'product' and p.product_id = page.value and p.is_current
    order by net_revenue desc, nullif(page.value, '')
"""

_DAYS = """
    select *, net_revenue - cost as gross_margin
    from (
        select date, orders, units, gross_revenue, discounts, refunds, cost,
               gross_revenue - discounts - refunds as net_revenue
        from (
            select date, orders, units, gross_revenue, discounts, cost,
                   case when $4::boolean then refunds_by_order_date else refunds end as refunds
            from analytics.fct_sales_daily
            where dimension = $1 and date between $2 and $3 and value = $5
        ) as on_basis
        where orders <> 0 or units <> 0 or gross_revenue <> 0 or discounts <> 0 or refunds <> 0
           or cost <> 0
    ) as priced
    order by date
"""

_NAME = "select name from analytics.dim_product where product_id = $1 and is_current"
