select distinct on (return_id)
    return_id, order_item_id, order_id,
    quantity::bigint as quantity,
    returned_at::timestamptz as returned_at,
    (returned_at::timestamptz at time zone '{{ var("timezone") }}')::date as return_date,
    refund_amount::numeric(20, 2) as requested_amount,
    reason
from {{ source("landed", "floor_returns") }}
order by return_id, ingested_at::timestamptz desc
