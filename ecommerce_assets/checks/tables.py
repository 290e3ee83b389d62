"""What is measured of dimensions and facts, by batch day, and when it is good enough.

Reads the warehouse; how Dagster is told does not belong here.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import psycopg

from ecommerce_assets.rules.plausibility import OPEN_DAYS, open_units
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.frames import read
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_DATE,
    DIM_PRODUCT,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
    STAGING,
    Kind,
    Table,
)

Judge = Callable[[psycopg.Connection, Sequence[dt.date], Settings], pd.DataFrame]


@dataclass(frozen=True)
class TableCheck:
    """A check of a table, within a `scope`.

    `judge` gives, for each of the days, `passed` and the figures it rests on.
    """

    table: Table
    name: str
    is_error: bool
    description: str
    judge: Judge


def _none_broken(query: str) -> Judge:
    """Judge by `query`, which gives `batch_date` and the flag `is_broken` of what it examines."""

    def judge(connection: psycopg.Connection, days: Sequence[dt.date], _: Settings) -> pd.DataFrame:
        counts = _counts(connection, query, days)
        return counts.assign(passed=counts["broken"] == 0)

    return judge


def _few_broken(query: str, threshold: Callable[[Settings], float]) -> Judge:
    """Judge by the share of the rows that `query` flags `is_broken`, by their `batch_date`."""

    def judge(
        connection: psycopg.Connection, days: Sequence[dt.date], settings: Settings
    ) -> pd.DataFrame:
        counts = _counts(connection, query, days, settings)
        share = (counts["broken"] / counts["examined"].where(counts["examined"] > 0)).fillna(0.0)
        allowed = threshold(settings)
        return counts.assign(share=share, threshold=allowed, passed=share <= allowed)

    return judge


def _counts(
    connection: psycopg.Connection,
    query: str,
    days: Sequence[dt.date],
    settings: Settings | None = None,
) -> pd.DataFrame:
    frame = read(
        connection,
        f"""
        select batch_date, count(*) as examined, count(*) filter (where is_broken) as broken
        from ({query}) q group by batch_date
        """,  # noqa: S608
        {"batch_date": Kind.DAY, "examined": Kind.COUNT, "broken": Kind.COUNT},
        {
            "last": days[-1] if days else None,
            "change": settings.warn_list_price_change if settings else 0,
        },
    )
    return frame.set_index("batch_date").reindex(_index(days), fill_value=0)


def _index(days: Sequence[dt.date]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(days, dtype="object"))).as_unit("s")


def _each_is_fact_or_quarantined(feed: str, key: str, fact: str) -> str:
    """Examine the keys staged of the orders in scope, and the facts of those orders.

    Broken is a key that is in neither or both of fact and relation quarantine, or not staged.
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


_PRODUCT_CONSERVATION = """
    select batch_date, not (
        exists (select from staging.products p where p.product_id = s.product_id)
        and exists (select from analytics.dim_product d where d.product_id = s.product_id)
    ) as is_broken
    from scope_products s
"""

_SNAPSHOT_CONSERVATION = """
    select s.batch_date, f.product_id is null or r.batch_date is null as is_broken
    from scope_snapshots s
    left join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
    left join staging.inventory r on (r.batch_date, r.source_file, r.line_number)
        = (f.batch_date, f.source_file, f.line_number)
        and (r.snapshot_date, r.product_id, r.warehouse_id)
          = (s.snapshot_date, s.product_id, s.warehouse_id)
"""

_CUSTOMER_CONSERVATION = """
    select s.batch_date, c.customer_id is null or c.is_inferred = exists (
        select from staging.customers r where r.customer_id = s.customer_id
    ) as is_broken
    from scope_customers s left join analytics.dim_customer c using (customer_id)
"""

_ORDER_FLOW = """
    with versions as (
        select v.batch_date, v.order_id, array_position(
                   array['created', 'paid', 'fulfilled', 'delivered', 'returned', 'cancelled'],
                   v.status
               ) as stage,
               row_number() over age as version,
               lag(array_position(
                   array['created', 'paid', 'fulfilled', 'delivered', 'returned', 'cancelled'],
                   v.status
               )) over age as stage_before
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
           or o.refund_amount <> coalesce(r.refund, 0) as is_broken
    from scope_orders s
    join analytics.fct_orders o using (order_id)
    left join (
        select order_id, sum(gross_amount) as gross, sum(net_amount) as net
        from scope_orders join analytics.fct_order_items using (order_id) group by order_id
    ) i using (order_id)
    left join (
        select order_id, sum(refund_amount) as refund
        from scope_orders join analytics.fct_returns using (order_id) group by order_id
    ) r using (order_id)
"""

_ITEM_NET = """
    select s.batch_date,
           i.gross_amount <> round(i.quantity * i.unit_price, 2)
           or i.net_amount <> i.gross_amount - i.discount_amount - i.order_discount_amount
           as is_broken
    from scope_orders s join analytics.fct_order_items i using (order_id)
"""

_REVENUE_DATES = """
    select date, max(batch_date) as batch_date from (
        select o.order_date as date, s.batch_date
        from scope_orders s join analytics.fct_orders o using (order_id) where o.is_recognised
        union all
        select r.return_date, s.batch_date
        from scope_orders s join analytics.fct_returns r using (order_id)
    ) dates group by date
"""

_REVENUE_NET = f"""
    select d.batch_date,
           r.date is null or r.net_revenue <> r.gross_revenue - r.discounts - r.refunds as is_broken
    from ({_REVENUE_DATES}) d left join analytics.fct_revenue_daily r using (date)
"""  # noqa: S608

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

_LIST_PRICE = """
    select s.batch_date, abs(i.unit_price - p.price) > %(change)s * p.price as is_broken
    from scope_orders s
    join analytics.fct_order_items i using (order_id)
    join analytics.dim_product p using (product_key)
    where i.quantity > 0
"""

_INVENTORY_REFERENCES = """
    select s.batch_date,
           f.product_key is not null and p.product_id is distinct from f.product_id as is_broken
    from scope_snapshots s
    join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
    left join analytics.dim_product p using (product_key)
"""

_INVENTORY_ARITHMETIC = """
    select s.batch_date,
           f.available <> f.on_hand - f.allocated
           or f.is_alert <> (f.available < f.reorder_point) as is_broken
    from scope_snapshots s
    join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
"""

_OVERSOLD = """
    select s.batch_date, f.on_hand < 0 as is_broken
    from scope_snapshots s
    join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
"""

_PRODUCT_VERSIONS = """
    with versions as (
        select s.batch_date, d.product_id, d.valid_from, d.valid_to, d.is_current,
               lead(d.valid_from) over (
                   partition by d.product_id order by d.valid_from
               ) as next_from
        from scope_products s join analytics.dim_product d using (product_id)
    )
    select batch_date,
           bool_or(valid_to is distinct from next_from)
           or bool_or(valid_to <= valid_from) is true
           or count(*) filter (where is_current) <> 1
           or bool_or(is_current <> (valid_to is null)) as is_broken
    from versions group by product_id, batch_date
"""

_COHORTS = """
    with cohorts as (
        select c.first_order_date as date, max(s.batch_date) as batch_date
        from scope_customers s join analytics.dim_customer c using (customer_id)
        where c.first_order_date is not null group by c.first_order_date
    ), sizes as (
        select first_order_date as date, count(*) as customers
        from analytics.dim_customer where first_order_date in (select date from cohorts)
        group by first_order_date
    )
    select batch_date, count(f.customers) <> 3 or bool_or(f.customers <> sizes.customers) is true
           as is_broken
    from cohorts join sizes using (date)
    left join analytics.fct_cohort_ltv f on f.cohort_date = date
    group by date, batch_date
"""

# Small tables: one row a date, whole, on the last day.
_EVERY_DATE = """
    select %(last)s::date as batch_date, date <> before + 1 as is_broken
    from (
        select date, lag(date) over (order by date) as before from analytics.fct_revenue_daily
    ) dates
"""

_CALENDAR = """
    select %(last)s::date as batch_date, d.date is null as is_broken
    from analytics.fct_revenue_daily left join analytics.dim_date d using (date)
"""


def _refund_bases(
    connection: psycopg.Connection, days: Sequence[dt.date], _: Settings
) -> pd.DataFrame:
    """Compare the sums of all refunds by return date and by order date."""
    row = connection.execute(
        """
        select coalesce(sum(refunds), 0), coalesce(sum(refunds_by_order_date), 0)
        from analytics.fct_revenue_daily
        """
    ).fetchone()
    by_return_date, by_order_date = row or (0, 0)
    verdicts = pd.DataFrame({"passed": True}, index=_index(days))
    verdicts["by_return_date"] = str(by_return_date)
    verdicts["by_order_date"] = str(by_order_date)
    # The sums are no day's; a difference is told on the last.
    verdicts.loc[verdicts.index[-1:], "passed"] = by_return_date == by_order_date
    return verdicts


def _allocated(
    connection: psycopg.Connection, days: Sequence[dt.date], settings: Settings
) -> pd.DataFrame:
    """Compare what is allocated, at a day's latest snapshot, with the units of open orders then."""
    allocated = read(
        connection,
        """
        select distinct on (batch_date) batch_date, snapshot_date, allocated from (
            select s.batch_date, snapshot_date, sum(f.allocated)::bigint as allocated
            from scope_snapshots s
            join analytics.fct_inventory_daily f using (snapshot_date, product_id, warehouse_id)
            group by s.batch_date, snapshot_date
        ) sums order by batch_date, snapshot_date desc
        """,
        {"batch_date": Kind.DAY, "snapshot_date": Kind.DAY, "allocated": Kind.COUNT},
    ).set_index("batch_date")
    orders = read(
        connection,
        """
        select order_date, (fulfilled_at at time zone %(timezone)s)::date as fulfilled_date,
               sum(units)::bigint as units
        from analytics.fct_orders
        where status <> 'cancelled' and order_date between
              (select min(snapshot_date) from scope_snapshots) - %(open_days)s::int
              and (select max(snapshot_date) from scope_snapshots)
        group by 1, 2
        """,
        {"order_date": Kind.DAY, "fulfilled_date": Kind.DAY, "units": Kind.COUNT},
        {"timezone": settings.timezone, "open_days": OPEN_DAYS},
    )
    snapshots = pd.DatetimeIndex(allocated["snapshot_date"])
    allocated["open_units"] = open_units(orders, snapshots).to_numpy()
    verdicts = allocated.reindex(_index(days))
    difference = (verdicts["allocated"] - verdicts["open_units"]).abs()
    threshold = settings.warn_allocated_change
    verdicts["threshold"] = threshold
    larger = verdicts[["allocated", "open_units"]].max(axis=1)
    verdicts["passed"] = ~(difference > threshold * larger)
    return verdicts


TABLE_CHECKS = (
    TableCheck(
        STAGING["orders"],
        "order_flow",
        False,
        "No more orders than ECOMMERCE_WARN_BACKWARD_SHARE allows went backwards between versions:"
        " created, paid, fulfilled, delivered, returned; and none comes back from cancelled.",
        _few_broken(_ORDER_FLOW, lambda settings: settings.warn_backward_share),
    ),
    *(
        TableCheck(
            table,
            "conservation",
            True,
            f"Every staged key of `{feed}` is a row here or in relation quarantine, never both.",
            _none_broken(_each_is_fact_or_quarantined(feed, table.key[0], table.name)),
        )
        for feed, table in (
            ("orders", FCT_ORDERS),
            ("order_items", FCT_ORDER_ITEMS),
            ("returns", FCT_RETURNS),
        )
    ),
    TableCheck(
        FCT_ORDERS,
        "net_formula",
        True,
        "net = gross - discounts - refunds on every order, and each is the sum of its lines and"
        " returns.",
        _none_broken(_ORDER_NET),
    ),
    TableCheck(
        FCT_ORDERS,
        "references",
        True,
        "Every order's customer is in dim_customer.",
        _none_broken(_ORDER_REFERENCES),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "net_formula",
        True,
        "gross = quantity x price and net = gross - discounts on every line.",
        _none_broken(_ITEM_NET),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "references",
        True,
        "Every line's order is in fct_orders, with the same date, and its product version is one of"
        " its product.",
        _none_broken(_ITEM_REFERENCES),
    ),
    TableCheck(
        FCT_ORDER_ITEMS,
        "list_price",
        False,
        "No more lines than ECOMMERCE_WARN_LIST_PRICE_SHARE allows were sold at a price that is"
        " further from the list price than the share ECOMMERCE_WARN_LIST_PRICE_CHANGE.",
        _few_broken(_LIST_PRICE, lambda settings: settings.warn_list_price_share),
    ),
    TableCheck(
        FCT_RETURNS,
        "references",
        True,
        "Every return's order and line are in the facts.",
        _none_broken(_RETURN_REFERENCES),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "conservation",
        True,
        "Every staged snapshot is a row, and every row is a staged snapshot's.",
        _none_broken(_SNAPSHOT_CONSERVATION),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "references",
        True,
        "Every stock level's product version is one of its product.",
        _none_broken(_INVENTORY_REFERENCES),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "available_formula",
        True,
        "available = on_hand - allocated, and an alert is where that is below the reorder point.",
        _none_broken(_INVENTORY_ARITHMETIC),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "oversold",
        False,
        "No stock is below 0: more was sold than there was.",
        _none_broken(_OVERSOLD),
    ),
    TableCheck(
        FCT_INVENTORY_DAILY,
        "allocated",
        False,
        "What is allocated and the units of orders not sent yet (of the last"
        f" {OPEN_DAYS} days) differ by no more than the share ECOMMERCE_WARN_ALLOCATED_CHANGE.",
        _allocated,
    ),
    TableCheck(
        DIM_PRODUCT,
        "conservation",
        True,
        "Every staged product has a version, and every version's product is staged.",
        _none_broken(_PRODUCT_CONSERVATION),
    ),
    TableCheck(
        DIM_PRODUCT,
        "versions",
        True,
        "A product's versions follow on one another without gap or overlap; one is current.",
        _none_broken(_PRODUCT_VERSIONS),
    ),
    TableCheck(
        DIM_CUSTOMER,
        "conservation",
        True,
        "Every customer of the feed and of the orders has a row; inferred are those not in the"
        " feed.",
        _none_broken(_CUSTOMER_CONSERVATION),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "net_formula",
        True,
        "net = gross - discounts - refunds on every date that the days' orders and returns lie on.",
        _none_broken(_REVENUE_NET),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "every_date",
        True,
        "From the first date to the last none is missing.",
        _none_broken(_EVERY_DATE),
    ),
    TableCheck(
        FCT_REVENUE_DAILY,
        "refund_bases",
        True,
        "Over all dates refunds by return date and by order date add up to the same.",
        _refund_bases,
    ),
    TableCheck(
        FCT_COHORT_LTV,
        "cohort_sizes",
        True,
        "A cohort has as many customers, at every horizon, as have their first order on its date.",
        _none_broken(_COHORTS),
    ),
    TableCheck(
        DIM_DATE,
        "calendar",
        True,
        "Every date with revenue figures is in the calendar.",
        _none_broken(_CALENDAR),
    ),
)
