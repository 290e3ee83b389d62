"""Every earlier schema revision is brought up to date with its data, even where a migration dies.

`test_upgrade` has the figures of a shop in an earlier revision; here any rows will do.
"""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from ecommerce_assets.warehouse.schema import migrate
from ecommerce_tests import postgres
from ecommerce_tests.waiting import until
from ecommerce_tests.warehouse.revisions import (
    REVISIONS,
    assert_kept,
    definitions,
    fill_every_table,
    migrate_to,
    revision_of,
    rows_of,
)

_MIGRATE = "import sys; from ecommerce_assets.warehouse.schema import migrate; migrate(sys.argv[1])"


@pytest.fixture(params=REVISIONS[:-1])
def earlier(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database of an earlier revision, with a row in every table."""
    with postgres.database() as url:
        migrate_to(url, request.param)
        fill_every_table(url)
        assert all(rows_of(url).values())
        yield url


def test_a_migration_that_dies_keeps_the_earlier_revision_and_the_next_start_completes_it(
    earlier: str, database_url: str
) -> None:
    before = rows_of(earlier), definitions(earlier), revision_of(earlier)

    with psycopg.connect(earlier) as holder:
        # The revision is written when its schema is made: a migration that waits is half-way.
        holder.execute("lock table ops.alembic_version in share mode")
        migrating = subprocess.Popen([sys.executable, "-c", _MIGRATE, earlier])
        try:
            backend = until(lambda: backend_that_waits(holder))
        finally:
            migrating.kill()
            migrating.wait()
        end(holder, backend)

    assert (rows_of(earlier), definitions(earlier), revision_of(earlier)) == before

    migrate(earlier)

    assert_kept(before[0], rows_of(earlier))
    assert revision_of(earlier) == REVISIONS[-1]
    assert definitions(earlier) == definitions(database_url)


def backend_that_waits(holder: psycopg.Connection) -> int | None:
    """The server's process that waits for what `holder` has locked."""
    row = holder.execute(
        "select pid from pg_locks"
        " where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))"
    ).fetchone()
    return row[0] if row else None


def end(connection: psycopg.Connection, backend: int) -> None:
    """End a process of the server that serves nobody any more, and wait until it is gone."""
    assert connection.execute("select pg_terminate_backend(%s, 10000)", [backend]).fetchone() == (
        True,
    )
