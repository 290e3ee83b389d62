"""The Dagster code location: daily exports of a shop into a PostgreSQL warehouse."""
