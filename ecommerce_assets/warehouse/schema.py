"""Brings the warehouse's schema up to date by migrations."""

from functools import cache
from importlib.resources import files
from typing import cast

import psycopg

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.warehouse.session import connect, explained

READER = "ecommerce_reader"
"""The database role of the API, which can only SELECT."""


class SchemaError(OperatorError):
    """The database's schema does not fit this version of the program."""


def migrate(url: str) -> None:
    """Bring the database's schema up to date and keep its data.

    Raises:
        SchemaError: the schema is of a newer version of this program.
        WarehouseError: the database cannot be reached, or refuses a statement.
    """
    # Alembic and SQLAlchemy take longer to import than a day takes to load.
    with connect(url) as connection:
        if _version(connection) == latest_version():
            return
    _upgrade(url)


@cache
def latest_version() -> str:
    """The version that the last migration makes, from the start of its file's name."""
    names = [file.name for file in (files(__package__) / "migrations" / "versions").iterdir()]
    return max(name.split("_")[0] for name in names if name[0].isdigit())


def _version(connection: psycopg.Connection) -> str | None:
    table = connection.execute("select to_regclass('ops.alembic_version')").fetchone()
    if not table or table[0] is None:
        return None
    row = connection.execute("select version_num from ops.alembic_version").fetchone()
    return row[0] if row else None


def _upgrade(url: str) -> None:
    import sqlalchemy
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(files(__package__) / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    engine = sqlalchemy.create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        connect_args={"prepare_threshold": None},  # as in `session.connect`
    )
    try:
        with engine.begin() as transaction:
            # Two processes may start at once on an empty database.
            transaction.execute(
                sqlalchemy.text("select pg_advisory_xact_lock(hashtext('migrate'))")
            )
            version = _version(cast(psycopg.Connection, transaction.connection.driver_connection))
            if version is not None and version not in {
                s.revision for s in scripts.walk_revisions()
            }:
                raise SchemaError(
                    f"The database has schema version {version}, which is newer than this program; "
                    "update the program, or point ECOMMERCE_DATABASE_URL at another database."
                )
            transaction.execute(sqlalchemy.text("create schema if not exists ops"))
            config.attributes["connection"] = transaction
            command.upgrade(config, "head")
    except sqlalchemy.exc.DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        passing = isinstance(error.orig, psycopg.OperationalError)
        raise explained(error.orig, error.orig.sqlstate, is_passing=passing) from error
    finally:
        engine.dispose()
