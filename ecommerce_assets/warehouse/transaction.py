"""The one transaction of a run, its lock, and its commit (docs/decisions/one-transaction-a-run.md).

A run takes the warehouse's lock with its first step and works in one transaction. So runs come one
after the other, and a run that dies leaves nothing. The run commits when everything that depends on
its batches is computed, so that readers always see a finished state.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from psycopg import sql

from ecommerce_assets.warehouse.session import (
    NOTICE_A_LOST_CLIENT,
    PassingFaultError,
    WarehouseError,
    connect,
    explained,
)

_WRITE_LOCK = 0x65636F6D  # any number no other program of this database locks
LOCK_SECONDS = 6 * 3600
"""How long a run waits for earlier runs: longer than the longest backfill."""
_TABLE_LOCK_SECONDS = 600


class LockHeldError(WarehouseError):
    """Another session has held the warehouse's lock for too long."""


class ChangesLostError(WarehouseError):
    """The connection was lost, and with it the changes of the run's earlier steps."""


class RunTransaction:
    """The transaction of a run: its first step begins it, `publish` commits it.

    A later step begins another transaction. `begin` is called first in each transaction, with the
    lock held; an exception of it ends the step.
    """

    def __init__(
        self,
        url: Callable[[], str],
        begin: Callable[[psycopg.Connection], None],
        lock_seconds: int = LOCK_SECONDS,
    ) -> None:
        self._url = url
        self._begin = begin
        self._lock_seconds = lock_seconds
        self._opened = ExitStack()
        self._connection: psycopg.Connection | None = None
        self._is_begun = False
        self._has_changes = False
        self._has_lost_changes = False
        self.has_published = False
        """Whether readers see any changes of the run."""

    @contextmanager
    def step(self) -> Iterator[psycopg.Connection]:
        """Run a step while no other run changes the warehouse; undo its changes if it fails.

        Raises:
            PassingFaultError: the connection was lost, before any earlier step made changes.
            ChangesLostError: the connection was lost after a step; the run has to be repeated.
            LockHeldError: the lock or a table stayed locked; the message names its holder.
        """
        if self._has_lost_changes:
            raise ChangesLostError(
                "Nothing of this run was kept, since the database broke off during an earlier step;"
                " load again."
            )
        try:
            connection = self._begun()
            with connection.transaction():
                yield connection
        except psycopg.Error as error:
            raise self._explained(error) from error
        self._has_changes = True

    def publish(self) -> None:
        """Commit the run's changes, so that readers see them.

        Raises:
            ChangesLostError: the connection was lost before the commit was confirmed.
        """
        if self._connection is None:
            return
        try:
            self._connection.commit()
        except psycopg.Error as error:
            raise self._explained(error) from error
        self._is_begun = self._has_changes = False
        self.has_published = True

    def close(self) -> None:
        """End the run, and undo the changes that were not published."""
        if self._connection is not None and not self._connection.closed:
            self._connection.rollback()
        self._opened.close()

    def _begun(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = self._opened.enter_context(connect(self._url()))
            self._connection.autocommit = False
        connection = self._connection
        if not self._is_begun:
            try:
                _lock(connection, self._lock_seconds)
                self._begin(connection)
            except BaseException:
                if not connection.closed:
                    connection.rollback()
                raise
            self._is_begun = True
        return connection

    def _explained(self, error: psycopg.Error) -> WarehouseError:
        connection = self._connection
        if isinstance(error, psycopg.errors.LockNotAvailable) and connection is not None:
            return LockHeldError(_held_message(connection))
        fault = explained(
            error, error.sqlstate, is_passing=isinstance(error, psycopg.OperationalError)
        )
        if connection is None or not connection.closed:
            return fault
        self._has_lost_changes = self._has_changes
        self._opened = ExitStack()
        self._connection, self._is_begun = None, False
        if self._has_lost_changes and isinstance(fault, PassingFaultError):
            return ChangesLostError(str(fault))
        return fault


def _lock(connection: psycopg.Connection, lock_seconds: int) -> None:
    timeout = sql.SQL("set local lock_timeout = {}")
    connection.execute("set local idle_in_transaction_session_timeout = 0")
    for statement in NOTICE_A_LOST_CLIENT:
        connection.execute(statement)
    connection.execute(timeout.format(sql.Literal(f"{lock_seconds}s")))
    connection.execute("select pg_advisory_xact_lock(%s)", [_WRITE_LOCK])
    connection.execute(timeout.format(sql.Literal(f"{min(lock_seconds, _TABLE_LOCK_SECONDS)}s")))


def _held_message(connection: psycopg.Connection) -> str:
    """Describe the session that holds the lock which a statement waited for."""
    holder = connection.execute(
        """
        select coalesce(nullif(a.application_name, ''), 'an unnamed program'), a.pid,
               date_trunc('second', a.xact_start)::text
        from pg_locks l
        join pg_stat_activity a using (pid)
        left join pg_class c on c.oid = l.relation
        where l.granted and a.pid <> pg_backend_pid() and a.datname = current_database() and (
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
        f"The warehouse did not come free: it is locked by {who}; "
        "wait for it or end it, then load again."
    )
