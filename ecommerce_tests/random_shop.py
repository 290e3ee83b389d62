"""Random records of a shop of few keys, so that versions, moves and orphans are frequent."""

import datetime as dt
import random
from typing import Any

from ecommerce_tests.small_shop import (
    adjustment,
    customer,
    item,
    order,
    product,
    returned,
    stock,
)

DAYS = [f"2024-03-{day:02}" for day in range(1, 7)]


def random_records(rng: random.Random, feed: str, day: str) -> list[dict[str, Any]]:
    """Make one to seven records of a feed's day, some of them bad."""

    def moment(earliest: int = -6) -> str:
        start = dt.datetime.fromisoformat(day) + dt.timedelta(days=rng.randint(earliest, 0))
        return f"{start + dt.timedelta(minutes=rng.randint(0, 1439)):%Y-%m-%dT%H:%M:00Z}"

    def one(prefix: str, count: int) -> str:
        return f"{prefix}{rng.randint(1, count)}"

    makers = {
        "customers": lambda: customer(one("C", 5), country=rng.choice(["DE", "FR", ""])),
        "products": lambda: product(
            one("P", 3),
            updated_at=moment(),
            price=rng.choice(["10.00", "12.50", "9.9999"]),
            cost=rng.choice(["", "0", "4.00", "4.3333"]),
        ),
        "orders": lambda: order(
            one("O", 8),
            customer_id=rng.choice(["", one("C", 6)]),
            status=rng.choice(["created", "paid", "delivered", "cancelled", "returned"]),
            ordered_at=moment(),
            order_discount=rng.choice(["", "0", "3.33", "15"]),
            shipping_amount=rng.choice(["", "4.90"]),
            channel=rng.choice(["", "web", "app"]),
        ),
        "order_items": lambda: item(
            one("I", 14),
            one("O", 8),
            product_id=one("P", 4),
            kind=rng.choice(["", "product", "product", "gift_card", "other"]),
            quantity=rng.choice([0, 1, 2, 3]),
            unit_price=rng.choice(["10.00", "3.3333", "0.005"]),
            gross_amount=rng.choice(["", "", "9.99", "30.01"]),
            sold_at=rng.choice(["", moment()]),
        ),
        "returns": lambda: returned(
            one("R", 6),
            one("I", 14),
            one("O", 8),
            returned_at=moment(),
            quantity=rng.choice([1, 1, 3]),
            refund_amount=rng.choice(["1.00", "10.00"]),
        ),
        "adjustments": lambda: adjustment(
            one("A", 6),
            one("O", 8),
            adjusted_at=moment(),
            amount=rng.choice(["2.50", "-1.25", "40.00"]),
            kind=rng.choice(["", "refund", "shipping"]),
        ),
        "inventory": lambda: stock(
            one("P", 4), snapshot_date=rng.choice(DAYS[:3]), on_hand=rng.randint(-5, 60)
        ),
    }
    records = [makers[feed]() for _ in range(rng.randint(1, 7))]
    for record in records:
        record["ingested_at"] = moment()
        if rng.random() < 0.1:
            record["ingested_at"] = "yesterday"
    return records
