"""The checks of orders, their lines, returns and adjustments."""

from ecommerce_assets.checks.table_check import TableCheck, few_broken, none_broken
from ecommerce_assets.warehouse.tables import (
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    STAGING,
)


def _each_is_fact_or_quarantined(feed: str, key: str, fact: str) -> str:
    """Select the staged keys of the orders in scope, and the keys of their facts.

    A key is broken if it is in neither or both of the facts and relation quarantine, or not staged.
    """
    return f"""
        with staged as (
            select s.{key} as key, max(o.batch_date) as batch_date,
                   bool_or(q.feed is not null) as is_quarantined
            from scope_orders o
            join staging.{feed} s using (order_id)
            left join quarantine.records q on q.stage = 'relation' and q.feed = '{feed}'
                and (q.batch_date, q.source_file, q.line_number)
                  = (s.batch_date, s.source_file, s.line_number)
            group by s.{key}
        ), facts as (
            select f.{key} as key, o.batch_date
            from scope_orders o join {fact} f using (order_id)
        ), of_staged as (
            select s.*, f.{key} is not null as is_fact
            from staged s left join {fact} f on f.{key} = s.key
        )
        select coalesce(s.batch_date, f.batch_date) as batch_date,
               s.key is null or s.is_quarantined = s.is_fact as is_broken
        from of_staged s full join facts f using (key)
    """  # noqa: S608


_ORDER_FLOW = """
    with versions as (
        select v.batch_date, v.order_id, array_position(%(statuses)s::text[], v.status) as stage,
               row_number() over age as version,
               lag(array_position(%(statuses)s::text[], v.status)) over age as stage_before
        from scope_orders s join staging.orders v using (order_id)
        window age as (
            partition by v.order_id
            order by v.ingested_at, v.batch_date, v.source_file, v.line_number
        )
    )
    select s.batch_date, bool_or(stage < stage_before) is true as is_broken
    from versions join scope_orders s using (order_id) group by order_id, s.batch_date
"""

_ORDER_NET = """
    select s.batch_date,
           o.net_amount <> o.gross_amount - o.discount_amount - o.refund_amount
           or o.gross_amount <> coalesce(i.gross, 0)
           or o.gross_amount - o.discount_amount <> coalesce(i.net, 0)
           or o.refund_amount <> coalesce(r.refund, 0) + coalesce(a.refund, 0)
           or o.other_amount <> coalesce(i.other_net, 0) - coalesce(r.other_refund, 0)
           or o.shipping_refund_amount <> coalesce(a.shipping, 0) as is_broken
    from scope_orders s
    join analytics.fct_orders o using (order_id)
    left join (
        select order_id, sum(gross_amount) filter (where kind = 'product') as gross,
               sum(net_amount) filter (where kind = 'product') as net,
               sum(net_amount) filter (where kind <> 'product') as other_net
        from scope_orders join analytics.fct_order_items using (order_id) group by order_id
    ) i using (order_id)
    left join (
        select order_id, sum(refund_amount) filter (where kind = 'product') as refund,
               sum(refund_amount) filter (where kind <> 'product') as other_refund
        from scope_orders join analytics.fct_returns using (order_id) group by order_id
    ) r using (order_id)
    left join (
        select order_id, sum(amount) filter (where kind = 'refund') as refund,
               sum(amount) filter (where kind = 'shipping') as shipping
        from scope_orders join analytics.fct_adjustments using (order_id) group by order_id
    ) a using (order_id)
"""

_ITEM_NET = """
    select s.batch_date,
           i.gross_amount <> case
               when i.quantity = 0 then 0
               else coalesce(v.gross_amount, round(i.quantity * i.unit_price, 2)) end
           or i.net_amount <> i.gross_amount - i.discount_amount - i.order_discount_amount
           as is_broken
    from scope_orders s
    join analytics.fct_order_items i using (order_id)
    join staging.order_items v on (v.batch_date, v.source_file, v.line_number)
        = (i.batch_date, i.source_file, i.line_number)
"""

_ITEM_COST = """
    select s.batch_date, i.cost_amount is distinct from round(i.quantity * p.cost, 2) as is_broken
    from scope_orders s
    join analytics.fct_order_items i using (order_id)
    left join analytics.dim_product p using (product_key)
"""

_ORDER_REFERENCES = """
    select s.batch_date, o.customer_id is not null and c.customer_id is null as is_broken
    from scope_orders s
    join analytics.fct_orders o using (order_id)
    left join analytics.dim_customer c on c.customer_id = o.customer_id
"""

_ITEM_REFERENCES = """
    select s.batch_date,
           o.order_id is null
           or (o.order_date, o.is_recognised) <> (i.order_date, i.is_recognised)
           or i.sold_at < o.ordered_at
           or i.product_key is not null and p.product_id is distinct from i.product_id as is_broken
    from scope_orders s
    join analytics.fct_order_items i using (order_id)
    left join analytics.fct_orders o using (order_id)
    left join analytics.dim_product p on p.product_key = i.product_key
"""

_RETURN_REFERENCES = """
    select s.batch_date,
           o.order_id is null or i.order_item_id is null
           or i.product_id <> r.product_id as is_broken
    from scope_orders s
    join analytics.fct_returns r using (order_id)
    left join analytics.fct_orders o using (order_id)
    left join analytics.fct_order_items i
        on i.order_item_id = r.order_item_id and i.order_id = r.order_id
"""

_ADJUSTMENT_REFERENCES = """
    select s.batch_date, o.is_recognised is not true as is_broken
    from scope_orders s
    join analytics.fct_adjustments a using (order_id)
    left join analytics.fct_orders o using (order_id)
"""

_LIST_PRICE = """
    select s.batch_date, abs(i.unit_price - p.price) > %(change)s * p.price as is_broken
    from scope_orders s
    join analytics.fct_order_items i using (order_id)
    join analytics.dim_product p using (product_key)
    where i.quantity > 0
"""

ORDER_CHECKS = (
    TableCheck(
        STAGING["orders"],
        "order_flow",
        False,
        "No more orders than ECOMMERCE_WARN_BACKWARD_SHARE allows went backwards between versions:"
        " created, paid, fulfilled, delivered, returned; and none comes back from cancelled.",
        few_broken(_ORDER_FLOW, lambda settings: settings.warn_backward_share),
    ),
    *(
        TableCheck(
            table,
            "conservation",
            True,
            f"Every staged key of `{feed}` is a row here or in relation quarantine, never both.",
            none_broken(_each_is_fact_or_quarantined(feed, table.key[0], table.name)),
        )
        for feed, table in (
            ("orders", FCT_ORDERS),
            ("order_items", FCT_ORDER_ITEMS),
            ("returns", FCT_RETURNS),
            ("adjustments", FCT_ADJUSTMENTS),
        )
    ),
    TableCheck(
        FCT_ORDERS,
        "net_formula",
        True,
        "net = gross - discounts - refunds on every order, and each amount is the sum of its lines,"
        " returns and adjustments.",
        none_broken(_ORDER_NET),
    ),
    TableCheck(
        FCT_ORDERS,
        "references",
        True,
        "Every order's customer is in dim_customer.",
        none_broken(_ORDER_REFERENCES),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "net_formula",
        True,
        "gross is the shop's, or else quantity x price, and net = gross - discounts on every line.",
        none_broken(_ITEM_NET),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "cost",
        True,
        "cost = quantity x the cost of the product version on every line; none without a cost.",
        none_broken(_ITEM_COST),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "references",
        True,
        "Every line's order is in fct_orders, with the same date, and its product version is one of"
        " its product.",
        none_broken(_ITEM_REFERENCES),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "list_price",
        False,
        "No more lines than ECOMMERCE_WARN_LIST_PRICE_SHARE allows were sold at a price that is"
        " further from the list price than the share ECOMMERCE_WARN_LIST_PRICE_CHANGE.",
        few_broken(_LIST_PRICE, lambda settings: settings.warn_list_price_share),
    ),
    TableCheck(
        FCT_RETURNS,
        "references",
        True,
        "Every return's order and line are in the facts.",
        none_broken(_RETURN_REFERENCES),
    ),
    TableCheck(
        FCT_ADJUSTMENTS,
        "references",
        True,
        "Every adjustment's order is in fct_orders and recognised.",
        none_broken(_ADJUSTMENT_REFERENCES),
    ),
)
