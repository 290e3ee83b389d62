"""Inventory alerts: products with fewer units available than their reorder point."""

import datetime as dt
from decimal import Decimal
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from ecommerce_api.database import reading
from ecommerce_api.fields import Fields, PagedListing, Tenth
from ecommerce_api.openapi import LISTING, described
from ecommerce_api.parameters import Day, PageQuery, Text
from ecommerce_api.representations import represented
from ecommerce_api.routing import subject_router
from ecommerce_assets.rules.inventory import SALES_DAYS, tenths_of_days_of_cover

router = subject_router("Inventory", "/inventory")


class AlertsQuery(PageQuery):
    """Which alerts."""

    date: Day | None = Field(
        None,
        description="The snapshot's date; by default the latest there is.",
        examples=["2024-03-29"],
    )
    warehouse: Text | None = Field(None, description="Only this warehouse's.", examples=["main"])


class InventoryAlert(Fields):
    """A product that is below its reorder point in a warehouse."""

    product_id: str = Field(description="The product.", examples=["SKU-0021"])
    name: str | None = Field(
        description="Its name; null if the product's own record has not come.", examples=["Lamp"]
    )
    warehouse_id: str = Field(description="The warehouse.", examples=["main"])
    on_hand: int = Field(description="Units there; below 0: oversold.", examples=[12])
    allocated: int = Field(description="Units promised to orders.", examples=[7])
    available: int = Field(description="`on_hand` − `allocated`.", examples=[5])
    reorder_point: int = Field(
        description="An alert is given when `available` is below it.", examples=[30]
    )
    shortfall: int = Field(description="`reorder_point` − `available`.", examples=[25])
    days_of_cover: Tenth | None = Field(
        description="What all warehouses have available of the product ÷ the units a day that "
        f"recognised orders took in the {SALES_DAYS} days up to the snapshot, half up; "
        "0 where nothing is available, null where nothing was sold.",
        examples=["2.5"],
    )


class InventoryAlerts(PagedListing):
    """Products below their reorder point, the greatest shortfall first."""

    snapshot_date: dt.date | None = Field(
        description="The day that stock was counted; null if it never was.", examples=["2024-03-29"]
    )
    items: list[InventoryAlert] = Field(description="One object a product and warehouse.")


@router.get(
    "/alerts", summary="What is below its reorder point", **described(InventoryAlerts, LISTING)
)
async def list_inventory_alerts(
    request: Request, query: Annotated[AlertsQuery, Query()]
) -> Response:
    """List products below their reorder point, by shortfall, then product and warehouse."""
    async with reading(request) as warehouse:
        day = query.date or await warehouse.value(_LATEST)
        total = await warehouse.value(_TOTAL, day, query.warehouse)
        rows = await warehouse.rows(
            _ALERTS, day, query.warehouse, query.limit, query.offset, SALES_DAYS
        )
        items = [
            InventoryAlert(
                days_of_cover=_days_of_cover(row.pop("available_anywhere"), row.pop("units_sold")),
                **row,
            )
            for row in rows
        ]
        return represented(
            request,
            InventoryAlerts(
                as_of=warehouse.as_of,
                currency=warehouse.currency,
                snapshot_date=day,
                total=total,
                items=items,
            ),
            query,
        )


def _days_of_cover(available: int, units_sold: int) -> Decimal | None:
    tenths = tenths_of_days_of_cover(available, units_sold)
    return None if tenths is None else Decimal(tenths).scaleb(-1)


_LATEST = "select max(snapshot_date) from analytics.fct_inventory_daily"

_TOTAL = """
    select count(*) from analytics.fct_inventory_daily
    where snapshot_date = $1 and is_alert and ($2::text is null or warehouse_id = $2)
"""

_ALERTS = """
    select product_id, p.name, warehouse_id, on_hand, allocated, available, reorder_point,
           reorder_point - available as shortfall,
           (select sum(i.available) from analytics.fct_inventory_daily i
            where i.snapshot_date = $1 and i.product_id = alert.product_id)::bigint
               as available_anywhere,
           (select coalesce(sum(i.quantity), 0) from analytics.fct_order_items i
            where i.product_id = alert.product_id and i.is_recognised
              and i.order_date > $1::date - $5::int and i.order_date <= $1)::bigint as units_sold
    from (
        select * from analytics.fct_inventory_daily
        where snapshot_date = $1 and is_alert and ($2::text is null or warehouse_id = $2)
        order by reorder_point - available desc, product_id, warehouse_id
        limit $3 offset $4
    ) as alert
    left join (select product_key, name from analytics.dim_product) as p using (product_key)
    order by shortfall desc, product_id, warehouse_id
"""
