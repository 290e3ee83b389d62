"""The one transaction in which a run changes the warehouse, and when readers see it.

A run takes the warehouse's lock with its first step and works in one transaction, so that runs come
one after the other, and a run that dies leaves nothing. It commits when everything that hangs on
its batches is computed: what readers see is always a finished state
(docs/decisions/one-transaction-a-run.md).
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
"""How long a run waits for the runs before it: longer than the longest backfill."""
_TABLE_LOCK_SECONDS = 600


class LockHeldError(WarehouseError):
    """Somebody else has held the warehouse's lock for too long."""


class ChangesLostError(WarehouseError):
    """The connection broke off, and what earlier steps of the run had changed is gone with it."""


class RunTransaction:
    """The transaction of a run: its first step begins it, `publish` commits it.

    A step after that begins another one. `begin` is called in each with the lock held, before
    anything else; what it raises ends the step.
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
        """Whether readers see anything of the run by now."""

    @contextmanager
    def step(self) -> Iterator[psycopg.Connection]:
        """Run a step, alone among all that change the warehouse; undo what it did if it fails.

        Raises:
            PassingFaultError: the connection broke off, and no earlier step lost what it had done.
            ChangesLostError: it broke off after a step; the whole run has to be done again.
            LockHeldError: the lock, or a table, did not come free; names who holds it.
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
        """Commit, so that readers see what the run has changed so far.

        Raises:
            ChangesLostError: the connection broke off before the commit was confirmed.
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
        """End the run: what has not been published is undone, the last published state stands."""
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
    """Say who holds the lock that a statement waited for."""
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
