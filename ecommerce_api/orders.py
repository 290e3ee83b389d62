"""The orders that a day's figures count. The records they came from are in `lineage`."""

import datetime as dt
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Amount, Fields, PagedListing
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import Day, PageQuery
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router

router = subject_router("Orders")


class OrdersQuery(PageQuery):
    """Which orders."""

    date: Day | None = Field(
        None,
        description="Those placed on this date; with neither date, the last loaded batch date.",
        examples=["2024-03-29"],
    )
    return_date: Day | None = Field(
        None, description="Those with a return on this date.", examples=["2024-03-29"]
    )
    recognised: bool | None = Field(
        None, description="Only those that count in revenue, or that do not.", examples=[True]
    )


class OrderAmounts(Fields):
    """An order and its amounts."""

    order_id: str = Field(description="The order.", examples=["O00000001"])
    customer_id: str | None = Field(description="Whose it is; null: a guest's.", examples=["C0001"])
    status: str = Field(description="How far it is.", examples=["delivered"])
    is_recognised: bool = Field(description="Whether it counts in revenue.", examples=[True])
    order_date: dt.date = Field(description="The business date.", examples=["2024-01-15"])
    ordered_at: dt.datetime = Field(
        description="The moment, in UTC.", examples=["2024-01-15T06:29:18Z"]
    )
    lines: int = Field(description="Its product lines of quantity above 0.", examples=[1])
    units: int = Field(description="The units on them.", examples=[1])
    returns: int = Field(description="Its returns so far.", examples=[1])
    gross_amount: Amount = Field(description="Its product lines' gross.", examples=["84.50"])
    discount_amount: Amount = Field(
        description="The discounts on these, the order's included.", examples=["1.95"]
    )
    refund_amount: Amount = Field(
        description="What was given back of these, or without goods, so far.", examples=["41.27"]
    )
    net_amount: Amount = Field(description="gross − discount − refund.", examples=["41.28"])
    other_amount: Amount = Field(
        description="What its other lines come to, such as gift cards, less their refunds.",
        examples=["0.00"],
    )
    shipping_amount: Amount = Field(description="Its shipping.", examples=["9.90"])
    shipping_refund_amount: Amount = Field(
        description="What was given back of the shipping.", examples=["0.00"]
    )
    tax_amount: Amount = Field(description="Its tax.", examples=["8.55"])
    channel: str | None = Field(description="Where it was placed.", examples=["web"])
    country: str | None = Field(description="Where it goes.", examples=["DE"])
    discount_code: str | None = Field(description="The code it came with.", examples=["SPRING"])


class Orders(PagedListing):
    """Orders, by when they were placed."""

    items: list[OrderAmounts] = Field(description="One object an order.")


@router.get("/orders", summary="The orders of a date", **described(Orders, LISTING))
async def list_orders(request: Request, query: Annotated[OrdersQuery, Query()]) -> Response:
    """List the orders placed or returned on a date, also those that are not recognised."""
    async with reading(request) as warehouse:
        day = query.date
        if day is None and query.return_date is None:
            day = warehouse.as_of
        filters = (day, query.return_date, query.recognised)
        total = await warehouse.value(_TOTAL, *filters)
        rows = await warehouse.rows(_ORDERS, *filters, query.limit, query.offset)
        return represented(
            request,
            Orders(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                total=total,
                items=[OrderAmounts(**row) for row in rows],
            ),
            query,
        )


_WANTED = """
    from analytics.fct_orders
    where ($1::date is null or order_date = $1)
      and ($2::date is null
           or order_id in (select order_id from analytics.fct_returns where return_date = $2))
      and ($3::boolean is null or is_recognised = $3)
"""

_TOTAL = "select count(*)" + _WANTED

_ORDERS = (
    """
    select order_id, customer_id, status, is_recognised, order_date, ordered_at, lines, units,
           returns, gross_amount, discount_amount, refund_amount, net_amount, other_amount,
           shipping_amount, shipping_refund_amount, tax_amount, channel, country, discount_code
    """
    + _WANTED
    + "order by ordered_at, order_id limit $4 offset $5"
)
