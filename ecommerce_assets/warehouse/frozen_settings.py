"""Stores the settings that figures depend on, so that figures of two settings never mix."""

import hashlib

import psycopg
from psycopg import sql

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.rules import RULES_VERSION
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.session import bump_version


class SettingsChangedError(OperatorError):
    """The warehouse was loaded under other settings, or by other rules."""


def freeze_settings(connection: psycopg.Connection, settings: Settings) -> None:
    """Store the settings in an empty warehouse; compare them with those of a loaded one.

    Raises:
        SettingsChangedError: the settings differ; it names them and `ecommerce rebuild`.
    """
    with connection.cursor() as cursor:
        # An empty staging means that no figure depends on other settings.
        cursor.executemany(
            """
            insert into ops.settings (name, value) values (%s, %s)
            on conflict (name) do update set value = excluded.value
            where ops.settings.value <> excluded.value
              and not exists (select from ops.staged_files)
            """,
            list(_shaping(settings).items()),
        )
    check_settings(connection, settings)


def check_settings(connection: psycopg.Connection, settings: Settings) -> None:
    """Compare the settings with those that the warehouse was loaded under, without writing.

    Raises:
        SettingsChangedError: the settings differ; it names them and `ecommerce rebuild`.
    """
    kept: dict[str, str] = dict(
        connection.execute(
            "select name, value from ops.settings where exists (select from ops.staged_files)"
        ).fetchall()
    )
    wanted = _shaping(settings)
    differing = sorted(name for name, value in kept.items() if wanted.get(name, value) != value)
    if not differing:
        return
    # The hash key is a secret, and its fingerprint would not help a reader.
    shown = ", ".join(
        name if name == "hash_key" else f"{name} was {kept[name]} and is {wanted[name]}"
        for name in differing
    )
    raise SettingsChangedError(
        f"The warehouse was loaded with other settings ({shown}); "
        "set them back, or run `ecommerce rebuild`."
    )


def _shaping(settings: Settings) -> dict[str, str]:
    key = settings.hash_key.get_secret_value() if settings.hash_key else ""
    return {
        "timezone": settings.timezone,
        "source_timezone": settings.source_timezone,
        "tolerate": settings.tolerate,
        "currency": settings.currency,
        "return_days": str(settings.return_days),
        "hash_key": hashlib.sha256(f"ecommerce hash key {key}".encode()).hexdigest()[:16],
        "rules_version": RULES_VERSION,
    }


def empty(connection: psycopg.Connection) -> None:
    """Empty the three schemas and the state in `ops` that depends on them; the logs stay.

    Rows are deleted and not truncated, so that readers see them until the transaction ends.
    """
    tables = connection.execute(
        """
        select schemaname, tablename from pg_tables
        where schemaname in ('staging', 'quarantine', 'analytics')
           or schemaname = 'ops' and (
               starts_with(tablename, 'touched') or tablename in (
                   'settings', 'staged_files', 'unchecked_batches', 'prunings'
               )
           )
        """
    ).fetchall()
    for table in tables:
        connection.execute(sql.SQL("delete from {}").format(sql.Identifier(*table)))
    connection.execute("update ops.complete_figures set last_batch_date = null")
    bump_version(connection)
