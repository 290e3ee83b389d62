"""Metrics by day, metrics of a period compared with the one before, and the list of metrics."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field, create_model
from starlette.responses import Response

from ecommerce_api.database import Snapshot, reading
from ecommerce_api.fields import Amount, Answer, Fields, Listing, Rate, quotient
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import Period, PeriodQuery, chosen_period, days_before
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router
from ecommerce_assets.rules.metrics import METRICS, OverTime, Unit

router = subject_router("Metrics", "/metrics")

_TYPES: Mapping[Unit, Any] = {Unit.COUNT: int, Unit.AMOUNT: Amount, Unit.RATE: Rate}
_NULLABLE = OverTime.RATIO  # without orders there is nothing to divide by


class RefundsBasis(StrEnum):
    """Which date a refund is booked on."""

    RETURN_DATE = "return_date"
    ORDER_DATE = "order_date"


class MetricsQuery(PeriodQuery):
    """Which days, and which refunds."""

    refunds: RefundsBasis = Field(
        RefundsBasis.RETURN_DATE,
        description="Book a refund on the return's date, or on its order's.",
        examples=["return_date"],
    )


def _figures() -> dict[str, Any]:
    """Give the fields of a model with every metric."""
    return {
        metric.slug: (
            _TYPES[metric.unit] | None if metric.over_time is _NULLABLE else _TYPES[metric.unit],
            Field(description=metric.formula, examples=[metric.example]),
        )
        for metric in METRICS.values()
    }


class Day(Fields):
    """The business date that figures are of."""

    date: dt.date = Field(description="The business date.", examples=["2024-03-29"])


RevenueDay = create_model(
    "RevenueDay", __base__=Day, __doc__="The figures of one business date.", **_figures()
)


class DailyMetrics(Listing):
    """The figures of each day, ascending; days without a row in the warehouse are left out."""

    start: dt.date = Field(description="The first day asked for.", examples=["2024-02-29"])
    end: dt.date = Field(description="The last day asked for.", examples=["2024-03-29"])
    refunds_basis: RefundsBasis = Field(
        description="The date that `refunds`, and so `net_revenue`, book a refund on.",
        examples=["return_date"],
    )
    items: list[RevenueDay] = Field(description="One object a day.")


class PeriodBounds(Fields):
    """The period that figures are of."""

    start: dt.date = Field(description="The first day.", examples=["2024-02-29"])
    end: dt.date = Field(description="The last day.", examples=["2024-03-29"])


PeriodFigures = create_model(
    "PeriodFigures",
    __base__=PeriodBounds,
    __doc__="The figures of a period: rates and `aov` are of its totals, customers distinct.",
    **_figures(),
)


class EarlierFigures(PeriodFigures):
    """The figures of the earlier period, with a comparable return rate."""

    return_rate_to_date: Rate | None = Field(
        description="The return rate as far as returns had come back by `as_of` less the period's "
        "length: when this period was as old as the current one is now. null without orders.",
        examples=["0.0213"],
    )


_RELATIVE = Field(
    description="The change ÷ the size of the earlier figure, half up; "
    "null where that is 0 or null.",
    examples=["-0.1250"],
)


def _change(unit: Unit, absolute: Any, example: int | str) -> Any:
    return create_model(
        f"{unit.value.capitalize()}Change",
        __base__=Fields,
        __doc__=f"How {'an' if unit is Unit.AMOUNT else 'a'} {unit.value} changed.",
        absolute=(
            absolute | None,
            Field(
                description="The figure less the earlier one; null where either is.",
                examples=[example],
            ),
        ),
        relative=(Rate | None, _RELATIVE),
    )


_CHANGES = {
    Unit.COUNT: _change(Unit.COUNT, int, -6),
    Unit.AMOUNT: _change(Unit.AMOUNT, Amount, "-12.50"),
    Unit.RATE: _change(Unit.RATE, Rate, "-0.0125"),
}

_CHANGE_FIELDS: dict[str, Any] = {
    metric.slug: (
        _CHANGES[metric.unit],
        Field(
            description=f"{metric.title}: {metric.formula}"
            + (" Compared with `return_rate_to_date`." if metric.slug == "return_rate" else "")
        ),
    )
    for metric in METRICS.values()
}

Changes = create_model(
    "Changes",
    __base__=Fields,
    __doc__="How each figure changed from the earlier period.",
    **_CHANGE_FIELDS,
)


class MetricsSummary(Answer):
    """The figures of a period, and of the period of the same length before it."""

    refunds_basis: RefundsBasis = Field(
        description="The date that `refunds`, and so `net_revenue`, book a refund on.",
        examples=["return_date"],
    )
    current: PeriodFigures = Field(description="The period asked for.")
    previous: EarlierFigures = Field(description="The period of the same length before it.")
    change: Changes = Field(
        description="`current` less `previous`; return rates are compared at the same age."
    )


class MetricDefinition(Fields):
    """A metric."""

    slug: str = Field(description="Its name in the answers.", examples=["net_revenue"])
    title: str = Field(description="Its name for people.", examples=["Net revenue"])
    unit: Unit = Field(description="What it is counted in.", examples=["amount"])
    over_time: OverTime = Field(
        description="How a period's figure follows from its days': their `sum`, a `ratio` of "
        "totals, or `distinct` things counted anew.",
        examples=["sum"],
    )
    formula: str = Field(
        description="What it is.", examples=["gross_revenue − discounts − refunds."]
    )


class MetricDefinitions(Listing):
    """All metrics, with their units and formulas."""

    store: str = Field(description="The shop's name (`ECOMMERCE_STORE`).", examples=["Shop"])
    timezone: str = Field(
        description="Where its dates begin and end, by IANA name.", examples=["Europe/Berlin"]
    )
    feeds: list[str] = Field(
        description="The feeds of which any file has landed: what another one tells is not known.",
        examples=[["order_items", "orders"]],
    )
    items: list[MetricDefinition] = Field(description="One object a metric.")


@router.get("", summary="What metrics there are", **described(MetricDefinitions, LISTING))
async def list_metrics(request: Request) -> Response:
    """List the metrics, each with its unit, its formula, and how it adds up over time."""
    async with reading(request) as warehouse:
        return represented(
            request,
            MetricDefinitions(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                store=request.app.state.settings.store,
                timezone=warehouse.timezone,
                feeds=[row["feed"] for row in await warehouse.rows(_FEEDS)],
                items=[
                    MetricDefinition(
                        slug=metric.slug,
                        title=metric.title,
                        unit=metric.unit,
                        over_time=metric.over_time,
                        formula=metric.formula,
                    )
                    for metric in METRICS.values()
                ],
            ),
        )


@router.get("/daily", summary="The figures of each day", **described(DailyMetrics, LISTING))
async def get_daily_metrics(request: Request, query: Annotated[MetricsQuery, Query()]) -> Response:
    """Give the figures of each day; by default of the 30 days up to the last loaded batch date.

    With only one of `start` and `end`, `end` is the last loaded batch date and `start` 29 days
    before `end`. At most 1,100 days.
    """
    async with reading(request) as warehouse:
        period = chosen_period(query, warehouse.as_of)
        rows = await warehouse.rows(_DAILY, period.start, period.end)
        return represented(
            request,
            DailyMetrics.model_validate(
                {
                    "as_of": warehouse.as_of,
                    "currency": warehouse.currency,
                    "start": period.start,
                    "end": period.end,
                    "refunds_basis": query.refunds,
                    "items": [_on_basis(row, query.refunds) for row in rows],
                }
            ),
        )


@router.get(
    "/summary",
    summary="The figures of a period, beside the one before it",
    **described(MetricsSummary),
)
async def get_metrics_summary(
    request: Request, query: Annotated[MetricsQuery, Query()]
) -> Response:
    """Give the figures of a period and of the period of the same length before it.

    The parameters are those of `/metrics/daily`. Rates and `aov` are ratios of the period's totals;
    customers and returned orders are counted once in the period. Recent orders have had less time
    to come back, so the return rate is compared with `previous.return_rate_to_date`.
    """
    async with reading(request) as warehouse:
        period = chosen_period(query, warehouse.as_of)
        earlier = period.before()
        current, previous = await period_figures(warehouse, query.refunds, period, earlier)
        same_age = days_before(warehouse.as_of, period.days)
        to_date = await warehouse.value(_RETURNED_BY, earlier.start, earlier.end, same_age)
        previous["return_rate_to_date"] = quotient(to_date, previous["orders"], 4)
        compared = {**previous, "return_rate": previous["return_rate_to_date"]}
        change = {slug: _changed(current[slug], compared[slug]) for slug in METRICS}
        return represented(
            request,
            MetricsSummary(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                refunds_basis=query.refunds,
                current=PeriodFigures(**current),
                previous=EarlierFigures(**previous),
                change=Changes(**change),
            ),
        )


async def period_figures(
    warehouse: Snapshot, basis: RefundsBasis, *periods: Period
) -> list[dict[str, Any]]:
    """Read every metric of each period, by slug, with its `start` and `end`."""
    starts, ends = [period.start for period in periods], [period.end for period in periods]
    rows = await warehouse.rows(_PERIODS, starts, ends)
    for row in rows:
        row["aov"] = quotient(row["order_value"], row["orders"], 2)
        row["return_rate"] = quotient(row.pop("orders_with_return"), row["orders"], 4)
    return [
        {"start": period.start, "end": period.end, **_on_basis(row, basis)}
        for period, row in zip(periods, rows, strict=True)
    ]


def _on_basis(row: dict[str, Any], basis: RefundsBasis) -> dict[str, Any]:
    """Set both kinds of refunds in a row, and net revenue and margin less those of the basis."""
    row["refunds_by_return_date"] = row["refunds"]
    if basis is RefundsBasis.ORDER_DATE:
        row["refunds"] = row["refunds_by_order_date"]
    row["net_revenue"] = row["gross_revenue"] - row["discounts"] - row["refunds"]
    row["gross_margin"] = row["net_revenue"] - row["cost"]
    return row


def _changed(
    current: int | Decimal | None, previous: int | Decimal | None
) -> dict[str, int | Decimal | None]:
    if current is None or previous is None:
        return {"absolute": None, "relative": None}
    absolute = Decimal(current) - previous
    return {"absolute": absolute, "relative": quotient(absolute, abs(Decimal(previous)), 4)}


_FEEDS = "select distinct feed from ops.staged_files order by feed"

_DAILY = """
    select * from analytics.fct_revenue_daily where date between $1 and $2 order by date
"""

# `new` are the customers whose first order is in the period: an order of theirs on another date,
# and each order of any other customer, makes a repeat customer.
_PERIODS = """
    select daily.*, returned.*, placed.*
    from unnest($1::date[], $2::date[])
        with ordinality as period (first_day, last_day, number)
    cross join lateral (
        select coalesce(sum(orders), 0)::bigint as orders,
               coalesce(sum(units), 0)::bigint as units,
               coalesce(sum(gross_revenue), 0.00) as gross_revenue,
               coalesce(sum(discounts), 0.00) as discounts,
               coalesce(sum(refunds), 0.00) as refunds,
               coalesce(sum(refunds_by_order_date), 0.00) as refunds_by_order_date,
               coalesce(sum(cost), 0.00) as cost,
               coalesce(sum(uncosted_revenue), 0.00) as uncosted_revenue,
               coalesce(sum(other_sales), 0.00) as other_sales,
               coalesce(sum(order_value), 0.00) as order_value,
               coalesce(sum(shipping), 0.00) as shipping,
               coalesce(sum(tax), 0.00) as tax,
               coalesce(sum(new_customers), 0)::bigint as new_customers,
               coalesce(sum(guest_orders), 0)::bigint as guest_orders
        from analytics.fct_revenue_daily where date between first_day and last_day
    ) as daily
    cross join lateral (
        select count(distinct order_id) as returned_orders
        from analytics.fct_returns where return_date between first_day and last_day
    ) as returned
    cross join lateral (
        select count(*) filter (where o.returns > 0) as orders_with_return,
               count(distinct o.customer_id) filter (
                   where new.first_order_date is distinct from o.order_date
               ) as repeat_customers
        from analytics.fct_orders o
        left join analytics.dim_customer new
            on new.customer_id = o.customer_id
            and new.first_order_date between first_day and last_day
        where o.is_recognised and o.order_date between first_day and last_day
    ) as placed
    order by number
"""

_RETURNED_BY = """
    select count(*) from analytics.fct_orders o
    where is_recognised and returns > 0 and order_date between $1 and $2
      and exists (select from analytics.fct_returns r
                  where r.order_id = o.order_id and r.return_date <= $3)
"""
