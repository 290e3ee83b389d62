"""The checks of orders, their lines, returns and adjustments."""

from ecommerce_assets.checks.table_check import Condition, TableCheck
from ecommerce_assets.warehouse.tables import (
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    STAGING,
)

_ORDERS = """
    scope_orders s
    left join analytics.fct_orders o using (order_id)
    left join analytics.dim_customer c on c.customer_id = o.customer_id
    left join (
        select v.order_id, bool_or(q.feed is not null) as is_quarantined,
               bool_or(array_position(%(statuses)s::text[], v.status)
                   < array_position(%(statuses)s::text[], v.status_before)) as went_backwards
        from (
            select v.*, lag(status) over (
                partition by order_id
                order by ingested_at, v.batch_date, source_file, line_number
            ) as status_before
            from scope_orders join staging.orders v using (order_id)
        ) v
        left join quarantine.records q on q.stage = 'relation' and q.feed = 'orders'
            and (q.batch_date, q.source_file, q.line_number)
              = (v.batch_date, v.source_file, v.line_number)
        group by v.order_id
    ) staged using (order_id)
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

_ORDER_NET = """
    o.net_amount <> o.gross_amount - o.discount_amount - o.refund_amount
    or o.gross_amount <> coalesce(i.gross, 0)
    or o.gross_amount - o.discount_amount <> coalesce(i.net, 0)
    or o.refund_amount <> coalesce(r.refund, 0) + coalesce(a.refund, 0)
    or o.other_amount <> coalesce(i.other_net, 0) - coalesce(r.other_refund, 0)
    or o.shipping_refund_amount <> coalesce(a.shipping, 0)
"""

_LINES = """
    scope_orders s
    join analytics.fct_order_items i using (order_id)
    left join analytics.fct_orders o using (order_id)
    left join analytics.dim_product p using (product_key)
    left join staging.order_items v on (v.batch_date, v.source_file, v.line_number)
        = (i.batch_date, i.source_file, i.line_number)
"""

_LINE_NET = """
    i.gross_amount <> case
        when i.quantity = 0 then 0
        else coalesce(v.gross_amount, round(i.quantity * i.unit_price, 2)) end
    or i.net_amount <> i.gross_amount - i.discount_amount - i.order_discount_amount
"""

_LINE_REFERENCES = """
    o.order_id is null
    or (o.order_date, o.is_recognised) <> (i.order_date, i.is_recognised)
    or i.sold_at < o.ordered_at
    or i.product_key is not null and p.product_id is distinct from i.product_id
"""

_RETURNS = """
    scope_orders s
    join analytics.fct_returns r using (order_id)
    left join analytics.fct_orders o using (order_id)
    left join analytics.fct_order_items i
        on i.order_item_id = r.order_item_id and i.order_id = r.order_id
"""

_ADJUSTMENTS = """
    scope_orders s
    join analytics.fct_adjustments a using (order_id)
    left join analytics.fct_orders o using (order_id)
"""


def _each_is_fact_or_quarantined(feed: str, key: str, fact: str) -> Condition:
    """Examine the staged keys of the orders in scope, and the keys of their facts.

    A staged key may also be the fact of an order that is not in scope, since records move.
    """
    return Condition(
        rows=f"""
            (
                select key, max(batch_date) as batch_date, bool_or(is_staged) as is_staged,
                       bool_or(is_quarantined) as is_quarantined, bool_or(is_fact) as is_fact
                from (
                    select v.{key} as key, o.batch_date, true as is_staged,
                           q.feed is not null as is_quarantined, false as is_fact
                    from scope_orders o
                    join staging.{feed} v using (order_id)
                    left join quarantine.records q on q.stage = 'relation' and q.feed = '{feed}'
                        and (q.batch_date, q.source_file, q.line_number)
                          = (v.batch_date, v.source_file, v.line_number)
                    union all
                    select f.{key}, o.batch_date, false, false, true
                    from scope_orders o join {fact} f using (order_id)
                ) staged_and_facts
                group by key
            ) s
        """,  # noqa: S608
        broken=f"""
            not is_staged
            or is_quarantined = (is_fact or exists (select from {fact} where {key} = s.key))
        """,
    )


_CONSERVATION = "Every staged key of `{}` is a row here or in relation quarantine, never both."

ORDER_CHECKS = (
    TableCheck(
        STAGING["orders"],
        "order_flow",
        False,
        "No more orders than ECOMMERCE_WARN_BACKWARD_SHARE allows went backwards between versions:"
        " created, paid, fulfilled, delivered, returned; and none comes back from cancelled.",
        Condition(
            _ORDERS,
            "staged.went_backwards",
            examined="staged.order_id is not null",
            allowed_share=lambda settings: settings.warn_backward_share,
        ),
    ),
    TableCheck(
        FCT_ORDERS,
        "conservation",
        True,
        _CONSERVATION.format("orders"),
        Condition(
            _ORDERS,
            "staged.order_id is null or staged.is_quarantined = (o.order_id is not null)",
            examined="staged.order_id is not null or o.order_id is not null",
        ),
    ),
    *(
        TableCheck(
            table,
            "conservation",
            True,
            _CONSERVATION.format(feed),
            _each_is_fact_or_quarantined(feed, table.key[0], table.name),
        )
        for feed, table in (
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
        Condition(_ORDERS, _ORDER_NET, examined="o.order_id is not null"),
    ),
    TableCheck(
        FCT_ORDERS,
        "references",
        True,
        "Every order's customer is in dim_customer.",
        Condition(
            _ORDERS,
            "o.customer_id is not null and c.customer_id is null",
            examined="o.order_id is not null",
        ),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "net_formula",
        True,
        "gross is the shop's, or else quantity x price, and net = gross - discounts on every line.",
        Condition(_LINES, _LINE_NET, examined="v.line_number is not null"),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "cost",
        True,
        "cost = quantity x the cost of the product version on every line; none without a cost.",
        Condition(_LINES, "i.cost_amount is distinct from round(i.quantity * p.cost, 2)"),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "references",
        True,
        "Every line's order is in fct_orders, with the same date, and its product version is one of"
        " its product.",
        Condition(_LINES, _LINE_REFERENCES),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "list_price",
        False,
        "No more lines than ECOMMERCE_WARN_LIST_PRICE_SHARE allows were sold at a price that is"
        " further from the list price than the share ECOMMERCE_WARN_LIST_PRICE_CHANGE.",
        Condition(
            _LINES,
            "abs(i.unit_price - p.price) > %(change)s * p.price",
            examined="i.quantity > 0 and p.product_key is not null",
            allowed_share=lambda settings: settings.warn_list_price_share,
        ),
    ),
    TableCheck(
        FCT_RETURNS,
        "references",
        True,
        "Every return's order and line are in the facts.",
        Condition(
            _RETURNS,
            "o.order_id is null or i.order_item_id is null or i.product_id <> r.product_id",
        ),
    ),
    TableCheck(
        FCT_ADJUSTMENTS,
        "references",
        True,
        "Every adjustment's order is in fct_orders and recognised.",
        Condition(_ADJUSTMENTS, "o.is_recognised is not true"),
    ),
)
