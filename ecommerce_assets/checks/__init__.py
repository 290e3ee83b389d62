"""Asset checks: what is measured for each batch day, and when it is good enough.

`feeds`, `orders`, `stock`, `dimensions` and `figures` measure the data; `results` and `graph`
report to Dagster.
"""
