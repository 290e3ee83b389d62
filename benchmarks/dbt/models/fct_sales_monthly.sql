select
    dimension, date_trunc('month', date)::date as month, value, sum(orders)::bigint as orders,
    sum(units)::bigint as units, sum(gross_revenue) as gross_revenue, sum(discounts) as discounts,
    sum(refunds) as refunds, sum(refunds_by_order_date) as refunds_by_order_date,
    sum(cost) as cost
from {{ ref("fct_sales_daily") }}
group by 1, 2, 3
