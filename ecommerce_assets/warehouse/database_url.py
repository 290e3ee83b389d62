"""Which database the warehouse and Dagster use: the one of the settings, or the embedded server's.

How the embedded server is made, started and stopped: `server.py`.
"""

from pathlib import Path
from threading import Lock

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.server import EmbeddedServer

_holding = Lock()
_held: dict[Path, str] = {}  # the URL of each home's server that this process holds


def database_url(settings: Settings) -> str:
    """Return the URL of the warehouse's database, as `postgresql://`.

    Without `ECOMMERCE_DATABASE_URL` it is that of the embedded server, which is started if it does
    not run and keeps running until this process ends. The last process to end stops the server,
    unless another program is connected.

    Raises:
        ServerError: the embedded server could not be made or started.
        OperatorError: `ECOMMERCE_DATABASE_URL` is not a PostgreSQL URL.
    """
    if settings.database_url is not None:
        return _postgresql_url(settings.database_url.get_secret_value())
    with _holding:
        if settings.home not in _held:
            _held[settings.home] = EmbeddedServer(settings.home / "postgres").hold()
        return _held[settings.home]


def dagster_database_url(settings: Settings) -> str:
    """Return the URL of the database with Dagster's state: the warehouse's, unless it is set.

    Raises:
        ServerError: the embedded server could not be made or started.
        OperatorError: the setting is no PostgreSQL URL.
    """
    if settings.dagster_database_url is None:
        return database_url(settings)
    return _postgresql_url(
        settings.dagster_database_url.get_secret_value(), "ECOMMERCE_DAGSTER_DATABASE_URL"
    )


def lasting_database_url(settings: Settings) -> str:
    """Like `database_url`, but the embedded server keeps running after this process ends.

    It stops when no program has been connected for `IDLE_SECONDS`.
    """
    if settings.database_url is not None:
        return _postgresql_url(settings.database_url.get_secret_value())
    return EmbeddedServer(settings.home / "postgres").start_and_keep()


def _postgresql_url(url: str, setting: str = "ECOMMERCE_DATABASE_URL") -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise OperatorError(
            f"{setting} is no PostgreSQL URL; write it as "
            "postgresql://user:password@host:5432/database."
        )
    return f"postgresql://{rest}"
