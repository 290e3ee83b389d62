select distinct on (adjustment_id)
    adjustment_id, order_id, kind,
    adjusted_at::timestamptz as adjusted_at,
    (adjusted_at::timestamptz at time zone '{{ var("timezone") }}')::date as adjustment_date,
    amount::numeric(20, 2) as amount,
    reason
from {{ source("landed", "floor_adjustments") }}
order by adjustment_id, ingested_at::timestamptz desc
