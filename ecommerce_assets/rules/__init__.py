"""The business: pure functions, frames in, frames out. No Dagster, no SQL, no disk, no clock."""

RULES_VERSION = "2"
"""Changes when a rule gives other figures for the same files; the warehouse is then rebuilt."""
