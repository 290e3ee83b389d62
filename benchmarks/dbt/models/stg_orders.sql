select distinct on (order_id)
    order_id, customer_id, status,
    status in ('paid', 'fulfilled', 'delivered', 'returned') as is_recognised,
    ordered_at::timestamptz as ordered_at,
    (ordered_at::timestamptz at time zone '{{ var("timezone") }}')::date as order_date,
    paid_at::timestamptz as paid_at,
    fulfilled_at::timestamptz as fulfilled_at,
    delivered_at::timestamptz as delivered_at,
    order_discount::numeric(20, 2) as order_discount,
    shipping_amount::numeric(20, 2) as shipping_amount,
    tax_amount::numeric(20, 2) as tax_amount,
    channel, country, discount_code
from {{ source("landed", "floor_orders") }}
order by order_id, ingested_at::timestamptz desc
