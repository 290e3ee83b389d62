with days as (
    select day::date as date
    from generate_series(
        (select min(order_date) from {{ ref("fct_orders") }} where is_recognised),
        (select greatest(
            '{{ var("last_batch_date") }}'::date,
            (select max(order_date) from {{ ref("fct_orders") }}),
            (select max(sale_date) from {{ ref("fct_order_items") }}),
            (select max(return_date) from {{ ref("fct_returns") }}),
            (select max(adjustment_date) from {{ ref("fct_adjustments") }})
        )),
        interval '1 day'
    ) day
), placed as (
    select
        o.order_date as date, count(*) as orders, sum(o.tax_amount) as tax,
        sum(o.shipping_amount) as shipping, sum(o.refund_amount) as refunds_by_order_date,
        sum(o.gross_amount - o.discount_amount) as order_value,
        count(distinct o.customer_id) filter (where c.first_order_date = o.order_date)
            as new_customers,
        count(distinct o.customer_id) filter (where c.first_order_date < o.order_date)
            as repeat_customers,
        count(*) filter (where o.customer_id is null) as guest_orders,
        count(*) filter (where o.returns > 0) as with_return
    from {{ ref("fct_orders") }} o left join {{ ref("dim_customer") }} c using (customer_id)
    where o.is_recognised
    group by o.order_date
), sold as (
    select
        sale_date as date,
        sum(quantity) filter (where kind = 'product') as units,
        sum(gross_amount) filter (where kind = 'product') as gross_revenue,
        sum(discount_amount + order_discount_amount) filter (where kind = 'product') as discounts,
        sum(cost_amount) filter (where kind = 'product') as cost,
        sum(net_amount) filter (where kind = 'product' and cost_amount is null)
            as uncosted_revenue,
        sum(net_amount) filter (where kind <> 'product') as other_sales
    from {{ ref("fct_order_items") }}
    where is_recognised
    group by sale_date
), back as (
    select
        return_date as date, count(distinct order_id) as returned_orders,
        sum(refund_amount) filter (where kind = 'product') as refunds,
        sum(refund_amount) filter (where kind <> 'product') as other_refunds,
        sum(cost_amount) filter (where kind = 'product') as cost
    from {{ ref("fct_returns") }}
    group by return_date
), adjusted as (
    select
        adjustment_date as date,
        sum(amount) filter (where kind = 'refund') as refunds,
        sum(amount) filter (where kind = 'shipping') as shipping
    from {{ ref("fct_adjustments") }}
    group by adjustment_date
), figures as (
    select
        date,
        coalesce(p.orders, 0) as orders,
        coalesce(s.units, 0)::bigint as units,
        coalesce(s.gross_revenue, 0) as gross_revenue,
        coalesce(s.discounts, 0) as discounts,
        coalesce(b.refunds, 0) + coalesce(a.refunds, 0) as refunds,
        coalesce(p.refunds_by_order_date, 0) as refunds_by_order_date,
        coalesce(s.cost, 0) - coalesce(b.cost, 0) as cost,
        coalesce(s.uncosted_revenue, 0) as uncosted_revenue,
        coalesce(s.other_sales, 0) - coalesce(b.other_refunds, 0) as other_sales,
        coalesce(p.order_value, 0) as order_value,
        coalesce(p.new_customers, 0) as new_customers,
        coalesce(p.repeat_customers, 0) as repeat_customers,
        coalesce(p.guest_orders, 0) as guest_orders,
        coalesce(b.returned_orders, 0) as returned_orders,
        p.with_return,
        coalesce(p.shipping, 0) - coalesce(a.shipping, 0) as shipping,
        coalesce(p.tax, 0) as tax
    from days
    left join placed p using (date)
    left join sold s using (date)
    left join back b using (date)
    left join adjusted a using (date)
)
select
    date, orders, units, gross_revenue, discounts, refunds, refunds_by_order_date,
    gross_revenue - discounts - refunds as net_revenue, cost,
    gross_revenue - discounts - refunds - cost as gross_margin, uncosted_revenue, other_sales,
    order_value, round(order_value / nullif(orders, 0), 2) as aov, new_customers,
    repeat_customers, guest_orders, returned_orders,
    round(with_return::numeric / nullif(orders, 0), 4) as return_rate, shipping, tax
from figures
