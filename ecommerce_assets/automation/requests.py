"""Run requests for batch days, as the schedule and the sensor make them."""

import datetime as dt
from collections.abc import Collection, Iterator

import dagster as dg

from ecommerce_assets.partitions import range_tags


def run_request(first: dt.date, last: dt.date) -> dg.RunRequest:
    """Request one run of the batch days from `first` to `last`."""
    if first == last:
        return dg.RunRequest(partition_key=first.isoformat())
    return dg.RunRequest(tags=range_tags(first, last))


def consecutive(days: Collection[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the first and last day of each stretch of consecutive days, ascending."""
    start = before = None
    for day in sorted(set(days)):
        if before is None or start is None:
            start = day
        elif day - before > dt.timedelta(1):
            yield start, before
            start = day
        before = day
    if start is not None and before is not None:
        yield start, before
