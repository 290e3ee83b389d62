"""Breakdowns: a period's figures by product, category, country, channel, code, or customer.

One endpoint gives the period's figures of every value, the other one value's figures of each day.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Amount, Fields, Listing, PagedListing, Rate, quotient
from ecommerce_api.metrics import Day, MetricsQuery, RefundsBasis, period_figures
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import PageQuery, Period, Text, chosen_period
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router
from ecommerce_assets.rules.metrics import METRICS

router = subject_router("Metrics", "/metrics")


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
        (whole,) = await period_figures(warehouse, query.refunds, period)
        by_order_date = query.refunds is RefundsBasis.ORDER_DATE
        months = _months_to_sum(period)
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


def _months_to_sum(period: Period) -> Period:
    """Give the whole months that need the fewest days added or taken away to make the period.

    A month that the period begins or ends in is among them if the period has more than half of its
    days. Where there are none, the result is empty and lies at the period's end.
    """
    start = _first_of_month(period.start)
    month_after = _first_of_month(start + dt.timedelta(days=31))
    if month_after - period.start < period.start - start:
        start = month_after
    end_after = period.end + dt.timedelta(days=1)
    end = _first_of_month(end_after)
    month_after = _first_of_month(end + dt.timedelta(days=31))
    if month_after - end_after < end_after - end:
        end = month_after
    if start < end:
        return Period(start, end - dt.timedelta(days=1))
    return Period(end_after, period.end)


def _first_of_month(date: dt.date) -> dt.date:
    return date.replace(day=1)


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


# Months come from the sums by month. Days of the period outside of them are added, and days of them
# outside of the period are taken away. A page beyond the last has one row all the same, with the
# total alone.
_ROWS = """
    with days as (
        select *, case when date between $2::date and $3::date then 1 else -1 end as sign
        from analytics.fct_sales_daily
        where dimension = $1 and (date >= least($2, $7) and date < greatest($2, $7)
                                  or date > least($3, $8) and date <= greatest($3, $8))
    ), parts as (
        select value, orders, units, gross_revenue, discounts, refunds, refunds_by_order_date, cost
        from analytics.fct_sales_monthly
        where dimension = $1 and month between $7 and $8
        union all
        select value, sign * orders, sign * units, sign * gross_revenue, sign * discounts,
               sign * refunds, sign * refunds_by_order_date, sign * cost
        from days
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
