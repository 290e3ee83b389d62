"""The dimensions: products with their price and cost history, customers, dates."""

import dagster as dg

from ecommerce_assets.assets.metadata import of_the_last_day, table_metadata
from ecommerce_assets.assets.recompute import Step, recomputed_asset
from ecommerce_assets.assets.run import warehouse_step
from ecommerce_assets.assets.specs import SINGLE_RUN, asset_key, table_spec, warehouse_pool
from ecommerce_assets.assets.staging import staged
from ecommerce_assets.rules.calendar import dim_date
from ecommerce_assets.rules.customers import build_customers
from ecommerce_assets.rules.products import changed_spans, price_history
from ecommerce_assets.warehouse import calendar, customers, products, touched
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_DATE,
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
)
from ecommerce_assets.warehouse.transaction import RunTransaction


def dimension_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of the dimensions."""
    return [_dim_product(days), _dim_customer(days), _dim_date(days)]


def _dim_product(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    def work(step: Step) -> None:
        before = products.read_versions(step.connection)
        versions = price_history(products.read_records(step.connection))
        products.replace(step.connection, versions, changed_spans(before, versions))

    return recomputed_asset(
        days,
        name="dim_product",
        specs=[
            table_spec(
                DIM_PRODUCT,
                "Products with their price and cost history (SCD-2): one row a version.",
                deps=[staged("products")],
            )
        ],
        queue=touched.PRODUCTS,
        hand_over=products.hand_over,
        work=work,
        describe=lambda step: {
            asset_key(DIM_PRODUCT): table_metadata(step.connection, DIM_PRODUCT)
        },
    )


def _dim_customer(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    def work(step: Step) -> None:
        rows = build_customers(
            customers.read_records(step.connection), customers.read_orders(step.connection)
        )
        customers.replace(step.connection, rows)

    return recomputed_asset(
        days,
        name="dim_customer",
        specs=[
            table_spec(
                DIM_CUSTOMER,
                "Customers, known or inferred from an order, and what they bought: one row each.",
                deps=[
                    staged("customers"),
                    *map(asset_key, (FCT_ORDERS, FCT_ORDER_ITEMS, FCT_RETURNS, FCT_ADJUSTMENTS)),
                ],
            )
        ],
        queue=touched.CUSTOMERS,
        hand_over=customers.hand_over,
        work=work,
        describe=lambda step: {
            asset_key(DIM_CUSTOMER): table_metadata(step.connection, DIM_CUSTOMER)
        },
    )


def _dim_date(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    facts = (
        FCT_ORDERS,
        FCT_ORDER_ITEMS,
        FCT_RETURNS,
        FCT_ADJUSTMENTS,
        FCT_INVENTORY_DAILY,
        FCT_REVENUE_DAILY,
    )

    @dg.multi_asset(
        specs=[
            table_spec(
                DIM_DATE,
                "The calendar that the facts reach: one row a date.",
                deps=map(asset_key, facts),
            )
        ],
        name="dim_date",
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=warehouse_pool(),
    )
    def _asset(
        context: dg.AssetExecutionContext, transaction: dg.ResourceParam[RunTransaction]
    ) -> dg.MaterializeResult[None]:
        with warehouse_step(context, transaction) as connection:
            if not calendar.covers_facts(connection):
                reached = calendar.read_range(connection)
                calendar.replace(connection, dim_date(*reached) if reached else None)
                bump_version(connection)
            metadata = table_metadata(connection, DIM_DATE)
        return of_the_last_day(context, asset_key(DIM_DATE), metadata)

    return _asset
