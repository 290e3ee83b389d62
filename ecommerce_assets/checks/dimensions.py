"""The checks of the dimensions."""

from ecommerce_assets.checks.table_check import TableCheck, none_broken
from ecommerce_assets.warehouse.tables import DIM_CUSTOMER, DIM_DATE, DIM_PRODUCT

_PRODUCT_CONSERVATION = """
    select batch_date, not (
        exists (select from staging.products p where p.product_id = s.product_id)
        and exists (select from analytics.dim_product d where d.product_id = s.product_id)
    ) as is_broken
    from scope_products s
"""

_PRODUCT_VERSIONS = """
    with versions as (
        select s.batch_date, d.product_id, d.valid_from, d.valid_to, d.is_current,
               lead(d.valid_from) over (
                   partition by d.product_id order by d.valid_from
               ) as next_from
        from scope_products s join analytics.dim_product d using (product_id)
    )
    select batch_date,
           bool_or(valid_to is distinct from next_from)
           or bool_or(valid_to <= valid_from) is true
           or count(*) filter (where is_current) <> 1
           or bool_or(is_current <> (valid_to is null)) as is_broken
    from versions group by product_id, batch_date
"""

_CUSTOMER_CONSERVATION = """
    select s.batch_date, c.customer_id is null or c.is_inferred = exists (
        select from staging.customers r where r.customer_id = s.customer_id
    ) as is_broken
    from scope_customers s left join analytics.dim_customer c using (customer_id)
"""

# A small table: one row a date, whole, on the last day.
_CALENDAR = """
    select %(last)s::date as batch_date, d.date is null as is_broken
    from analytics.fct_revenue_daily left join analytics.dim_date d using (date)
"""

DIMENSION_CHECKS = (
    TableCheck(
        DIM_PRODUCT,
        "conservation",
        True,
        "Every staged product has a version, and every version's product is staged.",
        none_broken(_PRODUCT_CONSERVATION),
    ),
    TableCheck(
        DIM_PRODUCT,
        "versions",
        True,
        "A product's versions follow on one another without gap or overlap; one is current.",
        none_broken(_PRODUCT_VERSIONS),
    ),
    TableCheck(
        DIM_CUSTOMER,
        "conservation",
        True,
        "Every customer of the feed and of the orders has a row; inferred are those not in the"
        " feed.",
        none_broken(_CUSTOMER_CONSERVATION),
    ),
    TableCheck(
        DIM_DATE,
        "calendar",
        True,
        "Every date with revenue figures is in the calendar.",
        none_broken(_CALENDAR),
    ),
)
