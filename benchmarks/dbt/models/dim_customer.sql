with ordered as (
    select
        customer_id,
        min(order_date) filter (where is_recognised) as first_order_date,
        max(order_date) filter (where is_recognised) as last_order_date,
        count(*) filter (where is_recognised) as orders,
        sum(net_amount) filter (where is_recognised) as net_revenue
    from {{ ref("fct_orders") }}
    where customer_id is not null
    group by customer_id
)
select
    customer_id, encode(sha256(lower(c.email)::bytea), 'hex') as email_sha256, c.country,
    c.created_at, o.first_order_date, o.last_order_date, coalesce(o.orders, 0) as orders,
    coalesce(o.net_revenue, 0)::numeric(20, 2) as net_revenue, c.created_at is null as is_inferred
from {{ ref("stg_customers") }} c full join ordered o using (customer_id)
