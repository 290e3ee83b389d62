"""What holds in every state that a reader can see, as queries that count what contradicts it."""

import psycopg

CONTRADICTIONS = {
    "the net of an order": """
        select count(*) from analytics.fct_orders
        where net_amount <> gross_amount - discount_amount - refund_amount
    """,
    "the net of a date": """
        select count(*) from analytics.fct_revenue_daily
        where net_revenue <> gross_revenue - discounts - refunds
           or gross_margin <> net_revenue - cost
    """,
    "an order and its lines": """
        select count(*) from analytics.fct_orders o
        left join (
            select order_id, sum(gross_amount) as gross, sum(quantity) as units,
                   sum(discount_amount + order_discount_amount) as discount
            from analytics.fct_order_items where kind = 'product' group by order_id
        ) l using (order_id)
        where (o.gross_amount, o.discount_amount, o.units)
           <> (coalesce(gross, 0), coalesce(discount, 0), coalesce(l.units, 0))
    """,
    "an order and its refunds": """
        select count(*) from analytics.fct_orders o
        where o.refund_amount <> coalesce((
            select sum(r.refund_amount) from analytics.fct_returns r
            join analytics.fct_order_items i using (order_item_id)
            where r.order_id = o.order_id and i.kind = 'product'
        ), 0) + coalesce((
            select sum(amount) from analytics.fct_adjustments a
            where a.order_id = o.order_id and kind = 'refund'
        ), 0)
    """,
    "parts without their order": """
        select count(*) from (
            select order_id from analytics.fct_order_items
            union select order_id from analytics.fct_returns
            union select order_id from analytics.fct_adjustments
        ) p where not exists (
            select from analytics.fct_orders o where o.order_id = p.order_id
        )
    """,
    "facts and dates": """
        select count(*) from analytics.fct_revenue_daily d
        left join (
            select sale_date as date, sum(gross_amount) as gross, sum(quantity) as units
            from analytics.fct_order_items where is_recognised and kind = 'product' group by 1
        ) s using (date)
        left join (
            select order_date as date, count(*) as orders, sum(refund_amount) as refunds
            from analytics.fct_orders where is_recognised group by 1
        ) o using (date)
        where (d.orders, d.units, d.gross_revenue, d.refunds_by_order_date) <> (
            coalesce(o.orders, 0), coalesce(s.units, 0), coalesce(s.gross, 0),
            coalesce(o.refunds, 0)
        )
    """,
    "the two ways to date refunds": """
        select count(*) from (
            select sum(refunds) as refunds, sum(refunds_by_order_date) as by_order_date
            from analytics.fct_revenue_daily
        ) d where refunds <> by_order_date
    """,
    "customers and cohorts": """
        select count(*) from (
            select first_order_date as cohort_date, count(*) as customers
            from analytics.dim_customer where first_order_date is not null group by 1
        ) c full join analytics.fct_cohort_ltv l using (cohort_date)
        where c.customers is distinct from l.customers
    """,
    "customers and their orders": """
        select count(*) from analytics.dim_customer c
        where (c.orders, c.net_revenue) <> (
            select count(*), coalesce(sum(net_amount), 0) from analytics.fct_orders o
            where o.customer_id = c.customer_id and is_recognised
        )
    """,
    "staged keys, facts and relation quarantine": """
        select count(*) from (
            select (select count(distinct order_item_id) from staging.order_items) as staged,
                   (select count(*) from analytics.fct_order_items) as facts,
                   (select count(*) from quarantine.records
                    where feed = 'order_items' and stage = 'relation') as quarantined
        ) k where staged <> facts + quarantined
    """,
}


def contradictions(connection: psycopg.Connection) -> dict[str, int]:
    """Count, in one snapshot, what contradicts itself."""
    found = {}
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        for name, query in CONTRADICTIONS.items():
            ((count,),) = connection.execute(query).fetchall()
            if count:
                found[name] = count
    return found
