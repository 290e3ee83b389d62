with members as (
    select customer_id, first_order_date as cohort_date
    from {{ ref("dim_customer") }}
    where first_order_date is not null
), of_members as (
    select o.order_id, o.customer_id, o.order_date, m.cohort_date
    from {{ ref("fct_orders") }} o join members m using (customer_id)
    where o.is_recognised
), horizons (horizon_days) as (
    values (7), (30), (90)
), sizes as (
    select cohort_date, count(*) as customers from members group by cohort_date
), retained as (
    select cohort_date, horizon_days, count(distinct customer_id) as retained_customers
    from of_members, horizons
    where order_date - cohort_date between 1 and horizon_days
    group by cohort_date, horizon_days
), moved as (
    select o.cohort_date, i.sale_date as date,
           i.gross_amount - i.discount_amount - i.order_discount_amount as amount
    from {{ ref("fct_order_items") }} i join of_members o using (order_id)
    where i.kind = 'product'
    union all
    select o.cohort_date, r.return_date, -r.refund_amount
    from {{ ref("fct_returns") }} r join of_members o using (order_id)
    where r.kind = 'product'
    union all
    select o.cohort_date, a.adjustment_date, -a.amount
    from {{ ref("fct_adjustments") }} a join of_members o using (order_id)
    where a.kind = 'refund'
), by_day as (
    select cohort_date, date, sum(amount) as amount from moved group by cohort_date, date
), earned as (
    select cohort_date, horizon_days, sum(amount) as net_revenue
    from by_day, horizons
    where date - cohort_date between 0 and horizon_days
    group by cohort_date, horizon_days
)
select
    cohort_date, horizon_days::bigint as horizon_days, customers,
    coalesce(retained_customers, 0) as retained_customers,
    round(coalesce(retained_customers, 0)::numeric / customers, 4) as retention_rate,
    coalesce(net_revenue, 0) as net_revenue,
    round(coalesce(net_revenue, 0) / customers, 2) as ltv, cohort_date + horizon_days as complete_on
from sizes cross join horizons
left join retained using (cohort_date, horizon_days)
left join earned using (cohort_date, horizon_days)
