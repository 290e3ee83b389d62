"""Frames are read whole from the server, or not at all."""

import psycopg
import pytest

from ecommerce_assets.warehouse.frames import read
from ecommerce_assets.warehouse.tables import Kind
from ecommerce_tests import postgres

NUMBER = {"number": Kind.COUNT}


@pytest.mark.parametrize("rows", [0, 1, 200_000])
def test_every_row_arrives_in_order(rows: int) -> None:
    with psycopg.connect(postgres.server_url()) as connection:
        frame = read(connection, "select * from generate_series(1, %s) number", NUMBER, [rows])

    assert frame["number"].tolist() == list(range(1, rows + 1))


def test_a_query_that_fails_after_many_rows_gives_its_error_and_none_of_the_rows() -> None:
    query = "select 1 / (100000 - n) as number from generate_series(1, 200000) n"
    with psycopg.connect(postgres.server_url()) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
            read(connection, query, NUMBER)

        assert read(connection, "select 7 as number", NUMBER)["number"].tolist() == [7]


def test_a_server_that_ends_after_many_rows_is_a_lost_connection() -> None:
    query = """
        select case when n = 100000 then pg_terminate_backend(pg_backend_pid())::int else n end
            as number
        from generate_series(1, 200000) n
    """
    with (
        pytest.raises(psycopg.OperationalError),
        psycopg.connect(postgres.server_url()) as connection,
    ):
        read(connection, query, NUMBER)
