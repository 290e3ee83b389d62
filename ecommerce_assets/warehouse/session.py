"""Connections to the warehouse, and the one lock that every change of it holds.

SQL on tables stands with the modules that know them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from ecommerce_assets.errors import OperatorError

CHANNEL = "warehouse_version"
"""What listeners are notified on, with the new version as text, when a change is committed."""

_WRITE_LOCK = 0x65636F6D  # any number no other program of this database locks
_LOCK_SECONDS = 600

_SHUT_DOWN = "57P01"
_DATABASE_FAULTS = {
    "53100": "the disk of the database is full; make room, then load again",
    _SHUT_DOWN: "the database was shut down; start it, then load again",
    "25006": "the database is read-only; point ECOMMERCE_DATABASE_URL at the primary",
}
_PASSING_CLASSES = ("08", "40", "53", "57")
"""Connection lost, deadlock, out of resources, shut down: the same may work in a moment."""


class WarehouseError(OperatorError):
    """The database did not do what was asked, for a reason an operator can mend."""


class PassingFaultError(WarehouseError):
    """The database broke off or cannot be reached, which may be over in a moment."""


class LockHeldError(WarehouseError):
    """Somebody else has held the warehouse's lock for too long."""


@contextmanager
def connect(url: str, application_name: str = "ecommerce load") -> Iterator[psycopg.Connection]:
    """Open a connection in UTC, autocommit outside `writing` blocks, and close it in the end.

    Raises:
        WarehouseError: the database cannot be reached, or the connection was lost.
    """
    try:
        with psycopg.connect(
            url, autocommit=True, application_name=application_name, options="-c TimeZone=UTC"
        ) as connection:
            yield connection
    except psycopg.Error as error:
        passing = isinstance(error, psycopg.OperationalError)
        raise explained(error, error.sqlstate, is_passing=passing) from error


def explained(error: BaseException, sqlstate: str | None, *, is_passing: bool) -> WarehouseError:
    """Say in a sentence what a driver's error means for the one who runs the load."""
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


@contextmanager
def writing(
    connection: psycopg.Connection, lock_seconds: int = _LOCK_SECONDS
) -> Iterator[psycopg.Connection]:
    """Run a block as one transaction, alone among all writers of the warehouse.

    Raises:
        LockHeldError: the lock, or a table, did not come free within `lock_seconds`; names who
            holds it.
    """
    try:
        with connection.transaction():
            connection.execute(
                sql.SQL("set local lock_timeout = {}").format(sql.Literal(f"{lock_seconds}s"))
            )
            connection.execute("select pg_advisory_xact_lock(%s)", [_WRITE_LOCK])
            yield connection
    except psycopg.errors.LockNotAvailable:
        raise LockHeldError(_held_message(connection, lock_seconds)) from None


def bump_version(connection: psycopg.Connection) -> None:
    """Count a change that readers will see, and tell them when it is committed."""
    connection.execute(
        """
        with bumped as (
            update ops.warehouse_version set version = version + 1 returning version
        )
        select pg_notify(%s, version::text) from bumped
        """,
        [CHANNEL],
    )


def _held_message(connection: psycopg.Connection, lock_seconds: int) -> str:
    holder = connection.execute(
        """
        select coalesce(nullif(a.application_name, ''), 'an unnamed program'), a.pid,
               date_trunc('second', a.xact_start)::text
        from pg_locks l
        join pg_stat_activity a using (pid)
        left join pg_class c on c.oid = l.relation
        where l.granted and a.pid <> pg_backend_pid() and (
            l.locktype = 'advisory' and l.objid = %s
            or c.relnamespace::regnamespace::text = any(%s)
                and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                               'AccessExclusiveLock')
        )
        order by a.xact_start limit 1
        """,
        [_WRITE_LOCK, ["staging", "quarantine", "analytics", "ops"]],
    ).fetchone()
    who = "{} (process {}, since {})".format(*holder) if holder else "a program that has just ended"
    return (
        f"The warehouse was not free for {lock_seconds} s: it is locked by {who}; "
        "wait for it or end it, then load again."
    )


def read_version(connection: psycopg.Connection) -> int:
    """Read how many changes the warehouse has seen."""
    row = connection.execute("select version from ops.warehouse_version").fetchone()
    return int(row[0]) if row else 0
