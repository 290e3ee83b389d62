"""Asset checks: what is measured, when it is good enough, and how Dagster is told, by day.

`feeds`, `orders`, `stock`, `dimensions` and `figures` know the data, `verdicts` and `graph` know
Dagster.
"""
