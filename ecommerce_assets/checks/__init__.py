"""Asset checks: they measure each batch day, and judge whether it is good enough.

`feeds`, `orders`, `stock`, `dimensions` and `figures` measure the data; `results` and `graph`
report to Dagster.
"""
