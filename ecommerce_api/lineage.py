"""Lineage: the record, file and line that each part of an order came from, and older versions."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import Field
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.responses import Response

from ecommerce_api.database import Snapshot, reading
from ecommerce_api.fields import Amount, Answer, Fields, Price
from ecommerce_api.openapi import NOT_FOUND, described
from ecommerce_api.parameters import Query as Parameters
from ecommerce_api.parameters import Text
from ecommerce_api.problems import NotFoundError
from ecommerce_api.quarantine import (
    Feed,
    QuarantinedRecord,
    Reason,
    Stage,
    quarantined_record,
)
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router

router = subject_router("Orders", "/lineage")


class _AnyText(PathConvertor):
    """A path parameter that takes the rest of the path, slashes and line breaks too."""

    regex = "(?s:.*)"


register_url_convertor("any_text", _AnyText())

Row = dict[str, Any]
Address = tuple[str, dt.date, str, int]


class Source(Fields):
    """The landed record that a part came from."""

    feed: Feed = Field(description="The feed.", examples=["orders"])
    batch_date: dt.date = Field(description="The day it arrived.", examples=["2024-01-17"])
    source_file: str = Field(
        description="The file's name in the feed's folder.", examples=["2024-01-17.csv"]
    )
    line_number: int = Field(description="The record's number in the file, from 1.", examples=[4])


class Part(Fields):
    """A part of an order."""

    source: Source = Field(description="The record that it came from: its latest version.")
    superseded: list[Source] = Field(
        description="Its earlier versions; their values are in the answer's `superseded`."
    )
    reasons: list[Reason] = Field(
        description="Why it is in quarantine, and in no figure; empty if it is not."
    )


class OrderPart(Part):
    """The order itself. A quarantined order has null in the fields that only facts have."""

    order_id: str = Field(description="The order.", examples=["O00000001"])
    customer_id: str | None = Field(description="Whose it is; null: a guest's.", examples=["C0001"])
    status: str = Field(description="How far it is.", examples=["delivered"])
    is_recognised: bool | None = Field(description="Whether it counts in revenue.", examples=[True])
    ordered_at: dt.datetime = Field(
        description="When it was placed.", examples=["2024-01-15T06:29:18Z"]
    )
    order_date: dt.date | None = Field(
        description="The business date of that.", examples=["2024-01-15"]
    )
    paid_at: dt.datetime | None = Field(
        description="When it was paid.", examples=["2024-01-15T07:20:34Z"]
    )
    fulfilled_at: dt.datetime | None = Field(
        description="When it was sent.", examples=["2024-01-15T20:34:11Z"]
    )
    delivered_at: dt.datetime | None = Field(
        description="When it arrived.", examples=["2024-01-17T01:23:33Z"]
    )
    gross_amount: Amount | None = Field(description="Its product lines' gross.", examples=["84.50"])
    discount_amount: Amount | None = Field(
        description="The discounts on these, the order's included.", examples=["1.95"]
    )
    refund_amount: Amount | None = Field(
        description="What was given back of these, or without goods.", examples=["41.27"]
    )
    net_amount: Amount | None = Field(description="gross − discount − refund.", examples=["41.28"])
    other_amount: Amount | None = Field(
        description="What its other lines come to, such as gift cards, less their refunds.",
        examples=["0.00"],
    )
    shipping_amount: Amount = Field(description="Its shipping.", examples=["9.90"])
    shipping_refund_amount: Amount | None = Field(
        description="What was given back of the shipping.", examples=["0.00"]
    )
    tax_amount: Amount = Field(description="Its tax.", examples=["8.55"])
    channel: str | None = Field(description="Where it was placed.", examples=["web"])
    country: str | None = Field(description="Where it goes.", examples=["DE"])
    discount_code: str | None = Field(description="The code it came with.", examples=["SPRING"])


class LinePart(Part):
    """A line of the order. A quarantined line has null in the fields that only facts have."""

    order_item_id: str = Field(description="The line.", examples=["I000000001"])
    product_id: str = Field(description="The product.", examples=["SKU-0021"])
    product_key: str | None = Field(
        description="The version of the product, and so its price, at that moment.",
        examples=["SKU-0021@1705001221000000"],
    )
    kind: str = Field(
        description="`product`, or what is no revenue: `gift_card`, `other`.", examples=["product"]
    )
    sold_at: dt.datetime | None = Field(
        description="When it was sold: with the order, or added to it afterwards.",
        examples=["2024-01-15T06:29:18Z"],
    )
    sale_date: dt.date | None = Field(
        description="The business date of that.", examples=["2024-01-15"]
    )
    quantity: int = Field(description="Units; 0: taken off the order.", examples=[1])
    unit_price: Price = Field(description="The price paid for one.", examples=["84.5000"])
    gross_amount: Amount | None = Field(
        description="What the shop gives, or quantity × unit price.", examples=["84.50"]
    )
    discount_amount: Amount = Field(description="The line's own discount.", examples=["0.00"])
    order_discount_amount: Amount | None = Field(
        description="Its part of the order's discount.", examples=["1.95"]
    )
    net_amount: Amount | None = Field(description="gross − both discounts.", examples=["82.55"])
    cost_amount: Amount | None = Field(
        description="quantity × the cost of the product's version; null if that is not known.",
        examples=["33.80"],
    )


class ReturnPart(Part):
    """A return. A quarantined return has null in the fields that only facts have."""

    return_id: str = Field(description="The return.", examples=["R00000001"])
    order_item_id: str = Field(description="The line that came back.", examples=["I000000001"])
    quantity: int = Field(description="Units that came back.", examples=[1])
    returned_at: dt.datetime = Field(
        description="When they came back.", examples=["2024-01-23T03:53:36Z"]
    )
    return_date: dt.date | None = Field(
        description="The business date of that.", examples=["2024-01-23"]
    )
    days: int | None = Field(
        description="Days from delivery, or from the order while there is none.", examples=[6]
    )
    is_refundable: bool | None = Field(description="Whether it came back in time.", examples=[True])
    requested_amount: Amount = Field(
        description="The refund that the customer asked for.", examples=["41.27"]
    )
    refund_amount: Amount | None = Field(description="What was given back.", examples=["41.27"])
    cost_amount: Amount | None = Field(
        description="quantity × the cost of the line's version; null if that is not known.",
        examples=["16.90"],
    )
    reason: str | None = Field(description="Why it came back.", examples=["too big"])


class AdjustmentPart(Part):
    """An adjustment. A quarantined one has null in the fields that only facts have."""

    adjustment_id: str = Field(description="The adjustment.", examples=["A00000001"])
    kind: str = Field(
        description="`refund`, or `shipping`: given back of the shipping.", examples=["refund"]
    )
    adjusted_at: dt.datetime = Field(
        description="When it was given back.", examples=["2024-01-25T09:12:00Z"]
    )
    adjustment_date: dt.date | None = Field(
        description="The business date of that.", examples=["2024-01-25"]
    )
    amount: Amount = Field(
        description="What the customer got back; below 0: was charged again.", examples=["5.00"]
    )
    reason: str | None = Field(description="Why.", examples=["goodwill"])


class SupersededVersion(Fields):
    """A record that a later version replaced."""

    source: Source = Field(description="Where it stands.")
    key: str = Field(description="Its business key.", examples=["O00000001"])
    record: dict[str, str | None] = Field(
        description="The record's values.",
        examples=[{"order_id": "O00000001", "status": "created"}],
    )


class OrderLineage(Answer):
    """An order and its parts, each with the record it came from."""

    order: OrderPart | None = Field(
        description="The order; null if no version of it was ever taken in (see `quarantined`)."
    )
    lines: list[LinePart] = Field(description="Its lines, by id.")
    returns: list[ReturnPart] = Field(description="Its returns, by id.")
    adjustments: list[AdjustmentPart] = Field(description="Its adjustments, by id.")
    superseded: list[SupersededVersion] = Field(
        description="Earlier versions of all of these, the latest first, and versions by which a "
        "line, return or adjustment that is now another order's was this one's."
    )
    quarantined: list[QuarantinedRecord] = Field(
        description="All records of these that are in quarantine, the newest batch first."
    )


class LineageQuery(Parameters):
    """Which order."""

    order_id: Text = Field(description="The order, as the shop names it.", examples=["O00000001"])


@router.get(
    "/order",
    summary="Where an order came from, by any id",
    **described(OrderLineage, NOT_FOUND),
)
async def find_order_lineage(request: Request, query: Annotated[LineageQuery, Query()]) -> Response:
    """Answer as `/lineage/order/{order_id}` does, also for ids that a path cannot hold.

    Browsers and proxies treat `.` and `..` in a path as folders.
    """
    return await _answer(request, query.order_id)


@router.get(
    "/order/{order_id:any_text}",
    summary="Where an order came from",
    **described(OrderLineage, NOT_FOUND),
)
async def get_order_lineage(
    request: Request,
    order_id: Annotated[
        Text, Path(description="The order, as the shop names it.", examples=["O00000001"])
    ],
) -> Response:
    """Trace an order and its parts to the files and lines that they came from.

    A quarantined order has its reasons too.
    """
    return await _answer(request, order_id)


async def _answer(request: Request, order_id: str) -> Response:
    async with reading(request) as warehouse:
        orders = await _Parts.read(warehouse, order_id, Feed.ORDERS)
        lines = await _Parts.read(warehouse, order_id, Feed.ORDER_ITEMS)
        returns = await _Parts.read(warehouse, order_id, Feed.RETURNS)
        adjustments = await _Parts.read(warehouse, order_id, Feed.ADJUSTMENTS)
        staged = [
            address
            for parts in (orders, lines, returns, adjustments)
            for address in parts.addresses()
        ]
        quarantined = [
            quarantined_record(row)
            for row in await warehouse.rows(
                _QUARANTINED,
                order_id,
                list(lines.versions),
                list(returns.versions),
                list(adjustments.versions),
                *([address[place] for address in staged] for place in range(4)),
            )
        ]
        if not orders.versions and not any(record.feed is Feed.ORDERS for record in quarantined):
            raise NotFoundError(
                f"No order {order_id!r} was ever taken in; check how the shop writes its id."
            )
        reasons = {
            _address(record.feed, record.model_dump()): record.reasons
            for record in quarantined
            if record.stage is Stage.RELATION
        }
        order = next((OrderPart(**part) for part in orders.parts(OrderPart, reasons)), None)
        return represented(
            request,
            OrderLineage(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                order=order,
                lines=[LinePart(**part) for part in lines.parts(LinePart, reasons)],
                returns=[ReturnPart(**part) for part in returns.parts(ReturnPart, reasons)],
                adjustments=[
                    AdjustmentPart(**part) for part in adjustments.parts(AdjustmentPart, reasons)
                ],
                superseded=[
                    version
                    for parts in (orders, lines, returns, adjustments)
                    for version in parts.superseded_versions()
                ],
                quarantined=quarantined,
            ),
        )


@dataclass(frozen=True)
class _Parts:
    """The staged records and the facts of one feed for an order.

    `versions` has the records of which any version names the order, with all their versions,
    the latest first.
    """

    feed: Feed
    order_id: str
    versions: Mapping[str, Sequence[Row]]
    facts: Mapping[str, Row]

    @classmethod
    async def read(cls, warehouse: Snapshot, order_id: str, feed: Feed) -> "_Parts":
        """Read the staged records and the facts of a feed."""
        key, staged, facts = _QUERIES[feed]
        versions: dict[str, list[Row]] = {}
        for row in await warehouse.rows(staged, order_id):
            versions.setdefault(row[key], []).append(row)
        rows = await warehouse.rows(facts, order_id)
        return cls(feed, order_id, versions, {row[key]: row for row in rows})

    def parts(
        self, model: type[Part], reasons: Mapping[Address, Sequence[Reason]]
    ) -> Iterator[dict[str, Any]]:
        """Give the fields of each record that belongs to the order now, by key."""
        for key, versions in sorted(self.versions.items()):
            record = self.facts.get(key) or self._as_staged(versions[0])
            if record["order_id"] != self.order_id:
                continue
            address = _address(self.feed, record)
            yield {
                **{name: record.get(name) for name in model.model_fields},
                "source": self._source(record),
                "superseded": [
                    self._source(row) for row in versions if _address(self.feed, row) != address
                ],
                "reasons": reasons.get(address, []),
            }

    def superseded_versions(self) -> Iterator[SupersededVersion]:
        """Give the versions that a later version replaced."""
        for key, (latest, *earlier) in sorted(self.versions.items()):
            is_ours = latest["order_id"] == self.order_id
            for row in earlier:
                if is_ours or row["order_id"] == self.order_id:
                    yield SupersededVersion(source=self._source(row), key=key, record=_record(row))

    def addresses(self) -> Iterator[Address]:
        """Give the file and line of each version."""
        for versions in self.versions.values():
            for row in versions:
                yield _address(self.feed, row)

    def _as_staged(self, row: Row) -> Row:
        """Give a staged record the facts' column names; its refund is the requested one."""
        if self.feed is not Feed.RETURNS:
            return row
        return {**row, "requested_amount": row["refund_amount"], "refund_amount": None}

    def _source(self, row: Row) -> Source:
        return Source(feed=self.feed, **{name: row[name] for name in _ADDRESS})


_ADDRESS = ("batch_date", "source_file", "line_number")


def _address(feed: Feed, row: Mapping[str, Any]) -> Address:
    return (feed, row["batch_date"], row["source_file"], row["line_number"])


def _record(row: Row) -> dict[str, str | None]:
    return {
        name: value.isoformat()
        if isinstance(value, dt.datetime)
        else None
        if value is None
        else str(value)
        for name, value in row.items()
        if name not in _ADDRESS
    }


# Each feed's business key, the query of its staged versions, and the query of its facts.
_QUERIES = {
    Feed.ORDERS: (
        "order_id",
        """
        select * from staging.orders where order_id = $1
        order by ingested_at desc, batch_date desc, source_file desc, line_number desc
        """,
        "select * from analytics.fct_orders where order_id = $1",
    ),
    Feed.ORDER_ITEMS: (
        "order_item_id",
        """
        select * from staging.order_items where order_item_id in (
            select order_item_id from staging.order_items where order_id = $1
        ) order by ingested_at desc, batch_date desc, source_file desc, line_number desc
        """,
        "select * from analytics.fct_order_items where order_id = $1",
    ),
    Feed.RETURNS: (
        "return_id",
        """
        select * from staging.returns where return_id in (
            select return_id from staging.returns where order_id = $1
        ) order by ingested_at desc, batch_date desc, source_file desc, line_number desc
        """,
        "select * from analytics.fct_returns where order_id = $1",
    ),
    Feed.ADJUSTMENTS: (
        "adjustment_id",
        """
        select * from staging.adjustments where adjustment_id in (
            select adjustment_id from staging.adjustments where order_id = $1
        ) order by ingested_at desc, batch_date desc, source_file desc, line_number desc
        """,
        "select * from analytics.fct_adjustments where order_id = $1",
    ),
}

# Quarantine hashes an id that looks like an e-mail address, so that staged records are found there
# by file and line.
_QUARANTINED = """
    with found as (
        select feed, batch_date, source_file, line_number from quarantine.records
        where stage = 'relation' and order_id = $1
           or business_key = $1 and feed = 'orders'
           or business_key = any($2) and feed = 'order_items'
           or business_key = any($3) and feed = 'returns'
           or business_key = any($4) and feed = 'adjustments'
        union
        select * from unnest($5::text[], $6::date[], $7::text[], $8::bigint[])
    )
    select feed, batch_date, source_file, line_number, business_key, stage, reasons, record
    from found join quarantine.records using (feed, batch_date, source_file, line_number)
    order by batch_date desc, feed, source_file, line_number
"""
