"""Reads the inputs of touched orders, and replaces their facts and relation quarantine."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd
import psycopg
from psycopg import sql

from ecommerce_assets.rules.orders import Cluster
from ecommerce_assets.warehouse import changed_orders, temporary, touched
from ecommerce_assets.warehouse.changed_orders import COMPARED, Facts
from ecommerce_assets.warehouse.frames import copy_in, read, write
from ecommerce_assets.warehouse.staging import hand_over_batches
from ecommerce_assets.warehouse.tables import (
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    QUARANTINE,
    STAGING,
    Kind,
    Table,
)

FEEDS = ("orders", "order_items", "returns", "adjustments")


@dataclass(frozen=True)
class ClusterInputs:
    """All staged versions of the taken orders' records, and their products' versions."""

    order_ids: pd.Series
    orders: pd.DataFrame
    order_items: pd.DataFrame
    returns: pd.DataFrame
    adjustments: pd.DataFrame
    product_versions: pd.DataFrame


def hand_over(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """Hand over the orders that batches touch."""
    for feed in FEEDS:
        hand_over_batches(connection, feed, days)


def list_batch_facts(connection: psycopg.Connection, days: Collection[dt.date]) -> None:
    """List the dates of the facts of all orders that the batches' records name.

    They are in the temporary table `batch_fact_dates` (`order_id`, `date`).
    """
    connection.execute(
        """
        create temporary table taken as
        with batches (days) as (values (%s::date[]))
        select order_id from staging.orders, batches where batch_date = any(days)
        union
        select order_id from staging.order_items, batches where batch_date = any(days)
        union
        select order_id from staging.returns, batches where batch_date = any(days)
        union
        select order_id from staging.adjustments, batches where batch_date = any(days)
        """,
        [list(days)],
    )
    connection.execute("drop table if exists batch_fact_dates")
    connection.execute(
        f"create temporary table batch_fact_dates as select distinct * from ({_DATES_OF_TAKEN}) r"  # noqa: S608
    )
    connection.execute("drop table taken")


_DATES_OF_TAKEN = """
    select order_id, order_date as date from analytics.fct_orders join taken using (order_id)
    union all
    select order_id, sale_date from analytics.fct_order_items join taken using (order_id)
    where sale_date <> order_date
    union all
    select order_id, return_date from analytics.fct_returns join taken using (order_id)
    union all
    select order_id, adjustment_date from analytics.fct_adjustments join taken using (order_id)
"""


def read_inputs(connection: psycopg.Connection) -> ClusterInputs:
    """Read the inputs of `rules.orders.build_cluster` for the orders in `taken`."""
    taken = _range_of_taken(connection)
    order_items = _read_versions(connection, "order_items", "order_item_id", taken)
    return ClusterInputs(
        order_ids=read(connection, "select * from taken", {"order_id": Kind.TEXT})["order_id"],
        orders=_read_of_taken(connection, STAGING["orders"], STAGING["orders"].columns, taken),
        order_items=order_items,
        returns=_read_versions(connection, "returns", "return_id", taken),
        adjustments=_read_versions(connection, "adjustments", "adjustment_id", taken),
        product_versions=read(
            connection,
            "select * from analytics.dim_product where product_id = any(%s)",
            DIM_PRODUCT.columns,
            [order_items["product_id"].unique().tolist()],
        ),
    )


def _read_versions(
    connection: psycopg.Connection, feed: str, key: str, taken: Mapping[str, str | None]
) -> pd.DataFrame:
    """Read all versions of a feed's records of which any version names an order in `taken`."""
    table = STAGING[feed]
    named = _read_of_taken(connection, table, table.columns, taken)
    if named.empty:
        return named
    moved = read(
        connection,
        f"""
        select * from {table.name}
        where {key} between %(first_key)s and %(last_key)s
          and {key} in (select {key} from {table.name} {_OF_TAKEN})
          and order_id not in (select order_id from taken)
        """,  # noqa: S608
        table.columns,
        {"first_key": named[key].min(), "last_key": named[key].max(), **taken},
    )
    return pd.concat([named, moved], ignore_index=True)


def _read_of_taken(
    connection: psycopg.Connection,
    table: Table,
    columns: Mapping[str, Kind],
    taken: Mapping[str, str | None],
) -> pd.DataFrame:
    """Read a table's rows of the orders in `taken`."""
    query = f"select * from {table.name} {_OF_TAKEN}"  # noqa: S608
    return read(connection, query, columns, taken)


# A chunk of a large load is a range of orders: with its ends PostgreSQL scans no others.
_OF_TAKEN = "join taken using (order_id) where order_id between %(first)s and %(last)s"


def _range_of_taken(connection: psycopg.Connection) -> Mapping[str, str | None]:
    """Give the `first` and the `last` of the orders in `taken`."""
    row = connection.execute("select min(order_id), max(order_id) from taken").fetchone()
    return dict(zip(("first", "last"), row or (), strict=True))


def replace(
    connection: psycopg.Connection,
    cluster: Cluster,
    quarantined: pd.DataFrame,
    kept_ids: pd.Series,
) -> None:
    """Replace the facts and relation quarantine of the orders in `taken`.

    `quarantined` has the columns of `quarantine.records`. `kept_ids` has the orders' ids as
    quarantine stores them: an id that looks like an e-mail address is hashed.

    This deletes the rows of these orders, and the rows of the keys to be written: a line that moved
    to one of these orders may still have a row under another order that is computed later. The
    dates and customers of the orders with changed facts are handed over.
    """
    after = {
        FCT_ORDERS: cluster.orders,
        FCT_ORDER_ITEMS: cluster.order_items,
        FCT_RETURNS: cluster.returns,
        FCT_ADJUSTMENTS: cluster.adjustments,
    }
    before = _delete_replaced(connection, after)
    connection.execute(
        "delete from quarantine.records where stage = 'relation' and order_id = any(%s)",
        [kept_ids.tolist()],
    )
    for table, rows in after.items():
        write(connection, table, rows)
    write(connection, QUARANTINE, quarantined)
    changed = changed_orders.touched(before, after)
    touched.hand_over_rows(connection, touched.DATES, changed.dates)
    touched.hand_over_rows(connection, touched.REFUNDED_DATES, changed.refunded_dates)
    touched.hand_over_rows(
        connection, touched.CUSTOMERS, changed.dates.dropna(subset="customer_id")
    )


def _delete_replaced(connection: psycopg.Connection, after: Facts) -> Facts:
    """Delete the facts of the orders in `taken`, and those of the keys to be written; give them.

    The other orders that lose a row to one of these are given with it, but not deleted.
    """
    before = {}
    taken = _range_of_taken(connection)
    for table, columns in COMPARED.items():
        before[table] = _read_of_taken(connection, table, columns, taken)
        if len(before[table]):
            connection.execute(
                f"delete from {table.name} where order_id in (select order_id from taken)"  # noqa: S608
            )
    losing = []
    for table in (FCT_ORDER_ITEMS, FCT_RETURNS, FCT_ADJUSTMENTS):
        if _any_between(connection, table, after[table]):
            moved = _delete_moved(connection, table, after[table])
            before[table] = pd.concat([before[table], moved])
            losing.append(moved["order_id"])
    if losing:
        losers = read(
            connection,
            "select * from analytics.fct_orders where order_id = any(%s)",
            COMPARED[FCT_ORDERS],
            [pd.concat(losing).unique().tolist()],
        )
        before[FCT_ORDERS] = pd.concat([before[FCT_ORDERS], losers])
    return before


def _delete_moved(
    connection: psycopg.Connection, table: Table, written: pd.DataFrame
) -> pd.DataFrame:
    """Delete what a table still has of the keys to be written, and give it."""
    (key,) = table.key
    temporary.empty(connection, "written", 'key text collate "C"')
    copy_in(connection, "written", {"key": Kind.TEXT}, written[[key]].set_axis(["key"], axis=1))
    connection.execute("analyze written")
    of_written = f"from {table.name} where {key} in (select key from written)"  # noqa: S608
    moved = read(connection, f"select * {of_written}", COMPARED[table])
    if len(moved):
        connection.execute(f"delete {of_written}")
    return moved


def _any_between(connection: psycopg.Connection, table: Table, written: pd.DataFrame) -> bool:
    """Whether a table has a key between those to be written; in a large first load it has none."""
    if written.empty:
        return False
    (key,) = table.key
    row = connection.execute(
        f"select exists (select from {table.name} where {key} between %s and %s)",  # noqa: S608
        [written[key].min(), written[key].max()],
    ).fetchone()
    return bool(row and row[0])


_ADDRESS = {
    "feed": Kind.TEXT,
    "batch_date": Kind.DAY,
    "source_file": Kind.TEXT,
    "line_number": Kind.COUNT,
}


def read_records(connection: psycopg.Connection, address: pd.DataFrame) -> pd.DataFrame:
    """Read the staged records at some addresses, each as a JSON object of texts in `record`."""
    temporary.empty(
        connection,
        "wanted",
        "feed text, batch_date date, source_file text, line_number bigint",
    )
    copy_in(connection, "wanted", _ADDRESS, address.drop_duplicates(list(_ADDRESS)))
    staged = sql.SQL(" union all ").join(
        sql.SQL(
            """
            select {feed} as feed, batch_date, source_file, line_number, to_jsonb(s) as record
            from staging.{table} s join wanted using (batch_date, source_file, line_number)
            where feed = {feed}
            """
        ).format(feed=sql.Literal(feed), table=sql.Identifier(feed))
        for feed in FEEDS
    )
    records = read(
        connection,
        sql.SQL(
            """
            select feed, batch_date, source_file, line_number, (
                select json_object_agg(key, value) from jsonb_each_text(r.record)
                where key not in ('batch_date', 'source_file', 'line_number')
            ) as record
            from ({}) r
            """
        )
        .format(staged)
        .as_string(connection),
        {**_ADDRESS, "record": Kind.JSON},
    )
    return records
