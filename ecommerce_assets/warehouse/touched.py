"""Queues of touched keys between tables and their inputs (docs/decisions/touched-keys.md).

The transaction that changes the rows of a key puts the key into the queue. The transaction that
recomputes the key removes it, so that no crash loses a key. While a queue has entries, the tables
computed from it are out of date, and a run does not publish (`transaction`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.frames import copy_in
from ecommerce_assets.warehouse.session import bump_version
from ecommerce_assets.warehouse.tables import Kind


@dataclass(frozen=True)
class Queue:
    """A queue of keys in `ops`, with its key columns; it has one consumer.

    It has no index, and holds a key as often as it was handed over: removing duplicates once is
    cheaper than looking for each of a million keys.

    The consumer takes keys in chunks, so that memory is bounded: as many keys as have `chunk` rows,
    by the SQL expression `rows_of_key` for a key `q`, and at most `keys_at_once`.
    """

    table: str
    columns: tuple[str, ...]
    chunk: int
    rows_of_key: str = "1"
    keys_at_once: int | None = None


ORDERS = Queue("touched_orders", ("order_id",), 100_000)
PRODUCTS = Queue("touched_products", ("product_id",), 50_000)
CUSTOMERS = Queue("touched_customers", ("customer_id", "date"), 200_000)
INVENTORY = Queue("touched_inventory", ("snapshot_date", "product_id", "warehouse_id"), 200_000)
DATES = Queue(
    "touched_dates",
    ("date",),
    150_000,
    "(select count(*) from analytics.fct_orders o where o.order_date = q.date)",
    keys_at_once=400,
)
REFUNDED_DATES = Queue("touched_refunded_dates", ("date",), 400)
"""The dates of orders of which only more was given back, later."""
COHORTS = Queue("touched_cohorts", ("cohort_date",), 400)
QUEUES = (ORDERS, PRODUCTS, CUSTOMERS, INVENTORY, DATES, REFUNDED_DATES, COHORTS)


def hand_over(
    connection: psycopg.Connection,
    queue: Queue,
    query: str,
    parameters: Sequence[object] | Mapping[str, object] = (),
) -> None:
    """Put the keys that `query` gives into a queue."""
    connection.execute(
        sql.SQL("insert into {} ({}) {}").format(
            sql.Identifier("ops", queue.table), _columns(queue), sql.SQL(query)
        ),
        parameters,
    )


def hand_over_rows(connection: psycopg.Connection, queue: Queue, rows: pd.DataFrame) -> None:
    """Put the keys of a frame's rows into a queue."""
    kinds = {name: Kind.DAY if name.endswith("date") else Kind.TEXT for name in queue.columns}
    copy_in(connection, f"ops.{queue.table}", kinds, rows[list(kinds)].drop_duplicates())


def work_off(
    connection: psycopg.Connection,
    queue: Queue,
    work: Callable[[psycopg.Connection], None],
    report: Callable[[float], None] = lambda _: None,
) -> int:
    """Take the keys of a queue, each once, and recompute what depends on them, a chunk at a time.

    `work` reads them from the temporary table `taken`. `report` is called with the share that is
    done. Give the number of keys.
    """
    done = 0
    chunks = _divide(connection, queue)
    for number, chunk in enumerate(chunks, start=1):
        connection.execute("truncate taken")
        taken = connection.execute(
            sql.SQL("insert into taken select {} from waiting where chunk = %s").format(
                _columns(queue)
            ),
            [chunk],
        )
        connection.execute("analyze taken")
        work(connection)
        bump_version(connection)
        done += taken.rowcount
        report(number / len(chunks))
    connection.execute("drop table if exists taken, waiting")
    return done


def _divide(connection: psycopg.Connection, queue: Queue) -> Sequence[int]:
    """Move the keys of a queue to the temporary table `waiting`, in numbered chunks.

    Give the numbers of the chunks; without keys the table is not created.
    """
    table = sql.Identifier("ops", queue.table)
    columns = _columns(queue)
    if not connection.execute(sql.SQL("select from {} limit 1").format(table)).rowcount:
        return []
    # A chunk ends where one of the two quotients grows.
    connection.execute(
        sql.SQL(
            """
            create temporary table waiting as
            select {columns}, rows_before::bigint / {rows} + keys_before / {keys} as chunk
            from (
                select counted.*, sum(rows) over keys - rows as rows_before,
                       row_number() over keys - 1 as keys_before
                from (
                    select q.*, {rows_of_key} as rows from (
                        select distinct {columns} from {table}
                    ) q
                ) counted
                window keys as (order by {columns})
            ) numbered
            """
        ).format(
            table=table,
            columns=columns,
            rows_of_key=sql.SQL(queue.rows_of_key),
            rows=sql.Literal(queue.chunk),
            keys=sql.Literal(queue.keys_at_once or queue.chunk),
        )
    )
    connection.execute("create index on waiting (chunk)")
    connection.execute(sql.SQL("delete from {}").format(table))
    connection.execute(sql.SQL("create temporary table taken (like {})").format(table))
    chunks = connection.execute("select distinct chunk from waiting order by chunk")
    return [chunk for (chunk,) in chunks]


def _columns(queue: Queue) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, queue.columns))


def nothing_waits(connection: psycopg.Connection) -> bool:
    """Whether every queue is empty, and the figures by day include all batches."""
    tables = [*(queue.table for queue in QUEUES), "touched_batches"]
    row = connection.execute(
        sql.SQL("select {}").format(
            sql.SQL(" and ").join(
                sql.SQL("not exists (select from {})").format(sql.Identifier("ops", table))
                for table in tables
            )
        )
    ).fetchone()
    return bool(row and row[0])
