"""Turns an order's refunds into returns and adjustments (docs/woocommerce.md, Refunds).

A refund of goods is a return, up to the line's remaining units and amount. All other refunded money
is an adjustment. Refunded tax is in neither, since net excludes tax.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ecommerce_assets.shops.amounts import cents, decimal, fit
from ecommerce_assets.shops.money import Cents
from ecommerce_assets.shops.refund_records import (
    ReturnWindow,
    adjustment_record,
    return_record,
)
from ecommerce_assets.shops.spool import Json, Record
from ecommerce_assets.shops.woocommerce.documents import Clock, meta, text
from ecommerce_assets.shops.woocommerce.orders import Line, Order


@dataclass(frozen=True)
class RefundRecords:
    """The records of an order's refunds, and the refunded amount without tax in its documents."""

    returns: list[Record]
    adjustments: list[Record]
    refunded: Cents
    undated: int
    """Refunds with a known amount only; their date is the order's last change."""


@dataclass(frozen=True)
class _Part:
    """A part of a refund, in cents: a line, or the shipping."""

    id: str
    line: Line | None
    quantity: Decimal
    net: Cents


class _Booked:
    """Collects the records of one order's refunds in order of their days."""

    def __init__(self, order: Order, window: ReturnWindow) -> None:
        self._order = order
        self._window = window
        self.returns: list[Record] = []
        self.adjustments: list[Record] = []

    def give_back(self, part: _Part, at: dt.datetime, reason: str | None) -> None:
        """Book a refunded line: as a return up to what the line has left, the rest as money."""
        line, net = part.line, part.net
        goods = (
            line is not None
            and 1 <= part.quantity <= line.left_quantity
            and part.quantity == int(part.quantity)
        )
        if line is not None and goods:
            asked = max(min(net, line.left_net), 0)
            # The rules refund no return after the window; the shop did, so it is an adjustment.
            refund = asked if self._window.holds(self._order.window_starts_at, at) else 0
            self.returns.append(
                return_record(
                    part.id,
                    self._order.id,
                    line.id,
                    quantity=int(part.quantity),
                    returned_at=at,
                    refund=refund,
                    reason=reason,
                    read_at=max(at, self._order.changed_at),
                )
            )
            line.left_quantity -= part.quantity
            net -= refund
            line.left_net -= asked
        elif line is not None:
            line.left_net -= net
        self.adjust(f"{part.id}-money", "refund", net, at, reason)

    def adjust(self, id_: str, kind: str, net: Cents, at: dt.datetime, reason: str | None) -> None:
        """Book money without goods, unless the amount is 0."""
        if net:
            self.adjustments.append(
                adjustment_record(
                    id_,
                    self._order.id,
                    kind=kind,
                    adjusted_at=at,
                    net=net,
                    reason=reason,
                    read_at=max(at, self._order.changed_at),
                )
            )


def refund_records(
    order: Order, order_document: Json, refunds: Sequence[Json], clock: Clock, return_days: int
) -> RefundRecords:
    """Make the records of an order's refunds, and subtract them from what its lines have left.

    Args:
        order: the order, without any refund booked yet.
        order_document: its list of refunds; one without a document in `refunds` is undated.
        refunds: the documents of refunds.
        clock: reads their moments.
        return_days: the store's return window.
    """
    booked = _Booked(order, ReturnWindow(return_days, clock.timezone))
    left, left_shipping, left_tax = order.total, order.shipping, order.tax
    refunded: Cents = 0
    known = {str(refund["id"]) for refund in refunds}
    undated = [
        stub
        for stub in order_document.get("refunds") or ()
        if str(stub.get("id")) not in known and cents(stub.get("total"))
    ]
    dated = [
        (clock.moment(refund, "date_created") or order.changed_at, refund) for refund in refunds
    ]
    for at, refund in (
        *sorted(dated, key=lambda pair: (pair[0], int(pair[1]["id"]))),
        *((order.changed_at, stub) for stub in undated),
    ):
        id_, reason = str(refund["id"]), text(refund.get("reason"))
        given = abs(cents(refund.get("amount") or refund.get("total")))
        lines, carriage, tax = _parts(refund, order, given)
        net = sum(part.net for part in (*lines, *carriage))
        rest = given - net - tax
        if not lines and not carriage and given == left:
            # All that was left of the order: what it consists of is known.
            tax, rest = left_tax, 0
            carriage = [_Part(f"{id_}-shipping", None, Decimal(0), left_shipping)]
            lines = list(_all_left(id_, order))
            rest = given - tax - left_shipping - sum(part.net for part in lines)
        for part in lines:
            booked.give_back(part, at, reason)
        for part in carriage:
            booked.adjust(part.id, "shipping", part.net, at, reason)
        booked.adjust(id_, "refund", rest, at, reason)
        left -= given
        left_tax -= tax
        left_shipping -= sum(part.net for part in carriage)
        refunded += given - tax
    return RefundRecords(booked.returns, booked.adjustments, refunded, len(undated))


def _parts(refund: Json, order: Order, given: Cents) -> tuple[list[_Part], list[_Part], Cents]:
    """Give a refund's lines with an amount or a quantity, its shipping, and the tax of both.

    Amounts in the document are negative. They are fitted to the refunded total, from which they may
    differ by rounding.
    """
    goods = [*(refund.get("line_items") or ()), *(refund.get("fee_lines") or ())]
    carriage = list(refund.get("shipping_lines") or ())
    both = [*goods, *carriage]
    tax = -sum(cents(part.get("total_tax")) for part in both)
    nets = fit([-decimal(part.get("total")) for part in both], given - tax)
    lines = {line.id: line for line in order.lines}
    parts = []
    for item, net in zip(goods, nets, strict=False):
        line = _line_of(item, lines)
        quantity = abs(decimal(item.get("quantity")))
        if line is not None and line.kind == "other":
            quantity = line.left_quantity if net > 0 else Decimal(0)
        if net or quantity:
            parts.append(_Part(str(item["id"]), line, quantity, net))
    shipping = [
        _Part(str(item["id"]), None, Decimal(0), net)
        for item, net in zip(carriage, nets[len(goods) :], strict=True)
    ]
    return parts, shipping, tax


def _line_of(item: Json, lines: dict[str, Line]) -> Line | None:
    """The line that a refund's line refers to by id, or the only line of its product."""
    named = meta(item, "_refunded_item_id")
    if named is not None:
        return lines.get(str(named))
    sold = str(item.get("variation_id") or item.get("product_id") or "")
    same = [line for line in lines.values() if line.product_id == sold]
    return same[0] if len(same) == 1 else None


def _all_left(refund_id: str, order: Order) -> Iterator[_Part]:
    """The rest of the order's lines as money, since the document reports no returned goods."""
    for line in order.lines:
        if line.left_net:
            quantity = line.left_quantity if line.kind == "other" else Decimal(0)
            yield _Part(f"{refund_id}-{line.id}", line, quantity, line.left_net)
