"""The role of the API, which can only SELECT, and the index by which it finds a refused record."""

import sys

import sqlalchemy
from alembic import op

revision = "0002"
down_revision = "0001"

_ROLE = "ecommerce_reader"
_SCHEMAS = "analytics, quarantine, staging"
_OPS_TABLES = (
    "ops.staged_files, ops.settings, ops.warehouse_version, ops.restatements, ops.api_keys"
)
_NOT_ALLOWED = "42501"
_NO_SUCH_ROLE = "42704"
_MADE_MEANWHILE = ("42710", "23505")  # by the migration of another database of the same server


def upgrade() -> None:
    """Make the role where the loader may, and print the SQL for who may where it may not."""
    op.execute("create index on quarantine.records (business_key)")
    connection = op.get_bind()
    refused = [
        statement for statement in _statements(connection) if not _run(connection, statement)
    ]
    if refused:
        print(
            f"The API reads as the role {_ROLE}, which this database user may not set up. "
            "Have an administrator of the database run:\n\n" + "\n".join(refused) + "\n",
            file=sys.stderr,
        )


def _statements(connection: sqlalchemy.Connection) -> list[str]:
    quote = connection.dialect.identifier_preparer.quote
    loader = quote(connection.execute(sqlalchemy.text("select current_user")).scalar_one())
    exists, may_become = connection.execute(
        sqlalchemy.text(
            """
            select rolname is not null, rolname is not null and pg_has_role(
                current_user, rolname,
                case when current_setting('server_version_num')::int < 160000
                     then 'member' else 'set' end)
            from (values (1)) as one_row left join pg_roles on rolname = :role
            """
        ),
        {"role": _ROLE},
    ).one()
    return [
        *([] if exists else [f"create role {_ROLE} nologin;"]),
        f"grant usage on schema {_SCHEMAS}, ops to {_ROLE};",
        f"grant select on all tables in schema {_SCHEMAS} to {_ROLE};",
        f"grant select on {_OPS_TABLES} to {_ROLE};",
        f"alter default privileges for role {loader} in schema {_SCHEMAS} "
        f"grant select on tables to {_ROLE};",
        *([] if may_become else [f"grant {_ROLE} to {loader};"]),
    ]


def _run(connection: sqlalchemy.Connection, statement: str) -> bool:
    """Run a statement; False where this user may not, or the role is not there."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except sqlalchemy.exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _MADE_MEANWHILE:
            return True
        if state in (_NOT_ALLOWED, _NO_SUCH_ROLE):
            return False
        raise
    return True
