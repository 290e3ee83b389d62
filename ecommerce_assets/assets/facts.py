"""The facts: orders with lines, returns and adjustments, stock levels, revenue by day, cohorts."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from ecommerce_assets.assets.metadata import preview, restatement_metadata, table_metadata
from ecommerce_assets.assets.recompute import Step, recomputed_asset
from ecommerce_assets.assets.specs import asset_key, key_of, table_spec
from ecommerce_assets.assets.staging import all_staged, staged
from ecommerce_assets.feeds.quarantine import kept_ids, relation_quarantine
from ecommerce_assets.rules.breakdown import daily_sales, refunds_of_sales
from ecommerce_assets.rules.cohorts import cohort_values
from ecommerce_assets.rules.inventory import stock_levels
from ecommerce_assets.rules.orders import build_cluster
from ecommerce_assets.rules.revenue import daily_revenue, refunds_of_dates
from ecommerce_assets.warehouse import (
    cohorts,
    inventory,
    orders,
    restatements,
    revenue,
    sales,
    touched,
)
from ecommerce_assets.warehouse.previews import quarantined_rows
from ecommerce_assets.warehouse.quarantine import relations_by_rule
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    FCT_SALES_DAILY,
    FCT_SALES_MONTHLY,
    QUARANTINE,
)
from ecommerce_assets.warehouse.touched import work_off


def relations() -> dg.AssetKey:
    """The key of the relation quarantine."""
    return key_of("quarantine", "relations")


_CLUSTER = {
    FCT_ORDERS: "Orders as they stand by now: one row an order.",
    FCT_ORDER_ITEMS: "Order lines with their part of the order's discount and their cost: one row a"
    " line.",
    FCT_RETURNS: "Returns and what is refunded: one row a return.",
    FCT_ADJUSTMENTS: "Money given back, or charged again, without goods: one row an adjustment.",
}


def _cluster_keys() -> list[dg.AssetKey]:
    return [asset_key(table) for table in _CLUSTER]


def fact_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of the facts."""
    return [
        _order_cluster(days),
        _fct_inventory_daily(days),
        _daily_figures(days),
        _fct_cohort_ltv(days),
    ]


def _order_cluster(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = [*map(staged, orders.FEEDS), asset_key(DIM_PRODUCT)]

    def work(step: Step) -> None:
        inputs = orders.read_inputs(step.connection)
        settings = step.shop.settings
        cluster = build_cluster(
            inputs.order_ids,
            inputs.orders,
            inputs.order_items,
            inputs.returns,
            inputs.adjustments,
            inputs.product_versions,
            timezone=settings.timezone,
            return_days=settings.return_days,
        )
        records = orders.read_records(step.connection, cluster.broken)
        hasher = step.shop.hasher
        quarantined = relation_quarantine(cluster.broken, records, hasher)
        orders.replace(step.connection, cluster, quarantined, kept_ids(inputs.order_ids, hasher))

    def describe(step: Step) -> Mapping[dg.AssetKey, Mapping[str, Any]]:
        return {
            **{asset_key(table): table_metadata(step.connection, table) for table in _CLUSTER},
            relations(): {
                "quarantined_by_rule": relations_by_rule(step.connection),
                **preview(quarantined_rows(step.connection, "relation", None, None)),
            },
        }

    return recomputed_asset(
        days,
        name="order_cluster",
        specs=[
            *(table_spec(table, text, deps=upstream) for table, text in _CLUSTER.items()),
            table_spec(
                QUARANTINE,
                "Staged records that break a relation rule by now, with all their reasons.",
                key=relations(),
                deps=upstream,
            ),
        ],
        queue=touched.ORDERS,
        hand_over=orders.hand_over,
        work=work,
        describe=describe,
    )


def _fct_inventory_daily(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    def work(step: Step) -> None:
        levels = stock_levels(
            inventory.read_snapshots(step.connection),
            inventory.read_product_versions(step.connection),
            timezone=step.shop.settings.timezone,
        )
        inventory.replace(step.connection, levels)

    return recomputed_asset(
        days,
        name="fct_inventory_daily",
        specs=[
            table_spec(
                FCT_INVENTORY_DAILY,
                "Stock levels and alerts: one row a snapshot date, product and warehouse.",
                deps=[staged("inventory"), asset_key(DIM_PRODUCT)],
            )
        ],
        queue=touched.INVENTORY,
        hand_over=inventory.hand_over,
        work=work,
        describe=lambda step: {
            asset_key(FCT_INVENTORY_DAILY): table_metadata(step.connection, FCT_INVENTORY_DAILY)
        },
    )


def _daily_figures(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    def work(step: Step) -> None:
        dates = revenue.read_dates(step.connection)
        orders = sales.read_orders(step.connection)
        booked = (
            orders,
            sales.read_lines(step.connection),
            sales.read_returns(step.connection),
            sales.read_adjustments(step.connection),
            sales.first_order_dates(orders),
        )
        revenue.replace(step.connection, daily_revenue(dates, *booked), step.cause)
        categories = sales.read_categories(step.connection)
        sales.replace(step.connection, daily_sales(dates, *booked, categories))

    def work_refunds(step: Step) -> None:
        orders = sales.read_refunded_orders(step.connection)
        counts = revenue.read_order_counts(step.connection)
        revenue.replace_refunds(step.connection, refunds_of_dates(counts, orders), step.cause)
        refunds = refunds_of_sales(
            orders,
            sales.read_returns(step.connection),
            sales.read_adjustments(step.connection),
            sales.first_order_dates(orders),
            sales.read_categories(step.connection),
        )
        sales.replace_refunds(step.connection, refunds)

    def after(step: Step) -> None:
        work_off(step.connection, touched.REFUNDED_DATES, lambda _: work_refunds(step))
        restatements.figures_are_complete(step.connection, step.cause)

    def describe(step: Step) -> Mapping[dg.AssetKey, Mapping[str, Any]]:
        restated = restatements.list_restatements(step.connection, run_id=step.cause.run_id)
        return {
            asset_key(FCT_REVENUE_DAILY): {
                **restatement_metadata(restated),
                **table_metadata(step.connection, FCT_REVENUE_DAILY),
            },
            asset_key(FCT_SALES_DAILY): table_metadata(step.connection, FCT_SALES_DAILY),
            asset_key(FCT_SALES_MONTHLY): table_metadata(step.connection, FCT_SALES_MONTHLY),
        }

    return recomputed_asset(
        days,
        name="daily_figures",
        specs=[
            table_spec(
                FCT_REVENUE_DAILY,
                "Orders, revenue, cost, refunds and customers by day: one row a date.",
                # All feeds, since the range ends with the last loaded batch date of any feed.
                deps=[*all_staged(), *_cluster_keys(), asset_key(DIM_CUSTOMER)],
            ),
            *(
                table_spec(
                    table,
                    f"Sales by {period} broken down: one row a dimension (product, category,"
                    f" country, channel, discount code, customer), {column} and value.",
                    deps=[
                        *all_staged(),
                        *_cluster_keys(),
                        asset_key(DIM_CUSTOMER),
                        asset_key(DIM_PRODUCT),
                    ],
                )
                for table, period, column in (
                    (FCT_SALES_DAILY, "day", "date"),
                    (FCT_SALES_MONTHLY, "month", "month"),
                )
            ),
        ],
        queue=touched.DATES,
        hand_over=revenue.hand_over,
        before=lambda step: revenue.set_range(step.connection, step.cause),
        work=work,
        after=after,
        describe=describe,
    )


def _fct_cohort_ltv(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    def work(step: Step) -> None:
        rows = cohort_values(
            cohorts.read_customers(step.connection),
            cohorts.read_came_back(step.connection),
            cohorts.read_lines(step.connection),
            cohorts.read_returns(step.connection),
            cohorts.read_adjustments(step.connection),
        )
        cohorts.replace(step.connection, rows)

    return recomputed_asset(
        days,
        name="fct_cohort_ltv",
        specs=[
            table_spec(
                FCT_COHORT_LTV,
                "What the customers of a first order date brought in, and who came back: one row a"
                " cohort date and horizon.",
                deps=[*_cluster_keys(), asset_key(DIM_CUSTOMER)],
            )
        ],
        queue=touched.COHORTS,
        hand_over=cohorts.hand_over,
        work=work,
        describe=lambda step: {
            asset_key(FCT_COHORT_LTV): table_metadata(step.connection, FCT_COHORT_LTV)
        },
    )
