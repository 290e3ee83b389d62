"""The checks of the aggregates: revenue by day, and cohorts."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import psycopg

from ecommerce_assets.checks.table_check import Condition, TableCheck, index_of
from ecommerce_assets.rules.breakdown import DIMENSIONS
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.tables import (
    FCT_COHORT_LTV,
    FCT_REVENUE_DAILY,
    FCT_SALES_DAILY,
)

_DATES = """
    scope_dates s
    left join analytics.fct_revenue_daily f using (date)
    left join (
        select sale_date as date,
               sum(quantity) filter (where kind = 'product') as units,
               sum(gross_amount) filter (where kind = 'product') as gross,
               sum(net_amount) filter (where kind = 'product') as net,
               sum(cost_amount) filter (where kind = 'product') as cost,
               sum(net_amount) filter (where kind <> 'product') as other
        from analytics.fct_order_items
        where is_recognised and sale_date in (select date from scope_dates) group by sale_date
    ) l using (date)
    left join (
        select return_date as date,
               sum(refund_amount) filter (where kind = 'product') as refunds,
               sum(cost_amount) filter (where kind = 'product') as cost,
               sum(refund_amount) filter (where kind <> 'product') as other
        from analytics.fct_returns
        where return_date in (select date from scope_dates) group by return_date
    ) r using (date)
    left join (
        select adjustment_date as date,
               sum(amount) filter (where kind = 'refund') as refunds,
               sum(amount) filter (where kind = 'shipping') as shipping
        from analytics.fct_adjustments
        where adjustment_date in (select date from scope_dates) group by adjustment_date
    ) a using (date)
    left join (
        select order_date as date, count(*) as orders, sum(shipping_amount) as shipping,
               sum(gross_amount - discount_amount) as order_value, sum(refund_amount) as refunds
        from analytics.fct_orders
        where is_recognised and order_date in (select date from scope_dates) group by order_date
    ) o using (date)
"""

_REVENUE_NET = """
    f.date is null
    or f.net_revenue <> f.gross_revenue - f.discounts - f.refunds
    or f.gross_margin + f.cost <> f.net_revenue
"""

_LEDGER = """
    (
        f.orders, f.order_value, f.units, f.gross_revenue, f.gross_revenue - f.discounts, f.refunds,
        f.refunds_by_order_date, f.cost, f.other_sales, f.shipping
    ) is distinct from (
        coalesce(o.orders, 0), coalesce(o.order_value, 0), coalesce(l.units, 0),
        coalesce(l.gross, 0), coalesce(l.net, 0), coalesce(r.refunds, 0) + coalesce(a.refunds, 0),
        coalesce(o.refunds, 0), coalesce(l.cost, 0) - coalesce(r.cost, 0),
        coalesce(l.other, 0) - coalesce(r.other, 0),
        coalesce(o.shipping, 0) - coalesce(a.shipping, 0)
    )
"""

_DATES_BY_DIMENSION = f"""
    (
        select batch_date, date, dimension
        from scope_dates, unnest(array[{", ".join(f"'{name}'" for name in DIMENSIONS)}]) dimension
    ) s
    left join analytics.fct_revenue_daily f using (date)
    left join (
        select dimension, date, sum(units) as units, sum(gross_revenue) as gross_revenue,
               sum(discounts) as discounts, sum(refunds) as refunds,
               sum(refunds_by_order_date) as refunds_by_order_date, sum(cost) as cost
        from analytics.fct_sales_daily where date in (select date from scope_dates)
        group by dimension, date
    ) sums using (date, dimension)
"""  # noqa: S608

_TOTALS = """
    (
        f.units, f.gross_revenue, f.discounts, f.refunds, f.refunds_by_order_date, f.cost
    ) is distinct from (
        coalesce(sums.units, 0), coalesce(sums.gross_revenue, 0), coalesce(sums.discounts, 0),
        coalesce(sums.refunds, 0), coalesce(sums.refunds_by_order_date, 0), coalesce(sums.cost, 0)
    )
"""

_COHORTS = """
    (
        select c.first_order_date as date, max(s.batch_date) as batch_date
        from scope_customers s join analytics.dim_customer c using (customer_id)
        where c.first_order_date is not null group by c.first_order_date
    ) s
    join (
        select first_order_date as date, count(*) as customers
        from analytics.dim_customer group by first_order_date
    ) sizes using (date)
    left join (
        select cohort_date as date, count(*) as horizons, min(customers) as fewest,
               max(customers) as most
        from analytics.fct_cohort_ltv group by cohort_date
    ) f using (date)
"""

_COHORT_SIZES = """
    f.horizons is distinct from 3 or (f.fewest, f.most) <> (sizes.customers, sizes.customers)
"""

# A small table: one row a date, whole, on the last day.
_EVERY_DATE = """
    (
        select %(last)s::date as batch_date, date, lag(date) over (order by date) as before
        from analytics.fct_revenue_daily
    ) s
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
        Condition(_DATES, _REVENUE_NET),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "ledger",
        True,
        "The figures of those dates are what orders, lines, returns and adjustments add up to.",
        Condition(_DATES, _LEDGER),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "every_date",
        True,
        "From the first date to the last none is missing.",
        Condition(_EVERY_DATE, "date <> before + 1"),
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
        Condition(_DATES_BY_DIMENSION, _TOTALS),
    ),
    TableCheck(
        FCT_COHORT_LTV,
        "cohort_sizes",
        True,
        "A cohort has as many customers, at every horizon, as have their first order on its date.",
        Condition(_COHORTS, _COHORT_SIZES),
    ),
)
