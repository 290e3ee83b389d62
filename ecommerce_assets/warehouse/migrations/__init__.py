"""The schema's history, run by Alembic; a migration keeps the data it finds."""
