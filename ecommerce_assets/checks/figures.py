"""The checks of the aggregates: revenue by day, and cohorts."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import psycopg

from ecommerce_assets.checks.table_check import TableCheck, index_of, none_broken
from ecommerce_assets.rules.breakdown import DIMENSIONS
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.tables import (
    FCT_COHORT_LTV,
    FCT_REVENUE_DAILY,
    FCT_SALES_DAILY,
)

_REVENUE_DATES = """
    select date, max(batch_date) as batch_date from (
        select o.order_date as date, s.batch_date
        from scope_orders s join analytics.fct_orders o using (order_id) where o.is_recognised
        union all
        select i.sale_date, s.batch_date
        from scope_orders s join analytics.fct_order_items i using (order_id)
        where i.is_recognised and i.sale_date <> i.order_date
        union all
        select r.return_date, s.batch_date
        from scope_orders s join analytics.fct_returns r using (order_id)
        union all
        select a.adjustment_date, s.batch_date
        from scope_orders s join analytics.fct_adjustments a using (order_id)
    ) dates group by date
"""

_REVENUE_NET = f"""
    select d.batch_date,
           r.date is null
           or r.net_revenue <> r.gross_revenue - r.discounts - r.refunds
           or r.gross_margin + r.cost <> r.net_revenue as is_broken
    from ({_REVENUE_DATES}) d left join analytics.fct_revenue_daily r using (date)
"""  # noqa: S608

_LEDGER = f"""
    with dates as ({_REVENUE_DATES}), lines as (
        select sale_date as date,
               sum(quantity) filter (where kind = 'product') as units,
               sum(gross_amount) filter (where kind = 'product') as gross,
               sum(net_amount) filter (where kind = 'product') as net,
               sum(cost_amount) filter (where kind = 'product') as cost,
               sum(net_amount) filter (where kind <> 'product') as other
        from analytics.fct_order_items
        where is_recognised and sale_date in (select date from dates) group by sale_date
    ), returns as (
        select return_date as date,
               sum(refund_amount) filter (where kind = 'product') as refunds,
               sum(cost_amount) filter (where kind = 'product') as cost,
               sum(refund_amount) filter (where kind <> 'product') as other
        from analytics.fct_returns
        where return_date in (select date from dates) group by return_date
    ), adjustments as (
        select adjustment_date as date,
               sum(amount) filter (where kind = 'refund') as refunds,
               sum(amount) filter (where kind = 'shipping') as shipping
        from analytics.fct_adjustments
        where adjustment_date in (select date from dates) group by adjustment_date
    ), orders as (
        select order_date as date, count(*) as orders, sum(shipping_amount) as shipping,
               sum(gross_amount - discount_amount) as order_value, sum(refund_amount) as refunds
        from analytics.fct_orders
        where is_recognised and order_date in (select date from dates) group by order_date
    )
    select d.batch_date, (
        f.orders, f.order_value, f.units, f.gross_revenue, f.gross_revenue - f.discounts, f.refunds,
        f.refunds_by_order_date, f.cost, f.other_sales, f.shipping
    ) is distinct from (
        coalesce(o.orders, 0), coalesce(o.order_value, 0), coalesce(l.units, 0),
        coalesce(l.gross, 0), coalesce(l.net, 0), coalesce(r.refunds, 0) + coalesce(a.refunds, 0),
        coalesce(o.refunds, 0), coalesce(l.cost, 0) - coalesce(r.cost, 0),
        coalesce(l.other, 0) - coalesce(r.other, 0),
        coalesce(o.shipping, 0) - coalesce(a.shipping, 0)
    ) as is_broken
    from dates d
    left join analytics.fct_revenue_daily f using (date)
    left join lines l using (date)
    left join returns r using (date)
    left join adjustments a using (date)
    left join orders o using (date)
"""  # noqa: S608

_BREAKDOWNS = f"""
    with dates as ({_REVENUE_DATES}), sums as (
        select dimension, date, sum(units) as units, sum(gross_revenue) as gross_revenue,
               sum(discounts) as discounts, sum(refunds) as refunds,
               sum(refunds_by_order_date) as refunds_by_order_date, sum(cost) as cost
        from analytics.fct_sales_daily where date in (select date from dates)
        group by dimension, date
    )
    select d.batch_date, (
        f.units, f.gross_revenue, f.discounts, f.refunds, f.refunds_by_order_date, f.cost
    ) is distinct from (
        coalesce(s.units, 0), coalesce(s.gross_revenue, 0), coalesce(s.discounts, 0),
        coalesce(s.refunds, 0), coalesce(s.refunds_by_order_date, 0), coalesce(s.cost, 0)
    ) as is_broken
    from dates d
    cross join unnest(array[{", ".join(f"'{name}'" for name in DIMENSIONS)}]) as dimension
    left join analytics.fct_revenue_daily f using (date)
    left join sums s on s.date = d.date and s.dimension = dimension.dimension
"""  # noqa: S608

_COHORTS = """
    with cohorts as (
        select c.first_order_date as date, max(s.batch_date) as batch_date
        from scope_customers s join analytics.dim_customer c using (customer_id)
        where c.first_order_date is not null group by c.first_order_date
    ), sizes as (
        select first_order_date as date, count(*) as customers
        from analytics.dim_customer where first_order_date in (select date from cohorts)
        group by first_order_date
    )
    select batch_date, count(f.customers) <> 3 or bool_or(f.customers <> sizes.customers) is true
           as is_broken
    from cohorts join sizes using (date)
    left join analytics.fct_cohort_ltv f on f.cohort_date = date
    group by date, batch_date
"""

# A small table: one row a date, whole, on the last day.
_EVERY_DATE = """
    select %(last)s::date as batch_date, date <> before + 1 as is_broken
    from (
        select date, lag(date) over (order by date) as before from analytics.fct_revenue_daily
    ) dates
"""


def _refund_bases(
    connection: psycopg.Connection, days: Sequence[dt.date], _: Settings
) -> pd.DataFrame:
    """Compare the sums of all refunds by return date and by order date."""
    row = connection.execute(
        """
        select coalesce(sum(refunds), 0), coalesce(sum(refunds_by_order_date), 0)
        from analytics.fct_revenue_daily
        """
    ).fetchone()
    by_return_date, by_order_date = row or (0, 0)
    results = pd.DataFrame({"passed": True}, index=index_of(days))
    results["by_return_date"] = str(by_return_date)
    results["by_order_date"] = str(by_order_date)
    # The sums belong to no single day; a difference is reported on the last one.
    results.loc[results.index[-1:], "passed"] = by_return_date == by_order_date
    return results


FIGURE_CHECKS = (
    TableCheck(
        FCT_REVENUE_DAILY,
        "net_formula",
        True,
        "net = gross - discounts - refunds and margin + cost = net, on every date that the facts of"
        " the days' orders lie on.",
        none_broken(_REVENUE_NET),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "ledger",
        True,
        "The figures of those dates are what orders, lines, returns and adjustments add up to.",
        none_broken(_LEDGER),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "every_date",
        True,
        "From the first date to the last none is missing.",
        none_broken(_EVERY_DATE),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "refund_bases",
        True,
        "Over all dates refunds by return date and by order date add up to the same.",
        _refund_bases,
    ),
    TableCheck(
        FCT_SALES_DAILY,
        "totals",
        True,
        "On those dates the values of each dimension add up to the figures of fct_revenue_daily.",
        none_broken(_BREAKDOWNS),
    ),
    TableCheck(
        FCT_COHORT_LTV,
        "cohort_sizes",
        True,
        "A cohort has as many customers, at every horizon, as have their first order on its date.",
        none_broken(_COHORTS),
    ),
)
