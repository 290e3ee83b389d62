{% set dimension %}
        case
            when grouping(product_id) = 0 then 'product'
            when grouping(category) = 0 then 'category'
            when grouping(country) = 0 then 'country'
            when grouping(channel) = 0 then 'channel'
            when grouping(discount_code) = 0 then 'discount_code'
            else 'customer'
        end
{% endset %}
{% set value %}
        coalesce(product_id, category, country, channel, discount_code, customer)
{% endset %}
with of_orders as (
    select
        o.order_id, o.order_date, coalesce(o.country, '') as country,
        coalesce(o.channel, '') as channel, coalesce(o.discount_code, '') as discount_code,
        case
            when o.customer_id is null then 'guest'
            when c.first_order_date = o.order_date then 'new' else 'repeat'
        end as customer
    from {{ ref("fct_orders") }} o left join {{ ref("dim_customer") }} c using (customer_id)
    where o.is_recognised
), products as (
    select product_id, category from {{ ref("dim_product") }} where is_current
), entries as (
    select
        sale_date as date, order_id, product_id, quantity as units, gross_amount as gross_revenue,
        discount_amount + order_discount_amount as discounts, 0 as refunds,
        0 as refunds_by_order_date, coalesce(cost_amount, 0) as cost
    from {{ ref("fct_order_items") }}
    where is_recognised and kind = 'product'
    union all
    select
        return_date, order_id, product_id, 0, 0, 0, refund_amount, 0, -coalesce(cost_amount, 0)
    from {{ ref("fct_returns") }}
    where kind = 'product'
    union all
    select adjustment_date, order_id, null, 0, 0, 0, amount, 0, 0
    from {{ ref("fct_adjustments") }}
    where kind = 'refund'
    union all
    select o.order_date, order_id, r.product_id, 0, 0, 0, 0, r.refund_amount, 0
    from {{ ref("fct_returns") }} r join of_orders o using (order_id)
    where r.kind = 'product'
    union all
    select o.order_date, order_id, null, 0, 0, 0, 0, a.amount, 0
    from {{ ref("fct_adjustments") }} a join of_orders o using (order_id)
    where a.kind = 'refund'
), figures as (
    select
        {{ dimension }} as dimension,
        date,
        {{ value }} as value,
        sum(units) as units, sum(gross_revenue) as gross_revenue, sum(discounts) as discounts,
        sum(refunds) as refunds, sum(refunds_by_order_date) as refunds_by_order_date,
        sum(cost) as cost
    from (
        select
            e.date, coalesce(product_id, '') as product_id, coalesce(p.category, '') as category,
            o.country, o.channel, o.discount_code, o.customer, e.units, e.gross_revenue,
            e.discounts, e.refunds, e.refunds_by_order_date, e.cost
        from entries e join of_orders o using (order_id) left join products p using (product_id)
    ) entered
    group by grouping sets (
        (date, product_id), (date, category), (date, country), (date, channel),
        (date, discount_code), (date, customer)
    )
), counted as (
    select
        {{ dimension }} as dimension,
        order_date as date,
        {{ value }} as value,
        count(distinct order_id) as orders
    from (
        select
            order_id, o.order_date, coalesce(product_id, '') as product_id,
            coalesce(p.category, '') as category, o.country, o.channel, o.discount_code,
            o.customer
        from {{ ref("fct_order_items") }} i join of_orders o using (order_id)
        left join products p using (product_id)
        where i.kind = 'product'
    ) ordered
    group by grouping sets (
        (order_date, product_id), (order_date, category), (order_date, country),
        (order_date, channel), (order_date, discount_code), (order_date, customer)
    )
)
select
    dimension, date, value, coalesce(orders, 0) as orders, coalesce(units, 0)::bigint as units,
    coalesce(gross_revenue, 0) as gross_revenue, coalesce(discounts, 0) as discounts,
    coalesce(refunds, 0) as refunds, coalesce(refunds_by_order_date, 0) as refunds_by_order_date,
    coalesce(cost, 0) as cost
from figures full join counted using (dimension, date, value)
