"""Quarantine: the records that broke a rule, each with all its reasons."""

import datetime as dt
import json
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Fields, Listing, PagedListing
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import Day, PageQuery
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router

router = subject_router("Data quality", "/quarantine")


class Feed(StrEnum):
    """A feed that a shop exports."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"
    ORDER_ITEMS = "order_items"
    RETURNS = "returns"
    ADJUSTMENTS = "adjustments"
    INVENTORY = "inventory"


class Stage(StrEnum):
    """The stage that quarantined a record: on its own, or with the records it refers to."""

    ROW = "row"
    RELATION = "relation"


class Rule(StrEnum):
    """A rule that a record can break."""

    MALFORMED = "malformed"
    REQUIRED = "required"
    TYPE = "type"
    PRECISION = "precision"
    RANGE = "range"
    ENUM = "enum"
    ORDER_FLOW = "order_flow"
    FUTURE = "future"
    CURRENCY = "currency"
    DISCOUNT_EXCEEDS_GROSS = "discount_exceeds_gross"
    ORPHAN = "orphan"
    UNPAID_RETURN = "unpaid_return"
    RETURN_BEFORE_ORDER = "return_before_order"
    RETURN_EXCEEDS_LINE = "return_exceeds_line"


class QuarantineQuery(PageQuery):
    """Which records."""

    feed: Feed | None = Field(None, description="Only this feed's.", examples=["orders"])
    batch_date: Day | None = Field(
        None, description="Only those that arrived on this day.", examples=["2024-03-29"]
    )
    rule: Rule | None = Field(
        None,
        description="Only those that break this rule, whatever else they break.",
        examples=["orphan"],
    )
    stage: Stage | None = Field(
        None,
        description="Only those judged on their own (`row`), or on how they fit (`relation`).",
        examples=["row"],
    )


class Reason(Fields):
    """A rule that a record breaks."""

    rule: Rule = Field(description="The rule.", examples=["range"])
    column: str | None = Field(
        description="The column to blame; null if it is the whole record.", examples=["quantity"]
    )
    value: str | None = Field(
        description="The value; e-mail addresses are hashed.", examples=["-3"]
    )
    message: str = Field(description="What is wrong with it.", examples=["is below 0"])


class QuarantinedRecord(Fields):
    """A quarantined record."""

    feed: Feed = Field(description="The feed it came in.", examples=["order_items"])
    batch_date: dt.date = Field(description="The day it arrived.", examples=["2024-03-29"])
    source_file: str = Field(
        description="The file's name in the feed's folder.", examples=["2024-03-29.csv"]
    )
    line_number: int = Field(description="The record's number in the file, from 1.", examples=[17])
    business_key: str | None = Field(
        description="The record's key; null if it cannot be determined.", examples=["I000003932"]
    )
    stage: Stage = Field(
        description="Whether it was judged on its own, or on how it fits the others.",
        examples=["row"],
    )
    reasons: list[Reason] = Field(description="All rules that it breaks.")
    record: dict[str, str | None] = Field(
        description="The record as it came, personal data hashed; `raw` alone: the line's text.",
        examples=[{"order_item_id": "I000003932", "quantity": "-3"}],
    )


class QuarantinedRecords(PagedListing):
    """Quarantined records, the newest batch first."""

    items: list[QuarantinedRecord] = Field(description="One object a record.")


class QuarantineCount(Fields):
    """How many records of a feed and batch break a rule."""

    feed: Feed = Field(description="The feed they came in.", examples=["order_items"])
    rule: Rule = Field(description="The rule that they break.", examples=["range"])
    batch_date: dt.date = Field(description="The day they arrived.", examples=["2024-03-29"])
    records: int = Field(
        description="How many; a record that breaks two rules counts with both.", examples=[3]
    )


class QuarantineCounts(Listing):
    """How many records break which rule."""

    records: int = Field(
        description="How many records are in quarantine, each counted once.", examples=[670]
    )
    items: list[QuarantineCount] = Field(description="One object a feed, rule and batch date.")


@router.get("", summary="Records that were not taken in", **described(QuarantinedRecords, LISTING))
async def list_quarantined_records(
    request: Request, query: Annotated[QuarantineQuery, Query()]
) -> Response:
    """List quarantined records with all their reasons, the newest batch first."""
    filters = (query.feed, query.batch_date, query.rule, query.stage)
    async with reading(request) as warehouse:
        total = await warehouse.value(_TOTAL, *filters)
        rows = await warehouse.rows(_RECORDS, *filters, query.limit, query.offset)
        return represented(
            request,
            QuarantinedRecords(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                total=total,
                items=[quarantined_record(row) for row in rows],
            ),
            query,
        )


@router.get(
    "/summary",
    summary="How many were not taken in, and why",
    **described(QuarantineCounts, LISTING),
)
async def get_quarantine_summary(request: Request) -> Response:
    """Count the quarantined records by feed, rule and batch date, the newest batch first."""
    async with reading(request) as warehouse:
        rows = await warehouse.rows(_COUNTS)
        return represented(
            request,
            QuarantineCounts(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                records=await warehouse.value("select count(*) from quarantine.records"),
                items=[QuarantineCount(**row) for row in rows],
            ),
        )


def quarantined_record(row: dict[str, Any]) -> QuarantinedRecord:
    """Make the answer's object from a row of `quarantine.records`, without its `order_id`."""
    return QuarantinedRecord(
        **{**row, "reasons": json.loads(row["reasons"]), "record": json.loads(row["record"])}
    )


_WANTED = """
    from quarantine.records
    where ($1::text is null or feed = $1)
      and ($2::date is null or batch_date = $2)
      and ($3::text is null or reasons @> jsonb_build_array(jsonb_build_object('rule', $3::text)))
      and ($4::text is null or stage = $4)
"""

_TOTAL = "select count(*)" + _WANTED

_RECORDS = (
    """
    select feed, batch_date, source_file, line_number, business_key, stage, reasons, record
    """
    + _WANTED
    + "order by batch_date desc, feed, source_file, line_number limit $5 offset $6"
)

_COUNTS = """
    select feed, rule, batch_date, count(*) as records
    from (
        select distinct feed, batch_date, source_file, line_number, reason->>'rule' as rule
        from quarantine.records, jsonb_array_elements(reasons) as reason
    ) as broken
    group by feed, rule, batch_date
    order by batch_date desc, feed, rule
"""
