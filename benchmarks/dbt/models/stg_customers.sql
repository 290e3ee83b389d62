select distinct on (customer_id)
    customer_id, email, country, created_at::timestamptz as created_at
from {{ source("landed", "floor_customers") }}
order by customer_id, ingested_at::timestamptz desc
