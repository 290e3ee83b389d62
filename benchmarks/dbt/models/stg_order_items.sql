select distinct on (order_item_id)
    order_item_id, order_id, product_id, kind,
    quantity::bigint as quantity,
    unit_price::numeric(14, 4) as unit_price,
    case
        when quantity::bigint = 0 then 0
        else coalesce(
            gross_amount::numeric(20, 2), round(quantity::bigint * unit_price::numeric(14, 4), 2)
        )
    end::numeric(20, 2) as gross_amount,
    discount_amount::numeric(20, 2) as discount_amount,
    sold_at::timestamptz as sold_at
from {{ source("landed", "floor_order_items") }}
order by order_item_id, ingested_at::timestamptz desc
