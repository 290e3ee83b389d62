"""Keys that are handed over are worked off once each, in chunks."""

import dataclasses

import psycopg

from ecommerce_assets.warehouse import touched
from ecommerce_assets.warehouse.session import connect


def hand_over(connection: psycopg.Connection, queue: touched.Queue, *keys: str) -> None:
    query = f"select unnest(%s::text[]){', null::date' if len(queue.columns) == 2 else ''}"
    touched.hand_over(connection, queue, query, [list(keys)])


def work_off(connection: psycopg.Connection, queue: touched.Queue) -> list[list[str]]:
    chunks: list[list[str]] = []
    shares: list[float] = []

    def work(connection: psycopg.Connection) -> None:
        key = queue.columns[0]
        rows = connection.execute(f"select {key} from taken order by {key}")
        chunks.append([key for (key,) in rows])

    count = touched.work_off(connection, queue, work, shares.append)
    assert count == sum(map(len, chunks))
    assert shares == [(number + 1) / len(chunks) for number in range(len(chunks))]
    return chunks


def test_a_key_handed_over_twice_is_worked_off_once(database_url: str) -> None:
    with connect(database_url) as connection:
        for queue in (touched.ORDERS, touched.CUSTOMERS):
            hand_over(connection, queue, "K1", "K2")
            hand_over(connection, queue, "K2", "K3")

            assert not touched.nothing_waits(connection)
            assert work_off(connection, queue) == [["K1", "K2", "K3"]]
        assert touched.nothing_waits(connection)
        assert work_off(connection, touched.ORDERS) == []


def test_a_chunk_ends_at_its_rows_or_its_keys(database_url: str) -> None:
    keys = [f"K{number}" for number in range(5)]
    by_rows = dataclasses.replace(
        touched.ORDERS, chunk=10, rows_of_key="case q.order_id when 'K0' then 25 else 4 end"
    )
    by_keys = dataclasses.replace(touched.ORDERS, keys_at_once=2)
    with connect(database_url) as connection:
        hand_over(connection, by_rows, *keys)
        assert work_off(connection, by_rows) == [["K0"], ["K1", "K2"], ["K3", "K4"]]

        hand_over(connection, by_keys, *keys)
        assert work_off(connection, by_keys) == [["K0", "K1"], ["K2", "K3"], ["K4"]]
