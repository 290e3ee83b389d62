"""The metadata in which the one result of a check over a range of days lists the days.

The event log of `dagster_instance` reads it to give each day its result.
"""

JUDGED_DAYS = "judged_days"
FAILED_DAYS = "failed_days"
