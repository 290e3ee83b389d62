"""The columns, kinds and keys of the tables that frames are written to (docs/reference/tables.md).

The migrations create the tables, and a test compares the two. Logs and queues in `ops` are defined
only in the modules that use them.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """The type of a column's values, and their form in a frame."""

    TEXT = "text"
    AMOUNT = "numeric(20,2)"
    """Frames hold whole hundredths of the currency."""
    COST = "cost"
    """An amount that may exceed 64 bits (quantity × cost); frames then hold Python integers."""
    PRICE = "numeric(14,4)"
    """Frames hold whole ten-thousandths of the currency."""
    RATE = "numeric(5,4)"
    """Frames hold whole ten-thousandths."""
    MOMENT = "timestamp with time zone"
    DAY = "date"
    COUNT = "bigint"
    FLAG = "boolean"
    JSON = "jsonb"

    @property
    def sql_type(self) -> str:
        """The PostgreSQL type of the column."""
        return Kind.AMOUNT.value if self is Kind.COST else self.value


DECIMALS = MappingProxyType({Kind.AMOUNT: 2, Kind.COST: 2, Kind.PRICE: 4, Kind.RATE: 4})
"""The decimals of the kinds that frames hold as whole minor units."""


@dataclass(frozen=True, eq=False)
class Table:
    """One table: `name` with its schema, `columns` in order, `key` its primary key.

    Tables compare by identity, so that a table can be a key.
    """

    name: str
    columns: MappingProxyType[str, Kind]
    key: tuple[str, ...]


def _table(name: str, key: str, /, **columns: Kind) -> Table:
    return Table(name, MappingProxyType(columns), tuple(key.split()))


_ADDRESS = {"batch_date": Kind.DAY, "source_file": Kind.TEXT, "line_number": Kind.COUNT}


def _staging(feed: str, /, **columns: Kind) -> Table:
    return _table(
        f"staging.{feed}",
        "batch_date source_file line_number",
        **_ADDRESS,
        **columns,
        ingested_at=Kind.MOMENT,
    )


STAGING = MappingProxyType(
    {
        "customers": _staging(
            "customers",
            customer_id=Kind.TEXT,
            email_sha256=Kind.TEXT,
            country=Kind.TEXT,
            created_at=Kind.MOMENT,
        ),
        "products": _staging(
            "products",
            product_id=Kind.TEXT,
            updated_at=Kind.MOMENT,
            name=Kind.TEXT,
            category=Kind.TEXT,
            price=Kind.PRICE,
            cost=Kind.PRICE,
        ),
        "orders": _staging(
            "orders",
            order_id=Kind.TEXT,
            customer_id=Kind.TEXT,
            status=Kind.TEXT,
            ordered_at=Kind.MOMENT,
            paid_at=Kind.MOMENT,
            fulfilled_at=Kind.MOMENT,
            delivered_at=Kind.MOMENT,
            currency=Kind.TEXT,
            order_discount=Kind.AMOUNT,
            shipping_amount=Kind.AMOUNT,
            tax_amount=Kind.AMOUNT,
            channel=Kind.TEXT,
            country=Kind.TEXT,
            discount_code=Kind.TEXT,
        ),
        "order_items": _staging(
            "order_items",
            order_item_id=Kind.TEXT,
            order_id=Kind.TEXT,
            product_id=Kind.TEXT,
            kind=Kind.TEXT,
            quantity=Kind.COUNT,
            unit_price=Kind.PRICE,
            gross_amount=Kind.AMOUNT,
            discount_amount=Kind.AMOUNT,
            sold_at=Kind.MOMENT,
        ),
        "returns": _staging(
            "returns",
            return_id=Kind.TEXT,
            order_item_id=Kind.TEXT,
            order_id=Kind.TEXT,
            quantity=Kind.COUNT,
            returned_at=Kind.MOMENT,
            refund_amount=Kind.AMOUNT,
            reason=Kind.TEXT,
        ),
        "adjustments": _staging(
            "adjustments",
            adjustment_id=Kind.TEXT,
            order_id=Kind.TEXT,
            adjusted_at=Kind.MOMENT,
            amount=Kind.AMOUNT,
            kind=Kind.TEXT,
            reason=Kind.TEXT,
        ),
        "inventory": _staging(
            "inventory",
            snapshot_date=Kind.DAY,
            product_id=Kind.TEXT,
            warehouse_id=Kind.TEXT,
            on_hand=Kind.COUNT,
            allocated=Kind.COUNT,
            reorder_point=Kind.COUNT,
        ),
    }
)

QUARANTINE = _table(
    "quarantine.records",
    "feed batch_date source_file line_number",
    feed=Kind.TEXT,
    **_ADDRESS,
    business_key=Kind.TEXT,
    stage=Kind.TEXT,
    reasons=Kind.JSON,
    record=Kind.JSON,
    order_id=Kind.TEXT,
)

DIM_DATE = _table(
    "analytics.dim_date",
    "date",
    date=Kind.DAY,
    year=Kind.COUNT,
    quarter=Kind.COUNT,
    month=Kind.COUNT,
    iso_year=Kind.COUNT,
    iso_week=Kind.COUNT,
    day_of_week=Kind.COUNT,
    is_weekend=Kind.FLAG,
)
DIM_CUSTOMER = _table(
    "analytics.dim_customer",
    "customer_id",
    customer_id=Kind.TEXT,
    email_sha256=Kind.TEXT,
    country=Kind.TEXT,
    created_at=Kind.MOMENT,
    first_order_date=Kind.DAY,
    last_order_date=Kind.DAY,
    orders=Kind.COUNT,
    net_revenue=Kind.AMOUNT,
    is_inferred=Kind.FLAG,
)
DIM_PRODUCT = _table(
    "analytics.dim_product",
    "product_key",
    product_key=Kind.TEXT,
    product_id=Kind.TEXT,
    name=Kind.TEXT,
    category=Kind.TEXT,
    price=Kind.PRICE,
    cost=Kind.PRICE,
    valid_from=Kind.MOMENT,
    valid_to=Kind.MOMENT,
    is_current=Kind.FLAG,
)
FCT_ORDERS = _table(
    "analytics.fct_orders",
    "order_id",
    order_id=Kind.TEXT,
    customer_id=Kind.TEXT,
    status=Kind.TEXT,
    is_recognised=Kind.FLAG,
    ordered_at=Kind.MOMENT,
    order_date=Kind.DAY,
    paid_at=Kind.MOMENT,
    fulfilled_at=Kind.MOMENT,
    delivered_at=Kind.MOMENT,
    lines=Kind.COUNT,
    units=Kind.COUNT,
    returns=Kind.COUNT,
    gross_amount=Kind.AMOUNT,
    discount_amount=Kind.AMOUNT,
    refund_amount=Kind.AMOUNT,
    net_amount=Kind.AMOUNT,
    other_amount=Kind.AMOUNT,
    shipping_amount=Kind.AMOUNT,
    shipping_refund_amount=Kind.AMOUNT,
    tax_amount=Kind.AMOUNT,
    channel=Kind.TEXT,
    country=Kind.TEXT,
    discount_code=Kind.TEXT,
    **_ADDRESS,
)
FCT_ORDER_ITEMS = _table(
    "analytics.fct_order_items",
    "order_item_id",
    order_item_id=Kind.TEXT,
    order_id=Kind.TEXT,
    product_id=Kind.TEXT,
    product_key=Kind.TEXT,
    kind=Kind.TEXT,
    order_date=Kind.DAY,
    sold_at=Kind.MOMENT,
    sale_date=Kind.DAY,
    is_recognised=Kind.FLAG,
    quantity=Kind.COUNT,
    unit_price=Kind.PRICE,
    gross_amount=Kind.AMOUNT,
    discount_amount=Kind.AMOUNT,
    order_discount_amount=Kind.AMOUNT,
    net_amount=Kind.AMOUNT,
    cost_amount=Kind.COST,
    **_ADDRESS,
)
FCT_RETURNS = _table(
    "analytics.fct_returns",
    "return_id",
    return_id=Kind.TEXT,
    order_item_id=Kind.TEXT,
    order_id=Kind.TEXT,
    product_id=Kind.TEXT,
    kind=Kind.TEXT,
    quantity=Kind.COUNT,
    returned_at=Kind.MOMENT,
    return_date=Kind.DAY,
    days=Kind.COUNT,
    is_refundable=Kind.FLAG,
    requested_amount=Kind.AMOUNT,
    refund_amount=Kind.AMOUNT,
    cost_amount=Kind.COST,
    reason=Kind.TEXT,
    **_ADDRESS,
)
FCT_ADJUSTMENTS = _table(
    "analytics.fct_adjustments",
    "adjustment_id",
    adjustment_id=Kind.TEXT,
    order_id=Kind.TEXT,
    kind=Kind.TEXT,
    adjusted_at=Kind.MOMENT,
    adjustment_date=Kind.DAY,
    amount=Kind.AMOUNT,
    reason=Kind.TEXT,
    **_ADDRESS,
)
FCT_INVENTORY_DAILY = _table(
    "analytics.fct_inventory_daily",
    "snapshot_date product_id warehouse_id",
    snapshot_date=Kind.DAY,
    product_id=Kind.TEXT,
    warehouse_id=Kind.TEXT,
    product_key=Kind.TEXT,
    on_hand=Kind.COUNT,
    allocated=Kind.COUNT,
    available=Kind.COUNT,
    reorder_point=Kind.COUNT,
    is_alert=Kind.FLAG,
    **_ADDRESS,
)
FCT_REVENUE_DAILY = _table(
    "analytics.fct_revenue_daily",
    "date",
    date=Kind.DAY,
    orders=Kind.COUNT,
    units=Kind.COUNT,
    gross_revenue=Kind.AMOUNT,
    discounts=Kind.AMOUNT,
    refunds=Kind.AMOUNT,
    refunds_by_order_date=Kind.AMOUNT,
    net_revenue=Kind.AMOUNT,
    cost=Kind.COST,
    gross_margin=Kind.COST,
    uncosted_revenue=Kind.AMOUNT,
    other_sales=Kind.AMOUNT,
    order_value=Kind.AMOUNT,
    aov=Kind.AMOUNT,
    new_customers=Kind.COUNT,
    repeat_customers=Kind.COUNT,
    guest_orders=Kind.COUNT,
    returned_orders=Kind.COUNT,
    return_rate=Kind.RATE,
    shipping=Kind.AMOUNT,
    tax=Kind.AMOUNT,
)
FCT_SALES_DAILY = _table(
    "analytics.fct_sales_daily",
    "dimension date value",
    dimension=Kind.TEXT,
    date=Kind.DAY,
    value=Kind.TEXT,
    orders=Kind.COUNT,
    units=Kind.COUNT,
    gross_revenue=Kind.AMOUNT,
    discounts=Kind.AMOUNT,
    refunds=Kind.AMOUNT,
    refunds_by_order_date=Kind.AMOUNT,
    cost=Kind.COST,
)
FCT_SALES_MONTHLY = _table(
    "analytics.fct_sales_monthly",
    "dimension month value",
    **{"month" if name == "date" else name: kind for name, kind in FCT_SALES_DAILY.columns.items()},
)
FCT_COHORT_LTV = _table(
    "analytics.fct_cohort_ltv",
    "cohort_date horizon_days",
    cohort_date=Kind.DAY,
    horizon_days=Kind.COUNT,
    customers=Kind.COUNT,
    retained_customers=Kind.COUNT,
    retention_rate=Kind.RATE,
    net_revenue=Kind.AMOUNT,
    ltv=Kind.AMOUNT,
    complete_on=Kind.DAY,
)

ANALYTICS = (
    DIM_DATE,
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_ORDERS,
    FCT_ORDER_ITEMS,
    FCT_RETURNS,
    FCT_ADJUSTMENTS,
    FCT_INVENTORY_DAILY,
    FCT_REVENUE_DAILY,
    FCT_SALES_DAILY,
    FCT_SALES_MONTHLY,
    FCT_COHORT_LTV,
)
