with judged as (
    select
        r.*, i.product_id, i.product_key, i.kind,
        r.return_date - (
            coalesce(o.delivered_at, o.ordered_at) at time zone '{{ var("timezone") }}'
        )::date as days,
        sum(r.quantity) over line <= i.quantity
            and sum(r.requested_amount) over line <= i.net_amount as is_within_line
    from {{ ref("stg_returns") }} r
    join {{ ref("fct_order_items") }} i using (order_item_id, order_id)
    join {{ ref("int_orders") }} o using (order_id)
    where o.is_recognised and r.returned_at >= o.ordered_at
    window line as (partition by r.order_item_id order by r.returned_at, r.return_id)
)
select
    r.return_id, r.order_item_id, r.order_id, r.product_id, r.kind, r.quantity, r.returned_at,
    r.return_date, r.days, r.days <= {{ var("return_days") }} as is_refundable,
    r.requested_amount,
    case
        when r.days <= {{ var("return_days") }} then r.requested_amount else 0
    end::numeric(20, 2) as refund_amount,
    round(r.quantity * p.cost, 2) as cost_amount, r.reason
from judged r left join {{ ref("dim_product") }} p using (product_key)
where r.is_within_line
