-- Orders whose discounts are not above their lines' gross.
select o.*
from {{ ref("stg_orders") }} o
left join (
    select order_id, sum(gross_amount) as gross, sum(discount_amount) as discount
    from {{ ref("stg_order_items") }}
    group by order_id
) l using (order_id)
where o.order_discount + coalesce(l.discount, 0) <= coalesce(l.gross, 0)
