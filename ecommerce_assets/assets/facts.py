"""The facts: orders with lines and returns, stock levels, revenue by day, cohorts."""

from collections.abc import Iterator

import dagster as dg
import psycopg

from ecommerce_assets.assets.retrying import run_warehouse
from ecommerce_assets.assets.specs import POOL, SINGLE_RUN, asset_key, table_spec
from ecommerce_assets.assets.staging import all_staged, staged
from ecommerce_assets.assets.stories import preview, restatement_story, table_story
from ecommerce_assets.assets.working_off import recompute
from ecommerce_assets.feeds.quarantine import relation_quarantine
from ecommerce_assets.partitions import days_of
from ecommerce_assets.rules.cohorts import cohort_values
from ecommerce_assets.rules.inventory import stock_levels
from ecommerce_assets.rules.orders import build_cluster
from ecommerce_assets.rules.revenue import daily_revenue
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse import (
    cohorts,
    inventory,
    orders,
    restatements,
    revenue,
    touched,
)
from ecommerce_assets.warehouse.previews import quarantined_rows
from ecommerce_assets.warehouse.quarantine import relations_by_rule
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    QUARANTINE,
)

RELATIONS = dg.AssetKey(["quarantine", "relations"])


def fact_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of the facts."""
    return [
        _order_cluster(days),
        _fct_inventory_daily(days),
        _fct_revenue_daily(days),
        _fct_cohort_ltv(days),
    ]


def _order_cluster(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = [*map(staged, orders.FEEDS), asset_key(DIM_PRODUCT)]

    @dg.multi_asset(
        specs=[
            table_spec(FCT_ORDERS, "Orders as they stand by now: one row an order.", deps=upstream),
            table_spec(
                FCT_ORDER_ITEMS,
                "Order lines with their part of the order's discount: one row a line.",
                deps=upstream,
            ),
            table_spec(
                FCT_RETURNS, "Returns and what is refunded: one row a return.", deps=upstream
            ),
            table_spec(
                QUARANTINE,
                "Staged records that break a relation rule by now, with all their reasons.",
                key=RELATIONS,
                deps=upstream,
            ),
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def order_cluster(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> Iterator[dg.MaterializeResult[None]]:
        def work(connection: psycopg.Connection) -> None:
            inputs = orders.read_inputs(connection)
            cluster = build_cluster(
                inputs.order_ids,
                inputs.orders,
                inputs.order_items,
                inputs.returns,
                inputs.product_versions,
                timezone=shop.settings.timezone,
                return_days=shop.settings.return_days,
            )
            records = orders.read_records(connection, cluster.broken)
            quarantined = relation_quarantine(cluster.broken, records, shop.hasher)
            orders.replace(connection, inputs, cluster, quarantined)

        with run_warehouse(context, shop) as connection:
            metadata = recompute(
                context, shop, connection, touched.ORDERS, upstream, orders.hand_over, work
            )
            stories = {
                asset_key(table): table_story(connection, table)
                for table in (FCT_ORDERS, FCT_ORDER_ITEMS, FCT_RETURNS)
            }
            stories[RELATIONS] = {
                "quarantined_by_rule": relations_by_rule(connection),
                **preview(quarantined_rows(connection, "relation", None, None)),
            }
        for key, story in stories.items():
            yield dg.MaterializeResult(asset_key=key, metadata={**metadata, **story})

    return order_cluster


def _fct_inventory_daily(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = [staged("inventory"), asset_key(DIM_PRODUCT)]

    @dg.multi_asset(
        specs=[
            table_spec(
                FCT_INVENTORY_DAILY,
                "Stock levels and alerts: one row a snapshot date, product and warehouse.",
                deps=upstream,
            )
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def fct_inventory_daily(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        def work(connection: psycopg.Connection) -> None:
            levels = stock_levels(
                inventory.read_snapshots(connection),
                inventory.read_product_versions(connection),
                timezone=shop.settings.timezone,
            )
            inventory.replace(connection, levels)

        with run_warehouse(context, shop) as connection:
            metadata = recompute(
                context, shop, connection, touched.INVENTORY, upstream, inventory.hand_over, work
            )
            story = table_story(connection, FCT_INVENTORY_DAILY)
        return dg.MaterializeResult(metadata={**metadata, **story})

    return fct_inventory_daily


def _fct_revenue_daily(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    # All feeds: the range reaches to the last loaded batch date, whichever feed it is of.
    upstream = [*all_staged(), *map(asset_key, (FCT_ORDERS, FCT_RETURNS, DIM_CUSTOMER))]

    @dg.multi_asset(
        specs=[
            table_spec(
                FCT_REVENUE_DAILY,
                "Orders, revenue, refunds and customers by day: one row a date.",
                deps=upstream,
            )
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def fct_revenue_daily(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        covered = days_of(context)
        cause = restatements.Cause(context.run.run_id, covered[0], covered[-1])

        def work(connection: psycopg.Connection) -> None:
            rows = daily_revenue(
                revenue.read_dates(connection),
                revenue.read_orders(connection),
                revenue.read_returns(connection),
                revenue.read_first_order_dates(connection),
            )
            revenue.replace(connection, rows, cause)

        with run_warehouse(context, shop) as connection:
            revenue.set_range(connection, cause)
            metadata = recompute(
                context, shop, connection, touched.DATES, upstream, revenue.hand_over, work
            )
            restatements.figures_are_complete(connection, cause)
            restated = restatements.list_restatements(connection, run_id=cause.run_id)
            story = {**restatement_story(restated), **table_story(connection, FCT_REVENUE_DAILY)}
        return dg.MaterializeResult(metadata={**metadata, **story})

    return fct_revenue_daily


def _fct_cohort_ltv(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = [*map(asset_key, (FCT_ORDERS, FCT_RETURNS, DIM_CUSTOMER))]

    def work(connection: psycopg.Connection) -> None:
        rows = cohort_values(
            cohorts.read_customers(connection),
            cohorts.read_orders(connection),
            cohorts.read_returns(connection),
        )
        cohorts.replace(connection, rows)

    @dg.multi_asset(
        specs=[
            table_spec(
                FCT_COHORT_LTV,
                "What the customers of a first order date brought in, and who came back: one row a"
                " cohort date and horizon.",
                deps=upstream,
            )
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        pool=POOL,
    )
    def fct_cohort_ltv(
        context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]
    ) -> dg.MaterializeResult[None]:
        with run_warehouse(context, shop) as connection:
            metadata = recompute(
                context, shop, connection, touched.COHORTS, upstream, cohorts.hand_over, work
            )
            story = table_story(connection, FCT_COHORT_LTV)
        return dg.MaterializeResult(metadata={**metadata, **story})

    return fct_cohort_ltv
