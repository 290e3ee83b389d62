with versions as (
    select distinct on (product_id, updated_at::timestamptz)
        product_id, updated_at::timestamptz as updated_at, name, category,
        price::numeric(14, 4) as price, cost::numeric(14, 4) as cost
    from {{ source("landed", "floor_products") }}
    order by product_id, updated_at::timestamptz, ingested_at::timestamptz desc
), compared as (
    select
        *,
        row_number() over product as number,
        lag(price) over product as price_before,
        lag(cost) over product as cost_before,
        first_value(name) over latest as last_name,
        first_value(category) over latest as last_category
    from versions
    window product as (partition by product_id order by updated_at),
           latest as (partition by product_id order by updated_at desc)
), starts as (
    select
        *,
        lead(updated_at) over (partition by product_id order by updated_at) as valid_to
    from compared
    where number = 1 or price is distinct from price_before or cost is distinct from cost_before
)
select
    product_id || ' ' || updated_at as product_key, product_id, last_name as name,
    last_category as category, price, cost, updated_at as valid_from, valid_to,
    valid_to is null as is_current,
    case when number = 1 then '-infinity' else updated_at end::timestamptz as used_from
from starts
