"""Keys handed from a table to those that are computed from it (docs/decisions/touched-keys.md).

A key is handed over in the transaction that changes what it names, and leaves the queue in the
transaction that has worked it off: whatever crashes between, nothing is forgotten. While a queue
has entries, what is computed from them is behind, and a run does not publish (`transaction`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.session import bump_version


@dataclass(frozen=True)
class Queue:
    """A hand-over table of `ops` with its key columns; it has one consumer.

    Keys are worked off in chunks, which bounds memory: as many as come to `chunk` rows, where a key
    `q` counts as `rows_of_key`, an SQL expression, and at most `keys_at_once`.
    """

    table: str
    columns: tuple[str, ...]
    chunk: int
    rows_of_key: str = "1"
    keys_at_once: int | None = None


ORDERS = Queue("touched_orders", ("order_id",), 50_000)
PRODUCTS = Queue("touched_products", ("product_id",), 50_000)
CUSTOMERS = Queue("touched_customers", ("customer_id", "date"), 100_000)
INVENTORY = Queue("touched_inventory", ("snapshot_date", "product_id", "warehouse_id"), 200_000)
DATES = Queue(
    "touched_dates",
    ("date",),
    400_000,
    "(select count(*) from analytics.fct_orders o where o.order_date = q.date)",
    keys_at_once=400,
)
COHORTS = Queue(
    "touched_cohorts",
    ("cohort_date",),
    100_000,
    "(select count(*) from analytics.dim_customer c where c.first_order_date = q.cohort_date)",
    keys_at_once=400,
)
QUEUES = (ORDERS, PRODUCTS, CUSTOMERS, INVENTORY, DATES, COHORTS)


def hand_over(
    connection: psycopg.Connection, queue: Queue, query: str, *parameters: object
) -> None:
    """Put the keys that `query` gives into a queue, each once."""
    connection.execute(
        sql.SQL("insert into {} ({}) {} on conflict do nothing").format(
            sql.Identifier("ops", queue.table),
            sql.SQL(", ").join(map(sql.Identifier, queue.columns)),
            sql.SQL(query),
        ),
        parameters,
    )


def work_off(
    connection: psycopg.Connection, queue: Queue, work: Callable[[psycopg.Connection], None]
) -> int:
    """Take keys from a queue, a chunk at a time, and compute what hangs on them.

    `work` finds them in the temporary table `taken`. Gives how many keys were worked off.
    """
    done = 0
    connection.execute(
        sql.SQL("create temporary table taken (like {})").format(sql.Identifier("ops", queue.table))
    )
    while count := _take(connection, queue):
        work(connection)
        bump_version(connection)
        done += count
    connection.execute("drop table taken")
    return done


def _take(connection: psycopg.Connection, queue: Queue) -> int:
    table = sql.Identifier("ops", queue.table)
    columns = sql.SQL(", ").join(map(sql.Identifier, queue.columns))
    connection.execute("truncate taken")
    taken = connection.execute(
        sql.SQL(
            """
            with gone as (
                delete from {table} where ctid = any (array(
                    select id from (
                        select id, sum(rows) over (order by {columns}) - rows as rows_before from (
                            select q.ctid as id, q.*, {rows_of_key} as rows
                            from {table} q order by {columns} limit {keys}
                        ) next
                    ) counted where rows_before < {chunk}
                )) returning {columns}
            )
            insert into taken ({columns}) select {columns} from gone
            """
        ).format(
            table=table,
            columns=columns,
            rows_of_key=sql.SQL(queue.rows_of_key),
            keys=sql.Literal(queue.keys_at_once or queue.chunk),
            chunk=sql.Literal(queue.chunk),
        )
    )
    connection.execute("analyze taken")
    return taken.rowcount


def nothing_waits(connection: psycopg.Connection) -> bool:
    """Whether every queue is empty, and the figures by day know of all batches."""
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
