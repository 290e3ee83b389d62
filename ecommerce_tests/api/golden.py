"""The answers that the API must give on a golden zone, computed from its expected tables."""

import csv
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ecommerce_tests.conftest import golden_landing

Row = dict[str, str]


def expected(table: str, zone: str = "plain") -> list[Row]:
    """Read an expected table; null is an empty text."""
    path = golden_landing(zone).parent / "expected" / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def total(rows: list[Row], column: str) -> Decimal:
    """Sum a column of amounts; null counts 0."""
    return sum((Decimal(row[column] or 0) for row in rows), Decimal("0.00"))


def ratio(above: Decimal | int, below: Decimal | int, places: int) -> str | None:
    """Divide, half up; None where there is nothing to divide by."""
    if not below:
        return None
    quantum = Decimal(1).scaleb(-places)
    return str((Decimal(above) / Decimal(below)).quantize(quantum, ROUND_HALF_UP))


@dataclass(frozen=True)
class Golden:
    """A zone's expected facts."""

    zone: str

    def rows(self, table: str) -> list[Row]:
        """Read a table."""
        return expected(table, self.zone)

    def orders(self) -> dict[str, Row]:
        """Read the recognised orders, by id."""
        orders = self.rows("fct_orders")
        return {row["order_id"]: row for row in orders if row["is_recognised"] == "true"}

    def sold(self) -> list[Row]:
        """Read the product lines of recognised orders."""
        lines = self.rows("fct_order_items")
        return [row for row in lines if row["is_recognised"] == "true" and is_product(row)]

    def came_back(self) -> list[Row]:
        """Read the returns of product lines."""
        kinds = {row["order_item_id"]: row for row in self.rows("fct_order_items")}
        return [row for row in self.rows("fct_returns") if is_product(kinds[row["order_item_id"]])]

    def refunds(self) -> list[Row]:
        """Read the adjustments that are refunds."""
        return [row for row in self.rows("fct_adjustments") if row["kind"] == "refund"]

    def return_rate(self, start: str, end: str, returned_by: str = "9999") -> str | None:
        """Give the share of the orders placed then that had a return by some day."""
        placed = [row for row in self.orders().values() if start <= row["order_date"] <= end]
        returns = self.rows("fct_returns")
        with_return = {row["order_id"] for row in returns if row["return_date"] <= returned_by}
        return ratio(sum(row["order_id"] in with_return for row in placed), len(placed), 4)

    def period(self, start: str, end: str, basis: str) -> dict[str, Any]:
        """Work out the figures of a period."""
        orders = self.orders()
        lines = {row["order_item_id"]: row for row in self.rows("fct_order_items")}
        returns, adjustments = self.rows("fct_returns"), self.rows("fct_adjustments")
        first = {row["customer_id"]: row["first_order_date"] for row in self.rows("dim_customer")}

        def within(rows: list[Row], date: str) -> list[Row]:
            return [row for row in rows if start <= row[date] <= end]

        def of_placed(rows: list[Row]) -> list[Row]:
            return [row for row in rows if start <= orders[row["order_id"]]["order_date"] <= end]

        placed = within(list(orders.values()), "order_date")
        sold, back = within(self.sold(), "sale_date"), within(self.came_back(), "return_date")
        others = [
            row for row in lines.values() if row["is_recognised"] == "true" and not is_product(row)
        ]
        others_back = [row for row in returns if not is_product(lines[row["order_item_id"]])]
        shipping = [row for row in adjustments if row["kind"] == "shipping"]
        gross = total(sold, "gross_amount")
        discounts = total(sold, "discount_amount") + total(sold, "order_discount_amount")
        by_return_date = total(back, "refund_amount") + total(
            within(self.refunds(), "adjustment_date"), "amount"
        )
        by_order_date = total(of_placed(self.came_back()), "refund_amount") + total(
            of_placed(self.refunds()), "amount"
        )
        refunds = by_return_date if basis == "return_date" else by_order_date
        net = gross - discounts - refunds
        cost = total(sold, "cost_amount") - total(back, "cost_amount")
        value = total(placed, "gross_amount") - total(placed, "discount_amount")
        return {
            "start": start,
            "end": end,
            "orders": len(placed),
            "units": sum(int(row["quantity"]) for row in sold),
            "gross_revenue": str(gross),
            "discounts": str(discounts),
            "refunds": str(refunds),
            "refunds_by_return_date": str(by_return_date),
            "refunds_by_order_date": str(by_order_date),
            "net_revenue": str(net),
            "cost": str(cost),
            "gross_margin": str(net - cost),
            "uncosted_revenue": str(
                total([row for row in sold if not row["cost_amount"]], "net_amount")
            ),
            "other_sales": str(
                total(within(others, "sale_date"), "net_amount")
                - total(within(others_back, "return_date"), "refund_amount")
            ),
            "order_value": str(value),
            "aov": ratio(value, len(placed), 2),
            "new_customers": sum(start <= day <= end for day in first.values()),
            "repeat_customers": len(
                {
                    row["customer_id"]
                    for row in placed
                    if row["customer_id"] and row["order_date"] != first[row["customer_id"]]
                }
            ),
            "guest_orders": sum(not row["customer_id"] for row in placed),
            "returned_orders": len({row["order_id"] for row in within(returns, "return_date")}),
            "return_rate": self.return_rate(start, end),
            "shipping": str(
                total(placed, "shipping_amount")
                - total(within(shipping, "adjustment_date"), "amount")
            ),
            "tax": str(total(placed, "tax_amount")),
        }


def is_product(line: Row) -> bool:
    """Say whether a line is revenue."""
    return line["kind"] == "product"
