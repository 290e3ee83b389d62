"""How the API reaches PostgreSQL: role, pool, consistent snapshots, the warehouse's version.

SQL on the warehouse's tables is in the module of each subject.
"""

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import asyncpg
from starlette.requests import Request

from ecommerce_api.problems import UnavailableError
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.schema import READER
from ecommerce_assets.warehouse.server import database_url

LOOK_SECONDS = 0.5
"""A look at the warehouse's version counts for so long; half of how stale an answer may ever be."""
STATEMENT_SECONDS = 10
_CONNECT_SECONDS = 3
_QUEUE_SECONDS = 5
CONNECTIONS = 8  # per process; a kept answer needs none

# xmin tells a restored database from the one before it, should both count the same.
_LOOK = """
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
class Look:
    """What one cheap look saw: the warehouse's version, and the keys' names by their hashes."""

    version: str
    key_names: Mapping[str, str]


@dataclass(frozen=True)
class Snapshot:
    """The warehouse as one transaction sees it, however many queries it is asked."""

    connection: asyncpg.pool.PoolConnectionProxy
    version: str
    as_of: dt.date
    currency: str
    timezone: str

    async def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Ask for rows; `$1` stands for the first parameter."""
        return [dict(row) for row in await self.connection.fetch(query, *parameters)]

    async def row(self, query: str, *parameters: object) -> dict[str, Any]:
        """Ask for the one row that a query has."""
        (row,) = await self.rows(query, *parameters)
        return row

    async def value(self, query: str, *parameters: object) -> Any:
        """Ask for the one value of a query; None where it has no row."""
        return await self.connection.fetchval(query, *parameters)


class Database:
    """The API's connections. None is opened before it is needed, and a lost one is replaced."""

    def __init__(self, settings: Settings, connections: int = CONNECTIONS) -> None:
        self._settings = settings
        self._connections = connections
        self._looking = asyncio.Lock()
        self._look: Look | None = None
        self._look_fault: UnavailableError | None = None
        self.known_keys: Mapping[str, str] = {}
        """The keys' names by their hashes, as they were when the database answered last."""
        self._looked_at = -LOOK_SECONDS

    async def open(self) -> None:
        """Get ready to connect; an embedded server is started if it must be."""
        url, role = await asyncio.to_thread(reader_url, self._settings)
        self._reads = await _pool(url, role, self._connections)
        # Of its own, so that slow queries hold up neither kept answers nor the keys.
        self._looks = await _pool(url, role, 1)

    async def close(self) -> None:
        """Break off all connections."""
        self._reads.terminate()
        self._looks.terminate()

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are open, and how many of them are at work."""
        return self._reads.get_size(), self._reads.get_size() - self._reads.get_idle_size()

    async def look(self) -> Look:
        """Give the warehouse's version and keys as they were at most `LOOK_SECONDS` ago.

        Raises:
            UnavailableError: the database or the warehouse is not there.
        """
        if not self._seen_lately():
            async with self._looking:
                if not self._seen_lately():
                    await self._look_now()
        if self._look is None:
            raise self._look_fault or UnavailableError("The database was not asked yet.")
        return self._look

    def _seen_lately(self) -> bool:
        return time.monotonic() - self._looked_at < LOOK_SECONDS

    async def _look_now(self) -> None:
        begun = time.monotonic()
        try:
            with _explained():
                async with self._looks.acquire(timeout=_QUEUE_SECONDS) as connection:
                    row = await connection.fetchrow(_LOOK, timeout=_QUEUE_SECONDS)
            names = _from_json(row["key_names"])
            self._look, self._look_fault = Look(row["version"], names), None
            self.known_keys = names
        except UnavailableError as fault:
            self._look, self._look_fault = None, fault
            begun = time.monotonic()  # or a slow failure would be followed by the next at once
        self._looked_at = begun

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Open a read-only transaction in which every query sees the same warehouse.

        Raises:
            UnavailableError: the database or the warehouse is not there, or a query took too long.
        """
        with _explained():
            async with (
                self._reads.acquire(timeout=_QUEUE_SECONDS) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                row = await connection.fetchrow(_CONTEXT)
                if row["as_of"] is None:
                    raise UnavailableError(
                        "The warehouse holds no data yet; run `ecommerce load`.", retry_after=30
                    )
                if self._look and row["version"] != self._look.version:
                    # What this one shows, the next answer may not have forgotten.
                    self._looked_at = -LOOK_SECONDS
                yield Snapshot(
                    connection, row["version"], row["as_of"], row["currency"], row["timezone"]
                )


@asynccontextmanager
async def reading(request: Request, *, keep: bool = True) -> AsyncIterator[Snapshot]:
    """Open the snapshot that a request is answered from; `keep` allows to keep the answer.

    An answer must not be kept that hangs on more than the warehouse and the request's address.
    """
    database: Database = request.app.state.database
    async with database.snapshot() as snapshot:
        if keep:
            request.state.version = snapshot.version
        yield snapshot


def reader_url(settings: Settings) -> tuple[str, str | None]:
    """Give the URL that the API connects to, and the role that it takes on there.

    With `ECOMMERCE_API_DATABASE_URL` its user is the role; without, it is the loader's database.
    """
    if settings.api_database_url is not None:
        return settings.api_database_url.get_secret_value(), None
    return database_url(settings), READER


async def _pool(url: str, role: str | None, size: int) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=_CONNECT_SECONDS,
        # Plans are made for the parameters at hand, and no migration can invalidate them.
        statement_cache_size=0,
        server_settings={
            "application_name": "ecommerce api",
            "timezone": "UTC",
            "statement_timeout": f"{STATEMENT_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS}s",
            "default_transaction_read_only": "on",
            **({"role": role} if role else {}),
        },
    )


def _from_json(text: str | None) -> Mapping[str, str]:
    return MappingProxyType(json.loads(text) if text else {})


_FAULTS: Mapping[str, str] = MappingProxyType(
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
        "57014": (
            f"The answer took over {STATEMENT_SECONDS} s, or waited so long for a load; "
            "ask for a shorter period, or again later."
        ),
    }
)
# Connections refused, broken or ended (08, 57), log-ins refused (28), out of resources (53).
_PASSING = ("08", "28", "53", "57")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what an operator can mend into `UnavailableError`; a fault of the program stays one."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = error.sqlstate or ""
        if state in _FAULTS:
            raise UnavailableError(_FAULTS[state]) from error
        if state[:2] in _PASSING:
            raise UnavailableError(_NOT_THERE) from error
        raise
    except TimeoutError as error:
        raise UnavailableError("The database is too busy to answer; ask again later.") from error
    except (OSError, asyncpg.InterfaceError) as error:
        raise UnavailableError(_NOT_THERE) from error


_NOT_THERE = "The database does not answer; start it, and this API goes on by itself."
