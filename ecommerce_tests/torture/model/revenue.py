"""Revenue by business date, and the calendar."""

import datetime as dt
from decimal import Decimal
from typing import Any

from ecommerce_tests.torture.model.orders import ZERO, Ledger, Row, discount_of
from ecommerce_tests.torture.model.settings import CENT, RATE, share


def revenue_daily(ledger: Ledger, customers: list[Row], last_batch: dt.date | None) -> list[Row]:
    """One row for each date of the range, none without a recognised order."""
    recognised = ledger.recognised()
    if not recognised:
        return []
    first = min(row["order_date"] for row in recognised)
    lasts = [
        *(row["order_date"] for row in ledger.orders.values()),
        *(row["sale_date"] for row in ledger.items.values()),
        *(row["return_date"] for row in ledger.returns.values()),
        *(row["adjustment_date"] for row in ledger.adjustments.values()),
        *([last_batch] if last_batch else []),
    ]
    days = [first + dt.timedelta(days=n) for n in range((max(lasts) - first).days + 1)]
    return [_of_a_day(day, ledger, customers) for day in days]


def _of_a_day(day: dt.date, ledger: Ledger, customers: list[Row]) -> Row:
    placed = [row for row in ledger.recognised() if row["order_date"] == day]
    placed_ids = {row["order_id"] for row in placed}
    sold = [row for row in ledger.sold(product=True) if row["sale_date"] == day]
    others = [row for row in ledger.sold(product=False) if row["sale_date"] == day]
    back = [row for row in ledger.sent_back(product=True) if row["return_date"] == day]
    others_back = [row for row in ledger.sent_back(product=False) if row["return_date"] == day]
    shipping_back = [
        row
        for row in ledger.adjustments.values()
        if row["adjustment_date"] == day and row["kind"] == "shipping"
    ]
    returning = {row["order_id"] for row in ledger.returns.values()}
    gross = _sum(row["gross_amount"] for row in sold)
    discounts = _sum(map(discount_of, sold))
    refunds = _sum(amount for _, date, amount in ledger.refunds() if date == day)
    net = gross - discounts - refunds
    cost = _sum(row["cost_amount"] or ZERO for row in sold) - _sum(
        row["cost_amount"] or ZERO for row in back
    )
    order_value = _sum(row["gross_amount"] - row["discount_amount"] for row in placed)
    ordering = {row["customer_id"] for row in placed} - {None}
    first_dates = {row["customer_id"]: row["first_order_date"] for row in customers}
    return {
        "date": day,
        "orders": len(placed),
        "units": sum(row["quantity"] for row in sold),
        "gross_revenue": gross,
        "discounts": discounts,
        "refunds": refunds,
        "refunds_by_order_date": _sum(
            amount for order_id, _, amount in ledger.refunds() if order_id in placed_ids
        ),
        "net_revenue": net,
        "cost": cost,
        "gross_margin": net - cost,
        "uncosted_revenue": _sum(row["net_amount"] for row in sold if row["cost_amount"] is None),
        "other_sales": _sum(row["net_amount"] for row in others)
        - _sum(row["refund_amount"] for row in others_back),
        "order_value": order_value,
        "aov": share(order_value, len(placed), CENT),
        "new_customers": sum(date == day for date in first_dates.values()),
        "repeat_customers": sum(first_dates[customer_id] < day for customer_id in ordering),
        "guest_orders": sum(row["customer_id"] is None for row in placed),
        "returned_orders": len(
            {row["order_id"] for row in ledger.returns.values() if row["return_date"] == day}
        ),
        "return_rate": share(len(placed_ids & returning), len(placed), RATE),
        "shipping": _sum(row["shipping_amount"] for row in placed)
        - _sum(row["amount"] for row in shipping_back),
        "tax": _sum(row["tax_amount"] for row in placed),
    }


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, ZERO)


def dim_date(dates: list[dt.date]) -> list[Row]:
    """The parts of each date."""
    rows = []
    for date in dates:
        iso_year, iso_week, day_of_week = date.isocalendar()
        rows.append(
            {
                "date": date,
                "year": date.year,
                "quarter": (date.month + 2) // 3,
                "month": date.month,
                "iso_year": iso_year,
                "iso_week": iso_week,
                "day_of_week": day_of_week,
                "is_weekend": day_of_week >= 6,
            }
        )
    return rows
