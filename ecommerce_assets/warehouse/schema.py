"""The warehouse's schema, brought up to date by migrations. No queries of its tables here."""

from importlib.resources import files

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.warehouse.session import explained

READER = "ecommerce_reader"
"""The database role of the API, which can only SELECT."""


class SchemaError(OperatorError):
    """The database's schema is not one this code can work with."""


def migrate(url: str) -> None:
    """Bring the database's schema up to date, keeping its data; does nothing if it is.

    Raises:
        SchemaError: it comes from a newer version of this program.
        WarehouseError: the database cannot be reached, or refuses a statement.
    """
    config = Config()
    config.set_main_option("script_location", str(files(__package__) / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            if _version(connection) == scripts.get_current_head():
                return
        with engine.begin() as connection:
            # Two processes may start at once on an empty database.
            connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(hashtext('migrate'))"))
            version = _version(connection)
            if version is not None and version not in {
                s.revision for s in scripts.walk_revisions()
            }:
                raise SchemaError(
                    f"The database has schema version {version}, which is newer than this program; "
                    "update the program, or point ECOMMERCE_DATABASE_URL at another database."
                )
            connection.execute(sqlalchemy.text("create schema if not exists ops"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sqlalchemy.exc.DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        passing = isinstance(error.orig, psycopg.OperationalError)
        raise explained(error.orig, error.orig.sqlstate, is_passing=passing) from error
    finally:
        engine.dispose()


def _version(connection: sqlalchemy.Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version", schema="ops"):
        return None
    return connection.execute(
        sqlalchemy.text("select version_num from ops.alembic_version")
    ).scalar_one_or_none()
