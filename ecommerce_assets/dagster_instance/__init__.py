"""Dagster's own state: where it is stored, its home folder, runs that died. No asset is here."""
