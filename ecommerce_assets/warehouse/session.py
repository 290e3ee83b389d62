"""Opens connections to the warehouse, and counts its changes in a version number.

The transaction of a run is in `transaction`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from ecommerce_assets.errors import OperatorError

CHANNEL = "warehouse_version"
"""The channel that is notified of each committed change, with the new version as text."""

NOTICE_A_LOST_SERVER: Mapping[str, Any] = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""Options of libpq that end a connection after a minute without an answer of the server."""

NOTICE_A_LOST_CLIENT = (
    "set tcp_keepalives_idle = 30",
    "set tcp_keepalives_interval = 10",
    "set tcp_keepalives_count = 3",
    "set tcp_user_timeout = 60000",
    "set client_connection_check_interval = 10000",
)
"""Statements after which PostgreSQL ends a session a minute after its client's machine is gone.

Without them it keeps the session's locks for hours.
"""

_SHUT_DOWN = "57P01"
_DATABASE_FAULTS = {
    "53100": "the disk of the database is full; make room, then load again",
    _SHUT_DOWN: "the database was shut down; start it, then load again",
    "25006": "the database is read-only; point ECOMMERCE_DATABASE_URL at the primary",
}
_PASSING_CLASSES = ("08", "40", "53", "57")
"""SQLSTATE classes of transient errors: connection lost, deadlock, no resources, shutdown."""


class WarehouseError(OperatorError):
    """The database failed for a reason that an operator can fix."""


class PassingFaultError(WarehouseError):
    """The connection to the database was lost or refused, perhaps only for a moment."""


@contextmanager
def connect(url: str, application_name: str = "ecommerce load") -> Iterator[psycopg.Connection]:
    """Open a connection in UTC with autocommit, and close it at the end.

    Raises:
        WarehouseError: the database cannot be reached, or the connection was lost.
    """
    try:
        with psycopg.connect(
            url,
            autocommit=True,
            application_name=application_name,
            # PgBouncer gives each transaction another session: one does not know the statements
            # that were prepared in the other, nor can the parameter `options` be of any.
            prepare_threshold=None,
            **NOTICE_A_LOST_SERVER,
        ) as connection:
            connection.execute("set timezone to 'UTC'")
            yield connection
    except psycopg.Error as error:
        passing = isinstance(error, psycopg.OperationalError)
        raise explained(error, error.sqlstate, is_passing=passing) from error


def explained(error: BaseException, sqlstate: str | None, *, is_passing: bool) -> WarehouseError:
    """Turn a driver's error into a sentence for the operator."""
    known = _DATABASE_FAULTS.get(sqlstate or "")
    if known:
        kind = PassingFaultError if sqlstate == _SHUT_DOWN else WarehouseError
        return kind(f"Nothing half done was kept: {known}.")
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    # The driver counts faults of statements, such as a row too large for an index, among those
    # of the connection. Without a code none was answered.
    if is_passing and (sqlstate is None or sqlstate.startswith(_PASSING_CLASSES)):
        return PassingFaultError(
            f"The database cannot be reached or broke off ({reason}); nothing half done was kept, "
            "load again once it is there."
        )
    code = f" ({sqlstate})" if sqlstate else ""
    return WarehouseError(f"The database refused a statement{code}: {reason}.")


def bump_version(connection: psycopg.Connection) -> None:
    """Count a change, and notify listeners when it is committed."""
    connection.execute(
        """
        with bumped as (
            update ops.warehouse_version set version = version + 1 returning version
        )
        select pg_notify(%s, version::text) from bumped
        """,
        [CHANNEL],
    )


def read_version(connection: psycopg.Connection) -> int:
    """Read the number of changes of the warehouse."""
    row = connection.execute("select version from ops.warehouse_version").fetchone()
    return int(row[0]) if row else 0
