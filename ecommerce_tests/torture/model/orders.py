"""Orders with their lines, returns and adjustments, and the relation rules between them."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ecommerce_tests.torture.model.contract import RECOGNISED
from ecommerce_tests.torture.model.products import Prices, cost_of, key_of
from ecommerce_tests.torture.model.rows import Record, line_gross
from ecommerce_tests.torture.model.settings import CENT, ModelSettings
from ecommerce_tests.torture.model.staging import Address, Staged

Row = dict[str, Any]
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Ledger:
    """The facts by key, and the relation rules that kept the other records out of them."""

    orders: dict[str, Row] = field(default_factory=dict)
    items: dict[str, Row] = field(default_factory=dict)
    returns: dict[str, Row] = field(default_factory=dict)
    adjustments: dict[str, Row] = field(default_factory=dict)
    broken: dict[Address, set[str]] = field(default_factory=dict)

    def recognised(self) -> list[Row]:
        """The recognised orders."""
        return [row for row in self.orders.values() if row["is_recognised"]]

    def sold(self, *, product: bool) -> list[Row]:
        """The lines of recognised orders that sell products, or the others."""
        return [
            row
            for row in self.items.values()
            if row["is_recognised"] and (row["kind"] == "product") == product
        ]

    def sent_back(self, *, product: bool) -> list[Row]:
        """The returns of lines that sell products, or of the others."""
        return [
            row
            for row in self.returns.values()
            if (self.items[row["order_item_id"]]["kind"] == "product") == product
        ]

    def refunds(self) -> list[tuple[str, dt.date, Decimal]]:
        """What is refunded of product revenue: order, date, amount."""
        of_returns = [
            (row["order_id"], row["return_date"], row["refund_amount"])
            for row in self.sent_back(product=True)
        ]
        of_adjustments = [
            (row["order_id"], row["adjustment_date"], row["amount"])
            for row in self.adjustments.values()
            if row["kind"] == "refund"
        ]
        return of_returns + of_adjustments


def ledger_of(staged: Staged, prices: Prices, settings: ModelSettings) -> Ledger:
    """Judge the latest versions on one another, and make facts of those that break no rule."""
    ledger = Ledger()
    lines: dict[str, list[tuple[Address, Record]]] = {}
    for address, record in staged.latest("order_items").values():
        lines.setdefault(record["order_id"], []).append((address, record))
    for order_id, (address, record) in staged.latest("orders").items():
        own = lines.get(order_id, [])
        gross = sum(map(gross_of, (line for _, line in own)), ZERO)
        line_discounts = sum((line["discount_amount"] for _, line in own), ZERO)
        if record["order_discount"] + line_discounts > gross:
            ledger.broken[address] = {"discount_exceeds_gross"}
        else:
            ledger.orders[order_id] = _order(record, settings)
            for line in _lines(record, [line for _, line in own], prices, settings):
                ledger.items[line["order_item_id"]] = line
    for order_id, own in lines.items():
        if order_id not in ledger.orders:
            ledger.broken.update((address, {"orphan"}) for address, _ in own)
    _judge_returns(ledger, staged.latest("returns"), prices, settings)
    _judge_adjustments(ledger, staged.latest("adjustments"), settings)
    _add_amounts(ledger)
    return ledger


def gross_of(line: Record) -> Decimal:
    """The gross of a staged line."""
    gross = line_gross(line)
    assert gross is not None
    return gross


def _order(record: Record, settings: ModelSettings) -> Row:
    columns = (
        "order_id customer_id status ordered_at paid_at fulfilled_at delivered_at"
        " shipping_amount tax_amount channel country discount_code"
    )
    return {column: record[column] for column in columns.split()} | {
        "is_recognised": record["status"] in RECOGNISED,
        "order_date": settings.business_date(record["ordered_at"]),
    }


def _lines(
    order: Record, lines: list[Record], prices: Prices, settings: ModelSettings
) -> list[Row]:
    parts = allocate(
        order["order_discount"],
        {line["order_item_id"]: gross_of(line) - line["discount_amount"] for line in lines},
    )
    rows = []
    for line in lines:
        sold_at = max(line["sold_at"] or order["ordered_at"], order["ordered_at"])
        version = prices.version(line["product_id"], sold_at)
        part = parts[line["order_item_id"]]
        rows.append(
            {
                "order_item_id": line["order_item_id"],
                "order_id": line["order_id"],
                "product_id": line["product_id"],
                "product_key": key_of(version),
                "kind": line["kind"],
                "order_date": settings.business_date(order["ordered_at"]),
                "sold_at": sold_at,
                "sale_date": settings.business_date(sold_at),
                "is_recognised": order["status"] in RECOGNISED,
                "quantity": line["quantity"],
                "unit_price": line["unit_price"],
                "gross_amount": gross_of(line),
                "discount_amount": line["discount_amount"],
                "order_discount_amount": part,
                "net_amount": gross_of(line) - line["discount_amount"] - part,
                "cost_amount": cost_of(line["quantity"], version),
            }
        )
    return rows


def allocate(amount: Decimal, weights: dict[str, Decimal]) -> dict[str, Decimal]:
    """Split an amount by weights, in cents, by largest remainder; ties to the smaller key."""
    cents, total = int(amount * 100), int(sum(weights.values()) * 100)
    if not cents:
        return dict.fromkeys(weights, ZERO)
    exact = {key: divmod(cents * int(weight * 100), total) for key, weight in weights.items()}
    left = cents - sum(whole for whole, _ in exact.values())
    first = sorted(exact, key=lambda key: (-exact[key][1], key))[:left]
    return {key: (whole + (key in first)) * CENT for key, (whole, _) in exact.items()}


def _broken_by_order(ledger: Ledger, record: Record, when: dt.datetime) -> set[str]:
    order = ledger.orders.get(record["order_id"])
    broken = set()
    if order and not order["is_recognised"]:
        broken.add("unpaid_return")
    if order and when < order["ordered_at"]:
        broken.add("return_before_order")
    return broken


def _judge_returns(
    ledger: Ledger,
    latest: dict[Any, tuple[Address, Record]],
    prices: Prices,
    settings: ModelSettings,
) -> None:
    of_line: dict[str, list[tuple[Address, Record]]] = {}
    for address, record in latest.values():
        item = ledger.items.get(record["order_item_id"])
        broken = _broken_by_order(ledger, record, record["returned_at"])
        if not item or item["order_id"] != record["order_id"]:
            broken.add("orphan")
        if broken:
            ledger.broken[address] = broken
        else:
            of_line.setdefault(record["order_item_id"], []).append((address, record))
    for order_item_id, returns in of_line.items():
        item = ledger.items[order_item_id]
        returns.sort(key=lambda entry: (entry[1]["returned_at"], entry[1]["return_id"]))
        quantity, amount = 0, ZERO
        for address, record in returns:
            quantity += record["quantity"]
            amount += record["refund_amount"]
            if quantity > item["quantity"] or amount > item["net_amount"]:
                ledger.broken[address] = {"return_exceeds_line"}
            else:
                ledger.returns[record["return_id"]] = _return(
                    record, item, ledger.orders[record["order_id"]], prices, settings
                )


def _return(record: Record, item: Row, order: Row, prices: Prices, settings: ModelSettings) -> Row:
    return_date = settings.business_date(record["returned_at"])
    days = (return_date - settings.business_date(order["delivered_at"] or order["ordered_at"])).days
    refundable = days <= settings.return_days
    version = prices.version(item["product_id"], item["sold_at"])
    return {
        "return_id": record["return_id"],
        "order_item_id": record["order_item_id"],
        "order_id": record["order_id"],
        "product_id": item["product_id"],
        "quantity": record["quantity"],
        "returned_at": record["returned_at"],
        "return_date": return_date,
        "days": days,
        "is_refundable": refundable,
        "requested_amount": record["refund_amount"],
        "refund_amount": record["refund_amount"] if refundable else ZERO,
        "cost_amount": cost_of(record["quantity"], version),
        "reason": record["reason"],
    }


def _judge_adjustments(
    ledger: Ledger, latest: dict[Any, tuple[Address, Record]], settings: ModelSettings
) -> None:
    for address, record in latest.values():
        broken = _broken_by_order(ledger, record, record["adjusted_at"])
        if record["order_id"] not in ledger.orders:
            broken.add("orphan")
        if broken:
            ledger.broken[address] = broken
            continue
        ledger.adjustments[record["adjustment_id"]] = {
            "adjustment_id": record["adjustment_id"],
            "order_id": record["order_id"],
            "kind": record["kind"],
            "adjusted_at": record["adjusted_at"],
            "adjustment_date": settings.business_date(record["adjusted_at"]),
            "amount": record["amount"],
            "reason": record["reason"],
        }


def _add_amounts(ledger: Ledger) -> None:
    for row in ledger.orders.values():
        row.update(dict.fromkeys(("lines", "units"), 0))
        row.update(
            dict.fromkeys(
                (
                    "gross_amount",
                    "discount_amount",
                    "refund_amount",
                    "other_amount",
                    "shipping_refund_amount",
                ),
                ZERO,
            )
        )
    for line in ledger.items.values():
        order = ledger.orders[line["order_id"]]
        if line["kind"] == "product":
            order["lines"] += line["quantity"] > 0
            order["units"] += line["quantity"]
            order["gross_amount"] += line["gross_amount"]
            order["discount_amount"] += discount_of(line)
        else:
            order["other_amount"] += line["net_amount"]
    for row in ledger.sent_back(product=False):
        ledger.orders[row["order_id"]]["other_amount"] -= row["refund_amount"]
    for order_id, _, amount in ledger.refunds():
        ledger.orders[order_id]["refund_amount"] += amount
    for row in ledger.adjustments.values():
        if row["kind"] == "shipping":
            ledger.orders[row["order_id"]]["shipping_refund_amount"] += row["amount"]
    for row in ledger.orders.values():
        row["net_amount"] = row["gross_amount"] - row["discount_amount"] - row["refund_amount"]


def discount_of(line: Row) -> Decimal:
    """All that is taken off a line: its own discount and its part of the order's."""
    discount: Decimal = line["discount_amount"] + line["order_discount_amount"]
    return discount
