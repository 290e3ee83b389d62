"""Asset checks: what is measured, when it is good enough, and how Dagster is told, by day.

`feeds` and `tables` know the data, `verdicts` and `graph` know Dagster.
"""
