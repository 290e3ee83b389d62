"""A shop of one winter for the page's tests: sales, returns, broken records, late files."""

import datetime as dt
from collections import defaultdict
from typing import Any

from ecommerce_tests.small_shop import (
    SmallShop,
    adjustment,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2024, 3, 29)
LATE_SINCE = dt.date(2024, 3, 28)
"""What arrives from then on is loaded on its own, and changes figures of days before."""
RESTATED = "2024-03-20"
ORPHAN_LINE = "I-orphan"
DAY_ORDERS = ("O088-0", "O088-1", "O088-2")
"""The orders placed on the last day, the last of them cancelled."""
LEDGER_ORDER = "O080-0"
"""Has a line added afterwards, a gift card, and both kinds of adjustments."""

Record = dict[str, Any]
Batches = dict[tuple[str, str], list[Record]]


def load_winter(shop: SmallShop) -> None:
    """Land the winter and load it, the last two days after all others."""
    for (feed, day), records in _winter().items():
        shop.land(feed, day, *records)
    shop.materialize_tables(
        (str(FIRST), str(LATE_SINCE - dt.timedelta(days=1))), (str(LATE_SINCE), str(LAST))
    )


def _winter() -> Batches:
    batches: Batches = defaultdict(list)
    first = str(FIRST)
    batches["customers", first] = [customer(f"C{n:02}") for n in range(40)]
    batches["products", first] = [
        product(f"P{n}", name=f"Lamp {n}", price=f"{n * 10}.00") for n in range(1, 7)
    ]
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + dt.timedelta(days=n)
        for k in range(1 + n % 3 + (n > 60)):
            _sell(batches, day, n, k)
    _add_to_ledger(batches)
    _count_stock(batches, str(LAST))
    _break_records(batches, str(LAST))
    late = item("I-late", "O079-0", product_id="P6", quantity=1, unit_price="600.00")
    batches["order_items", str(LATE_SINCE)].append(late)
    return batches


def _sell(batches: Batches, day: dt.date, n: int, k: int) -> None:
    order_id, item_id = f"O{n:03}-{k}", f"I{n:03}-{k}"
    price = 10 + 5 * (n % 7) + k
    batches["orders", str(day)].append(
        order(
            order_id,
            customer_id="" if k == 1 else f"C{(n * 3 + k * 7) % 40:02}",
            status="cancelled" if k == 2 else "paid",
            ordered_at=f"{day}T10:0{k}:00Z",
            order_discount="1.50" if n % 4 == 0 else "0",
            shipping_amount="4.90" if k == 0 else "0",
            channel="web" if k == 0 else "market",
            country=("DE", "FR", "")[n % 3],
            discount_code="SPRING" if n % 4 == 0 else "",
        )
    )
    batches["order_items", str(day)].append(
        item(item_id, order_id, product_id=f"P{1 + n % 6}", quantity=2, unit_price=f"{price}.00")
    )
    back = day + dt.timedelta(days=6)
    if n % 9 == 0 and k == 0 and back <= LAST:
        batches["returns", str(back)].append(
            returned(
                f"R{n:03}",
                item_id,
                order_id,
                returned_at=f"{back}T09:00:00Z",
                refund_amount=f"{5 + n // 9}.25",
            )
        )


def _add_to_ledger(batches: Batches) -> None:
    swap = item("I-swap", LEDGER_ORDER, unit_price="12.00", sold_at="2024-03-25T10:00:00Z")
    card = item("I-card", LEDGER_ORDER, quantity=1, unit_price="50.00", kind="gift_card")
    batches["order_items", "2024-03-25"] += [swap, card]
    batches["adjustments", "2024-03-26"] += [
        adjustment("A-goodwill", LEDGER_ORDER, adjusted_at="2024-03-26T10:00:00Z"),
        adjustment(
            "A-shipping",
            LEDGER_ORDER,
            adjusted_at="2024-03-26T11:00:00Z",
            amount="4.90",
            kind="shipping",
            reason="late",
        ),
    ]


def _count_stock(batches: Batches, day: str) -> None:
    for n in range(1, 7):
        for warehouse in ("main", "north"):
            batches["inventory", day].append(
                stock(
                    f"P{n}",
                    snapshot_date=day,
                    warehouse_id=warehouse,
                    on_hand=10 * n if warehouse == "main" else 0,
                    allocated=3,
                    reorder_point=25 + n,
                )
            )


def _break_records(batches: Batches, day: str) -> None:
    batches["orders", day].append(order("O-odd", status="sent", ordered_at=f"{day}T10:00:00Z"))
    batches["order_items", day] += [
        item("I-few", "O088-0", quantity=-3),
        item("I-text", "O088-0", quantity="two", unit_price="1.23456"),
        item(ORPHAN_LINE, "O-nowhere"),
    ]
