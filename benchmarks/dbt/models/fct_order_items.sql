with lines as (
    select
        i.order_item_id, i.order_id, i.product_id, i.kind, o.order_date,
        greatest(i.sold_at, o.ordered_at) as sold_at,
        o.is_recognised, i.quantity, i.unit_price, i.gross_amount, i.discount_amount,
        o.order_discount
    from {{ ref("stg_order_items") }} i join {{ ref("int_orders") }} o using (order_id)
), weighed as (
    select
        order_item_id, order_id, order_discount * 100 as discount,
        (gross_amount - discount_amount) * 100 as weight,
        sum((gross_amount - discount_amount) * 100) over (partition by order_id) as weights
    from lines
    where order_discount > 0
), floored as (
    select
        order_item_id, order_id, discount, div(discount * weight, weights) as part,
        mod(discount * weight, weights) as remainder
    from weighed
), allocated as (
    -- By largest remainder, ties to the smaller id.
    select
        order_item_id,
        (part + case
            when row_number() over (
                partition by order_id order by remainder desc, order_item_id
            ) <= discount - sum(part) over (partition by order_id) then 1 else 0
        end) / 100 as part
    from floored
)
select
    l.order_item_id, l.order_id, l.product_id, p.product_key, l.kind, l.order_date, l.sold_at,
    (l.sold_at at time zone '{{ var("timezone") }}')::date as sale_date,
    l.is_recognised, l.quantity, l.unit_price, l.gross_amount, l.discount_amount,
    coalesce(a.part, 0)::numeric(20, 2) as order_discount_amount,
    (l.gross_amount - l.discount_amount - coalesce(a.part, 0))::numeric(20, 2) as net_amount,
    round(l.quantity * p.cost, 2) as cost_amount
from lines l
left join allocated a using (order_item_id)
left join {{ ref("dim_product") }} p
    on p.product_id = l.product_id and l.sold_at >= p.used_from
    and (p.valid_to is null or l.sold_at < p.valid_to)
