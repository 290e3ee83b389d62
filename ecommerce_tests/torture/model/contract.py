"""The seven feeds and their columns, as `docs/reference/feeds.md` lists them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "moment", "date", "amount", "whole"]

STATUSES = ("created", "paid", "fulfilled", "delivered", "returned", "cancelled")
RECOGNISED = ("paid", "fulfilled", "delivered", "returned")


@dataclass(frozen=True)
class Column:
    """A column: how it is written, and what its value may be."""

    kind: Kind
    required: bool = False
    minimum: int | None = None
    limit: int = 10**9
    decimals: int = 2
    allowed: tuple[str, ...] = ()
    default: str | Decimal | None = None


@dataclass(frozen=True)
class Feed:
    """A feed: its business key and its columns."""

    key: tuple[str, ...]
    columns: dict[str, Column]


_TEXT = Column("text")
_ID = Column("text", required=True)
_MOMENT = Column("moment")
_WHEN = Column("moment", required=True)
_MONEY = Column("amount", minimum=0, default=Decimal(0))


def _feed(*key: str, **columns: Column) -> Feed:
    return Feed(key, {**columns, "ingested_at": _WHEN})


FEEDS = {
    "customers": _feed(
        "customer_id", customer_id=_ID, email=_TEXT, country=_TEXT, created_at=_WHEN
    ),
    "products": _feed(
        "product_id",
        "updated_at",
        product_id=_ID,
        updated_at=_WHEN,
        name=_ID,
        category=_TEXT,
        price=Column("amount", required=True, minimum=0, decimals=4),
        cost=Column("amount", minimum=0, decimals=4),
    ),
    "orders": _feed(
        "order_id",
        order_id=_ID,
        customer_id=_TEXT,
        status=Column("text", required=True, allowed=STATUSES),
        ordered_at=_WHEN,
        paid_at=_MOMENT,
        fulfilled_at=_MOMENT,
        delivered_at=_MOMENT,
        currency=_TEXT,
        order_discount=_MONEY,
        shipping_amount=_MONEY,
        tax_amount=_MONEY,
        channel=_TEXT,
        country=_TEXT,
        discount_code=_TEXT,
    ),
    "order_items": _feed(
        "order_item_id",
        order_item_id=_ID,
        order_id=_ID,
        product_id=_ID,
        kind=Column("text", allowed=("product", "gift_card", "other"), default="product"),
        quantity=Column("whole", required=True, minimum=0),
        unit_price=Column("amount", required=True, minimum=0, decimals=4),
        gross_amount=Column("amount", minimum=0, limit=10**12),
        discount_amount=_MONEY,
        sold_at=_MOMENT,
    ),
    "returns": _feed(
        "return_id",
        return_id=_ID,
        order_item_id=_ID,
        order_id=_ID,
        quantity=Column("whole", required=True, minimum=1),
        returned_at=_WHEN,
        refund_amount=Column("amount", required=True, minimum=0),
        reason=_TEXT,
    ),
    "adjustments": _feed(
        "adjustment_id",
        adjustment_id=_ID,
        order_id=_ID,
        adjusted_at=_WHEN,
        amount=Column("amount", required=True),
        kind=Column("text", allowed=("refund", "shipping"), default="refund"),
        reason=_TEXT,
    ),
    "inventory": _feed(
        "snapshot_date",
        "product_id",
        "warehouse_id",
        snapshot_date=Column("date", required=True),
        product_id=_ID,
        warehouse_id=Column("text", default="main"),
        on_hand=Column("whole", required=True),
        allocated=Column("whole", required=True, minimum=0),
        reorder_point=Column("whole", required=True, minimum=0),
    ),
}
