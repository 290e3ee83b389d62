"""The messages to an operator when the database fails."""

import psycopg
import pytest

from ecommerce_assets.warehouse.session import (
    PassingFaultError,
    WarehouseError,
    connect,
    explained,
)


def test_a_statement_that_the_database_refuses_is_no_lost_connection(database_url: str) -> None:
    with (
        pytest.raises(WarehouseError, match=r"refused a statement \(54000\): index row") as error,
        connect(database_url) as connection,
    ):
        connection.execute(
            "insert into staging.customers (batch_date, source_file, line_number, customer_id,"
            " created_at, ingested_at) select '2024-03-05', 'x', 1,"
            " string_agg(md5(n::text), ''), now(), now() from generate_series(1, 500) n"
        )
    assert not isinstance(error.value, PassingFaultError)


@pytest.mark.parametrize("sqlstate", [None, "08006", "40P01", "53300", "57P03"])
def test_what_may_be_over_in_a_moment_passes(sqlstate: str | None) -> None:
    error = psycopg.OperationalError("gone")

    assert isinstance(explained(error, sqlstate, is_passing=True), PassingFaultError)


def test_a_disk_that_is_full_does_not_pass() -> None:
    error = explained(psycopg.OperationalError("no room"), "53100", is_passing=True)

    assert not isinstance(error, PassingFaultError)
