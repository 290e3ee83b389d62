"""Holds the records of a synthetic shop until the day on which they land."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers

Records = Mapping[str, Ints]
"""The columns of a feed's records, as whole numbers; `records` converts them to texts."""


def by_day(day: Ints) -> Iterator[tuple[int, Ints]]:
    """Give each day that occurs, ascending, with its positions in order."""
    if not len(day):
        return
    order = np.argsort(day, kind="stable")
    days, starts = np.unique(day[order], return_index=True)
    yield from zip(days.tolist(), np.split(order, starts[1:]), strict=True)


class Outbox:
    """Holds records until their day. Some are late, but all land by the last day."""

    def __init__(self, last_day: int, random: RandomNumbers) -> None:
        self._last_day = last_day
        self._random = random
        self._waiting: defaultdict[tuple[str, int], list[Records]] = defaultdict(list)

    def add(self, feed: str, day: Ints, records: Records, *, late_per_mille: int = 15) -> None:
        """Add records with the days on which they happen; drop those after the last day."""
        lag = self._random.between(1, 5, len(day)) * self._random.chance(late_per_mille, len(day))
        lands = np.where(day > self._last_day, -1, np.minimum(day + lag, self._last_day))
        for when, rows in by_day(lands):
            if when >= 0:
                self._waiting[feed, when].append(
                    {name: values[rows] for name, values in records.items()}
                )

    def take(self, feed: str, day: int) -> Records | None:
        """Take the records that land on a day, in the order of their export."""
        parts = self._waiting.pop((feed, day), None)
        if parts is None:
            return None
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.argsort(joined["ingested_at"], kind="stable")
        return {name: values[order] for name, values in joined.items()}
