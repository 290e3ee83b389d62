"""The checks of the dimensions."""

from ecommerce_assets.checks.table_check import Condition, TableCheck
from ecommerce_assets.warehouse.tables import DIM_CUSTOMER, DIM_DATE, DIM_PRODUCT

_PRODUCTS = """
    scope_products s
    left join (
        select distinct product_id from scope_products join staging.products using (product_id)
    ) v using (product_id)
    left join (
        select product_id, bool_or(valid_to is distinct from next_from)
                   or bool_or(valid_to <= valid_from) is true
                   or count(*) filter (where is_current) <> 1
                   or bool_or(is_current <> (valid_to is null)) as is_broken
        from (
            select d.*, lead(valid_from) over (partition by product_id order by valid_from)
                as next_from
            from scope_products join analytics.dim_product d using (product_id)
        ) d
        group by product_id
    ) versions using (product_id)
"""

_CUSTOMERS = """
    scope_customers s
    left join analytics.dim_customer c using (customer_id)
    left join (
        select distinct customer_id from scope_customers join staging.customers using (customer_id)
    ) v using (customer_id)
"""

# A small table: one row a date, whole, on the last day.
_REVENUE_DATES = """
    (select %(last)s::date as batch_date, date from analytics.fct_revenue_daily) s
    left join analytics.dim_date d using (date)
"""

DIMENSION_CHECKS = (
    TableCheck(
        DIM_PRODUCT,
        "conservation",
        True,
        "Every staged product has a version, and every version's product is staged.",
        Condition(_PRODUCTS, "v.product_id is null or versions.product_id is null"),
    ),
    TableCheck(
        DIM_PRODUCT,
        "versions",
        True,
        "A product's versions follow on one another without gap or overlap; one is current.",
        Condition(_PRODUCTS, "versions.is_broken", examined="versions.product_id is not null"),
    ),
    TableCheck(
        DIM_CUSTOMER,
        "conservation",
        True,
        "Every customer of the feed and of the orders has a row; inferred are those not in the"
        " feed.",
        Condition(
            _CUSTOMERS,
            "c.customer_id is null or c.is_inferred = (v.customer_id is not null)",
        ),
    ),
    TableCheck(
        DIM_DATE,
        "calendar",
        True,
        "Every date with revenue figures is in the calendar.",
        Condition(_REVENUE_DATES, "d.date is null"),
    ),
)
