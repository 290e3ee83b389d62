"""Customers, and what their cohorts were worth."""

import datetime as dt
from decimal import Decimal
from typing import Any

from ecommerce_tests.torture.model.orders import ZERO, Ledger, Row, discount_of
from ecommerce_tests.torture.model.rows import Record
from ecommerce_tests.torture.model.settings import CENT, RATE, share

HORIZONS = (7, 30, 90)


def dim_customer(latest: dict[Any, tuple[Any, Record]], ledger: Ledger) -> list[Row]:
    """One row for each customer in `customers` or in an order of the facts."""
    ordering = {row["customer_id"] for row in ledger.orders.values()} - {None}
    recognised: dict[str, list[Row]] = {}
    for row in ledger.recognised():
        recognised.setdefault(row["customer_id"], []).append(row)
    rows = []
    for customer_id in [*latest, *(ordering - set(latest))]:
        record = latest[customer_id][1] if customer_id in latest else {}
        orders = recognised.get(customer_id, [])
        dates = [order["order_date"] for order in orders]
        rows.append(
            {
                "customer_id": customer_id,
                "email_sha256": record.get("email"),
                "country": record.get("country"),
                "created_at": record.get("created_at"),
                "first_order_date": min(dates, default=None),
                "last_order_date": max(dates, default=None),
                "orders": len(orders),
                "net_revenue": sum((order["net_amount"] for order in orders), ZERO),
                "is_inferred": customer_id not in latest,
            }
        )
    return rows


def cohort_ltv(ledger: Ledger, customers: list[Row]) -> list[Row]:
    """One row for each date on which customers ordered first, and each horizon."""
    cohorts: dict[dt.date, set[str]] = {}
    for customer in customers:
        if customer["first_order_date"]:
            cohorts.setdefault(customer["first_order_date"], set()).add(customer["customer_id"])
    rows = []
    for cohort_date, members in cohorts.items():
        own = {row["order_id"] for row in ledger.recognised() if row["customer_id"] in members}
        for horizon in HORIZONS:
            last = cohort_date + dt.timedelta(days=horizon)
            retained = {
                row["customer_id"]
                for row in ledger.recognised()
                if row["customer_id"] in members and cohort_date < row["order_date"] <= last
            }
            net = _net(ledger, own, cohort_date, last)
            rows.append(
                {
                    "cohort_date": cohort_date,
                    "horizon_days": horizon,
                    "customers": len(members),
                    "retained_customers": len(retained),
                    "retention_rate": share(len(retained), len(members), RATE),
                    "net_revenue": net,
                    "ltv": share(net, len(members), CENT),
                    "complete_on": last,
                }
            )
    return rows


def _net(ledger: Ledger, order_ids: set[str], first: dt.date, last: dt.date) -> Decimal:
    sales = sum(
        (
            line["gross_amount"] - discount_of(line)
            for line in ledger.sold(product=True)
            if line["order_id"] in order_ids and first <= line["sale_date"] <= last
        ),
        ZERO,
    )
    refunds = sum(
        (
            amount
            for order_id, day, amount in ledger.refunds()
            if order_id in order_ids and first <= day <= last
        ),
        ZERO,
    )
    return sales - refunds
