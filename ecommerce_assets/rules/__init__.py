"""The business rules: pure functions from frames to frames. No Dagster, SQL, disk or clock."""

RULES_VERSION = "2"
"""Raise it when a rule gives other figures for the same files; the warehouse is then rebuilt."""
