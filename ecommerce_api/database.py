"""The API's connections to PostgreSQL: role, pools, snapshots, and the warehouse's version.

Queries of the warehouse's tables are in the module of each subject.
"""

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import asyncpg
from starlette.requests import Request

from ecommerce_api.problems import UnavailableError
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.database_url import database_url
from ecommerce_assets.warehouse.schema import READER

STATE_SECONDS = 0.5
"""How long a version that was read is trusted: half of how stale an answer may be."""
STATEMENT_SECONDS = 10
_CONNECT_SECONDS = 3
_QUEUE_SECONDS = 5
CONNECTIONS = 8  # per process; a cached answer needs none

# xmin changes when a database is restored, even if the counter comes back to the same number.
_STATE = """
    select version || '.' || xmin as version,
           (select json_object_agg(key_sha256, name)::text
            from ops.api_keys where revoked_at is null) as key_names
    from ops.warehouse_version
"""
_CONTEXT = """
    select version || '.' || xmin as version,
           (select max(batch_date) from ops.staged_files) as as_of,
           (select value from ops.settings where name = 'currency') as currency,
           (select value from ops.settings where name = 'timezone') as timezone
    from ops.warehouse_version
"""


@dataclass(frozen=True)
class WarehouseState:
    """The warehouse's version, and the names of the API keys by their hashes."""

    version: str
    key_names: Mapping[str, str]


@dataclass(frozen=True)
class Snapshot:
    """The warehouse in one read-only transaction: all its queries see the same state."""

    connection: asyncpg.pool.PoolConnectionProxy
    version: str
    as_of: dt.date
    currency: str
    timezone: str

    async def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Run a query and give its rows; `$1` is the first parameter."""
        return [dict(row) for row in await self.connection.fetch(query, *parameters)]

    async def row(self, query: str, *parameters: object) -> dict[str, Any]:
        """Run a query that has exactly one row, and give it."""
        (row,) = await self.rows(query, *parameters)
        return row

    async def value(self, query: str, *parameters: object) -> Any:
        """Run a query and give the first value of its first row; None without a row."""
        return await self.connection.fetchval(query, *parameters)


class Database:
    """The API's connection pools. They connect when asked, and replace a lost connection."""

    def __init__(self, settings: Settings, connections: int = CONNECTIONS) -> None:
        self._settings = settings
        self._connections = connections
        self._refreshing = asyncio.Lock()
        self._state: WarehouseState | None = None
        self._state_error: UnavailableError | None = None
        self.known_keys: Mapping[str, str] = {}
        """The keys' names by their hashes, as they were when the database answered last."""
        self._refreshed_at = -STATE_SECONDS

    async def open(self) -> None:
        """Make the pools; start the embedded server if it is configured and does not run."""
        url, role = await asyncio.to_thread(reader_url, self._settings)
        session, pooled = _session(role), self._settings.api_pooled
        self._set_local = ";".join(f"set local {name} to '{session[name]}'" for name in session)
        self._snapshot_pool = await _pool(url, session, self._connections, pooled=pooled)
        # A pool of its own, so that slow queries delay neither cached answers nor key checks.
        self._state_pool = await _pool(url, session, 1, pooled=pooled)

    async def close(self) -> None:
        """Close all connections at once."""
        self._snapshot_pool.terminate()
        self._state_pool.terminate()

    @property
    def connections(self) -> tuple[int, int]:
        """The number of open connections, and of those in use."""
        size = self._snapshot_pool.get_size()
        return size, size - self._snapshot_pool.get_idle_size()

    async def state(self) -> WarehouseState:
        """Give the warehouse's version and keys as they were at most `STATE_SECONDS` ago.

        Raises:
            UnavailableError: the database or the warehouse cannot be reached.
        """
        if not self._is_fresh():
            async with self._refreshing:
                if not self._is_fresh():
                    await self._refresh()
        if self._state is None:
            raise self._state_error or UnavailableError("The database was not asked yet.")
        return self._state

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._refreshed_at < STATE_SECONDS

    async def _refresh(self) -> None:
        begun = time.monotonic()
        try:
            with _as_unavailable():
                async with (
                    self._state_pool.acquire(timeout=_QUEUE_SECONDS) as connection,
                    connection.transaction() if self._settings.api_pooled else nullcontext(),
                ):
                    await self._set_session_of(connection)
                    row = await connection.fetchrow(_STATE, timeout=_QUEUE_SECONDS)
            names = _from_json(row["key_names"])
            self._state, self._state_error = WarehouseState(row["version"], names), None
            self.known_keys = names
        except UnavailableError as error:
            self._state, self._state_error = None, error
            begun = time.monotonic()  # else a slow failure would be retried at once
        self._refreshed_at = begun

    async def _set_session_of(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        """Give a pooled transaction the settings that other connections have from the start."""
        if self._settings.api_pooled:
            await connection.execute(self._set_local)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Open a read-only transaction in which every query sees the same warehouse.

        Raises:
            UnavailableError: the database or warehouse cannot be reached, or a query took too long.
        """
        with _as_unavailable():
            async with (
                self._snapshot_pool.acquire(timeout=_QUEUE_SECONDS) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                await self._set_session_of(connection)
                row = await connection.fetchrow(_CONTEXT)
                if row["as_of"] is None:
                    raise UnavailableError(
                        "The warehouse holds no data yet; run `ecommerce load`.", retry_after=30
                    )
                if self._state and row["version"] != self._state.version:
                    # A later request must not get a cached answer older than this snapshot.
                    self._refreshed_at = -STATE_SECONDS
                yield Snapshot(
                    connection, row["version"], row["as_of"], row["currency"], row["timezone"]
                )


@asynccontextmanager
async def reading(request: Request, *, cache: bool = True) -> AsyncIterator[Snapshot]:
    """Open the snapshot that a request is answered from; with `cache` the answer may be cached.

    Only an answer that depends on nothing but the warehouse and the request's URL may be cached.
    """
    database: Database = request.app.state.database
    async with database.snapshot() as snapshot:
        if cache:
            request.state.version = snapshot.version
        yield snapshot


def reader_url(settings: Settings) -> tuple[str, str | None]:
    """Give the URL that the API connects to, and the role that it takes on after connecting.

    `ECOMMERCE_API_DATABASE_URL` is used with its own user, without a role. Otherwise the API
    connects to the loader's database and takes on the read-only role.
    """
    if settings.api_database_url is not None:
        return settings.api_database_url.get_secret_value(), None
    return database_url(settings), READER


def _session(role: str | None) -> dict[str, str]:
    """Give the settings of the sessions that queries run in."""
    return {
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS}s",
        "default_transaction_read_only": "on",
        "plan_cache_mode": "force_custom_plan",
        **({"role": role} if role else {}),
    }


async def _pool(url: str, session: Mapping[str, str], size: int, *, pooled: bool) -> asyncpg.Pool:
    """Make a pool. A connection that is `pooled` by PgBouncer has no session to keep things in."""
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=_CONNECT_SECONDS,
        init=_read_numbers_as_text,
        reset=_keep_session,
        server_settings={
            "application_name": "ecommerce api",
            "timezone": "UTC",
            **({} if pooled else session),
        },
        **({"statement_cache_size": 0} if pooled else {}),
    )


async def _read_numbers_as_text(connection: asyncpg.Connection) -> None:
    """Have numbers sent as text: asyncpg takes twice as long to read their binary form."""
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=Decimal, format="text"
    )


async def _keep_session(_: asyncpg.pool.PoolConnectionProxy) -> None:
    """Reset nothing: a read-only transaction leaves no trace in its session."""


def _from_json(text: str | None) -> Mapping[str, str]:
    return MappingProxyType(json.loads(text) if text else {})


_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "3D000": "The database does not exist yet; run `ecommerce load`.",
        "3F000": "The database holds no warehouse yet; run `ecommerce load`.",
        "42P01": "The database holds no warehouse yet, or an older one; run `ecommerce load`.",
        "42703": "The warehouse is of another version of this program; run `ecommerce load`.",
        "42501": (
            f"The API's database role may not read the warehouse; have the SQL run "
            f"that the migration printed for the role {READER}."
        ),
        "22023": (
            f"The database has no role {READER} for the API; have the SQL run "
            "that the migration printed."
        ),
        "0A000": "The warehouse has just been migrated; ask again.",
        "57014": (
            f"The answer took over {STATEMENT_SECONDS} s, or waited so long for a load; "
            "ask for a shorter period, or again later."
        ),
    }
)
# SQLSTATE classes: connection refused or lost (08, 57), login refused (28), no resources (53), and
# broken off for what a replica has to replay (40).
_TRANSIENT_CLASSES = ("08", "28", "40", "53", "57")


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """Turn errors that an operator can fix into `UnavailableError`; pass on all others."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = error.sqlstate or ""
        if state in _MESSAGES:
            raise UnavailableError(_MESSAGES[state]) from error
        if state[:2] in _TRANSIENT_CLASSES:
            raise UnavailableError(_UNREACHABLE) from error
        raise
    except TimeoutError as error:
        raise UnavailableError("The database is too busy to answer; ask again later.") from error
    except (OSError, asyncpg.InterfaceError) as error:
        raise UnavailableError(_UNREACHABLE) from error


_UNREACHABLE = "The database does not answer; start it, and this API goes on by itself."
