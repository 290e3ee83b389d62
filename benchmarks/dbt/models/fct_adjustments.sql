select
    a.adjustment_id, a.order_id, a.kind, a.adjusted_at, a.adjustment_date, a.amount, a.reason
from {{ ref("stg_adjustments") }} a join {{ ref("int_orders") }} o using (order_id)
where o.is_recognised and a.adjusted_at >= o.ordered_at
