"""How Alembic runs here: on the connection that `warehouse.schema.migrate` hands over.

The version is kept in `ops`.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="ops")
context.run_migrations()
