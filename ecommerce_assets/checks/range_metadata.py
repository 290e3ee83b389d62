"""The metadata that lists the days of a check's one result over a range.

The event log in `dagster_instance` reads it, and records the result for each day.
"""

JUDGED_DAYS = "judged_days"
FAILED_DAYS = "failed_days"
