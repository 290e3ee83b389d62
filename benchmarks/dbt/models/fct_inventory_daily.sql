with latest as (
    select distinct on (snapshot_date::date, product_id, warehouse_id)
        snapshot_date::date as snapshot_date, product_id, warehouse_id,
        on_hand::bigint as on_hand, allocated::bigint as allocated,
        reorder_point::bigint as reorder_point
    from {{ source("landed", "floor_inventory") }}
    order by snapshot_date::date, product_id, warehouse_id, ingested_at::timestamptz desc
), ended as (
    select *, (snapshot_date + 1)::timestamp at time zone '{{ var("timezone") }}' as day_end
    from latest
)
select
    s.snapshot_date, s.product_id, s.warehouse_id, p.product_key, s.on_hand, s.allocated,
    s.on_hand - s.allocated as available, s.reorder_point,
    s.on_hand - s.allocated < s.reorder_point as is_alert
from ended s
left join {{ ref("dim_product") }} p
    on p.product_id = s.product_id and s.day_end > p.used_from
    and (p.valid_to is null or s.day_end <= p.valid_to)
