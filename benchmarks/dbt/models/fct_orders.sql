with lines as (
    select
        order_id,
        count(*) filter (where quantity > 0 and kind = 'product') as lines,
        sum(quantity) filter (where kind = 'product') as units,
        sum(gross_amount) filter (where kind = 'product') as gross,
        sum(discount_amount + order_discount_amount) filter (where kind = 'product') as discount,
        sum(net_amount) filter (where kind <> 'product') as other
    from {{ ref("fct_order_items") }}
    group by order_id
), back as (
    select
        order_id, count(*) as returns,
        sum(refund_amount) filter (where kind = 'product') as refund,
        sum(refund_amount) filter (where kind <> 'product') as other_refund
    from {{ ref("fct_returns") }}
    group by order_id
), adjusted as (
    select
        order_id,
        sum(amount) filter (where kind = 'refund') as refund,
        sum(amount) filter (where kind = 'shipping') as shipping
    from {{ ref("fct_adjustments") }}
    group by order_id
)
select
    o.order_id, o.customer_id, o.status, o.is_recognised, o.ordered_at, o.order_date, o.paid_at,
    o.fulfilled_at, o.delivered_at, coalesce(l.lines, 0) as lines,
    coalesce(l.units, 0)::bigint as units, coalesce(b.returns, 0) as returns,
    coalesce(l.gross, 0)::numeric(20, 2) as gross_amount,
    coalesce(l.discount, 0)::numeric(20, 2) as discount_amount,
    (coalesce(b.refund, 0) + coalesce(a.refund, 0))::numeric(20, 2) as refund_amount,
    (
        coalesce(l.gross, 0) - coalesce(l.discount, 0) - coalesce(b.refund, 0)
        - coalesce(a.refund, 0)
    )::numeric(20, 2) as net_amount,
    (coalesce(l.other, 0) - coalesce(b.other_refund, 0))::numeric(20, 2) as other_amount,
    o.shipping_amount, coalesce(a.shipping, 0)::numeric(20, 2) as shipping_refund_amount,
    o.tax_amount, o.channel, o.country, o.discount_code
from {{ ref("int_orders") }} o
left join lines l using (order_id)
left join back b using (order_id)
left join adjusted a using (order_id)
