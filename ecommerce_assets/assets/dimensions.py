"""The dimensions: products with their prices, customers, dates."""

import dagster as dg
import psycopg

from ecommerce_assets.assets.retrying import run_warehouse
from ecommerce_assets.assets.specs import POOL, SINGLE_RUN, asset_key, table_spec
from ecommerce_assets.assets.staging import staged
from ecommerce_assets.assets.stories import table_story
from ecommerce_assets.assets.working_off import recompute
from ecommerce_assets.rules.calendar import dim_date
from ecommerce_assets.rules.customers import build_customers
from ecommerce_assets.rules.products import changed_spans, price_history
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse import calendar, customers, products, touched
from ecommerce_assets.warehouse.session import bump_version, writing
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_DATE,
    DIM_PRODUCT,
    FCT_INVENTORY_DAILY,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
)


def dimension_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of the dimensions."""
    return [_dim_product(days), _dim_customer(days), _dim_date(days)]


def _dim_product(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = [staged("products")]

    def work(connection: psycopg.Connection) -> None:
        before = products.read_versions(connection)
        versions = price_history(products.read_records(connection))
        products.replace(connection, versions, changed_spans(before, versions))

    @dg.multi_asset(
        specs=[
            table_spec(
                DIM_PRODUCT,
                "Products with their price history (SCD-2): one row a version.",
                deps=upstream,
            )
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def dim_product(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        with run_warehouse(context, shop) as connection:
            metadata = recompute(
                context, shop, connection, touched.PRODUCTS, upstream, products.hand_over, work
            )
            story = table_story(connection, DIM_PRODUCT)
        return dg.MaterializeResult(metadata={**metadata, **story})

    return dim_product


def _dim_customer(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = [staged("customers"), asset_key(FCT_ORDERS), asset_key(FCT_RETURNS)]

    def work(connection: psycopg.Connection) -> None:
        rows = build_customers(
            customers.read_records(connection), customers.read_orders(connection)
        )
        customers.replace(connection, rows)

    @dg.multi_asset(
        specs=[
            table_spec(
                DIM_CUSTOMER,
                "Customers, known or inferred from an order, and what they bought: one row each.",
                deps=upstream,
            )
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def dim_customer(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        with run_warehouse(context, shop) as connection:
            metadata = recompute(
                context, shop, connection, touched.CUSTOMERS, upstream, customers.hand_over, work
            )
            story = table_story(connection, DIM_CUSTOMER)
        return dg.MaterializeResult(metadata={**metadata, **story})

    return dim_customer


def _dim_date(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.multi_asset(
        specs=[
            table_spec(
                DIM_DATE,
                "The calendar that the facts reach: one row a date.",
                deps=map(
                    asset_key, (FCT_ORDERS, FCT_RETURNS, FCT_INVENTORY_DAILY, FCT_REVENUE_DAILY)
                ),
            )
        ],
        name="dim_date",
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def _asset(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        with run_warehouse(context, shop) as connection, writing(connection):
            wanted, held = calendar.read_range(connection), calendar.read_held_range(connection)
            if wanted != held:
                calendar.replace(connection, dim_date(*wanted) if wanted else None)
                bump_version(connection)
            story = table_story(connection, DIM_DATE)
        return dg.MaterializeResult(metadata=story)

    return _asset
