select
    date, extract(year from date)::bigint as year, extract(quarter from date)::bigint as quarter,
    extract(month from date)::bigint as month, extract(isoyear from date)::bigint as iso_year,
    extract(week from date)::bigint as iso_week, extract(isodow from date)::bigint as day_of_week,
    extract(isodow from date) in (6, 7) as is_weekend
from {{ ref("fct_revenue_daily") }}
