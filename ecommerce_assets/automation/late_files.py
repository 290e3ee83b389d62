"""The sensor for late files: it asks for the past days whose files are not the staged ones."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import dagster as dg

from ecommerce_assets.automation.jobs import LOAD_JOB
from ecommerce_assets.automation.requests import consecutive, run_request
from ecommerce_assets.automation.schedules import last_scheduled_day
from ecommerce_assets.feeds.landing import LandedFile, LandingError
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.staging import staged_digests

FeedDay = tuple[str, dt.date]

INTERVAL_SECONDS = 60
"""How often the landing zone is listed: a tenth of a second for a year of files on a disk."""

CHANGED_READ_AT_ONCE = 300
"""How many changed feed-days one tick reads: some ten seconds, of the minute a sensor may take."""

UNCHANGED_READ_IN_TURN = 50
"""How many unchanged feed-days a tick reads again: a year of six feeds takes 44 ticks."""


@dataclass(frozen=True)
class Memory:
    """What the sensor remembers from one tick to the next: its cursor.

    `seen` has, for each feed-day (as `<day> <feed>`), a digest of the listing of its files and one
    of their contents. `turn` is the unchanged feed-day that was read again last.
    """

    seen: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    turn: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """Read a cursor; there is none at the first tick."""
        memory = json.loads(cursor or "{}")
        seen = {key: (stamp, content) for key, (stamp, content) in memory.get("seen", {}).items()}
        return cls(seen, memory.get("turn", ""))

    def to_cursor(self) -> str:
        """Write the cursor."""
        return json.dumps({"turn": self.turn, "seen": self.seen})


@dataclass(frozen=True)
class Plan:
    """What a tick comes to: the days to ask for, what to remember, and how much was read."""

    days: Sequence[dt.date]
    memory: Memory
    changed: int


def plan(
    landed: Mapping[FeedDay, Sequence[LandedFile]],
    held: Mapping[FeedDay, Mapping[str, str]],
    memory: Memory,
    read_digests: Callable[[Sequence[LandedFile]], Mapping[str, str] | None],
    *,
    at_once: int = CHANGED_READ_AT_ONCE,
    in_turn: int = UNCHANGED_READ_IN_TURN,
) -> Plan:
    """Decide which days to ask for.

    `landed` are the listed files of each feed-day, `held` the SHA-256 of each file that staging
    holds; `read_digests` reads the SHA-256 of files, None where one cannot be read. It is called
    for feed-days whose names, sizes or times of change are not those remembered, at most `at_once`,
    and for `in_turn` of the others, since sizes and times can stay the same when contents change.
    A day is asked for when the contents are neither those remembered nor those staged. Files that
    cannot be read count as a content of their own; the run says why.
    """
    keys = {f"{day} {feed}": (feed, day) for feed, day in {*landed, *held}}
    stamps = {
        key: _digest([(file.name, file.stamp) for file in landed.get(feed_day, ())])
        for key, feed_day in keys.items()
    }
    unknown = ("", "")
    changed = [key for key in sorted(keys) if stamps[key] != memory.seen.get(key, unknown)[0]]
    changed = changed[:at_once]
    unchanged = [key for key in sorted(keys) if stamps[key] == memory.seen.get(key, unknown)[0]]
    turn = ([key for key in unchanged if key > memory.turn] or unchanged)[:in_turn]
    seen = {key: memory.seen[key] for key in memory.seen if key in keys}
    days = []
    for key in (*changed, *turn):
        feed_day = keys[key]
        digests = read_digests(landed.get(feed_day, ()))
        content = _digest(digests)
        if content != seen.get(key, unknown)[1] and digests != held.get(feed_day, {}):
            days.append(feed_day[1])
        seen[key] = (stamps[key], content)
    return Plan(sorted(set(days)), Memory(seen, turn[-1] if turn else ""), len(changed))


def late_files(shop: Shop, days: dg.PartitionsDefinition) -> dg.SensorDefinition:
    """Build the sensor; it leaves alone the days that the schedule has yet to load."""

    @dg.sensor(
        name="late_files",
        job_name=LOAD_JOB,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="New, replaced and removed files of past days.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            landed = shop.landing.listing().batches
        except LandingError as error:
            return dg.SkipReason(str(error))
        with shop.warehouse() as connection:
            held = staged_digests(connection)
        last = last_scheduled_day(shop.now(), shop.settings)
        past = {
            (feed, day)
            for feed, day in {*landed, *held}
            if day <= last and days.has_partition_key(str(day))
        }
        planned = plan(
            {key: files for key, files in landed.items() if key in past},
            {key: digests for key, digests in held.items() if key in past},
            Memory.from_cursor(context.cursor),
            shop.landing.digests,
        )
        return dg.SensorResult(
            run_requests=[run_request(*stretch) for stretch in consecutive(planned.days)],
            skip_reason=None
            if planned.days
            else f"No late file; {planned.changed} feed-days have files that were only touched.",
            cursor=planned.memory.to_cursor(),
        )

    return sensor


def _digest(facts: object) -> str:
    """Shorten what is known of a feed-day's files: a cursor of a year's stays at 120 kB."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
