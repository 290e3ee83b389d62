"""The sensor for late files: it requests loads of past days whose landed files are not loaded."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import dagster as dg
import psycopg

from ecommerce_assets.assets.staging import staged
from ecommerce_assets.automation.jobs import AUDIT_JOB, LOAD_JOB
from ecommerce_assets.automation.requests import consecutive, run_request
from ecommerce_assets.automation.schedules import last_scheduled_day
from ecommerce_assets.dagster_instance.dead_runs import fail_dead_runs, is_of_store, unfinished_runs
from ecommerce_assets.feeds.landing import LandedFile, LandingError
from ecommerce_assets.partitions import run_range
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.pruning import first_whole_day
from ecommerce_assets.warehouse.staging import staged_digests
from ecommerce_assets.warehouse.touched import nothing_waits

FeedDay = tuple[str, dt.date]
Days = tuple[dt.date, dt.date]
"""A first and a last day."""

INTERVAL_SECONDS = 60
"""How often the sensor lists the landing zone; a year of files on a disk takes 0.1 s."""

CHANGED_READ_AT_ONCE = 300
"""How many changed feed-days one tick reads: about 10 s, where a tick may take 60 s."""

UNCHANGED_READ_IN_TURN = 50
"""How many unchanged feed-days a tick reads again: 44 ticks read a year of six feeds."""

_LONGEST_PAUSE_MINUTES = 64


class Request(NamedTuple):
    """A request to load a day: its content, the time of the last one, and how many there were."""

    content: str
    at: float
    """In seconds since 1970, by the database's clock."""
    times: int


@dataclass(frozen=True)
class Memory:
    """What the sensor remembers from one tick to the next, stored in its cursor.

    `seen` maps each feed-day (`<day> <feed>`) to a digest of the listing of its files and a digest
    of their contents. `requests` has the request for each day that is not loaded yet. `turn` is the
    unchanged feed-day that was read again most recently.
    """

    seen: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    requests: Mapping[str, Request] = field(default_factory=dict)
    turn: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """Read a cursor; the first tick has none."""
        memory = json.loads(cursor or "{}")
        return cls(
            {key: (stamp, content) for key, (stamp, content) in memory.get("seen", {}).items()},
            {key: Request(*request) for key, request in memory.get("requests", {}).items()},
            memory.get("turn", ""),
        )

    def to_cursor(self) -> str:
        """Write the cursor."""
        return json.dumps({"turn": self.turn, "seen": self.seen, "requests": self.requests})


@dataclass(frozen=True)
class Loaded:
    """The state of past and running loads.

    `held` has the SHA-256 of each file that staging holds. `refused` has the time at which each
    feed-day was last refused. `running` has the days of each queued or running load. `unfinished`
    are the days that staging holds but whose load did not end. `now` is the database's clock, in
    seconds.
    """

    held: Mapping[FeedDay, Mapping[str, str]]
    refused: Mapping[FeedDay, float]
    running: Collection[Days]
    unfinished: Collection[dt.date]
    now: float


@dataclass(frozen=True)
class Plan:
    """The result of a tick: the days to request, and the memory for the next tick."""

    days: Sequence[dt.date]
    memory: Memory


def plan(
    landed: Mapping[FeedDay, Sequence[LandedFile]],
    loaded: Loaded,
    memory: Memory,
    read_digests: Callable[[Sequence[LandedFile]], Mapping[str, str] | None],
    *,
    at_once: int = CHANGED_READ_AT_ONCE,
    in_turn: int = UNCHANGED_READ_IN_TURN,
) -> Plan:
    """Decide which days to request.

    `read_digests` gives the SHA-256 of files, None for a file that cannot be read. It is called for
    at most `at_once` feed-days of `landed` whose file names, sizes or times have changed since the
    last tick. It is also called for `in_turn` unchanged feed-days, since contents can change while
    sizes and times stay the same. An unreadable file counts as changed content; the run that loads
    it reports the error.

    A day is requested if the content of one of its feeds differs from what staging holds, or if its
    load did not end. It is not requested while a load of the day is queued or running, or after a
    load refused the same content. If the requested run ends and neither loads nor refuses the day,
    the day is requested again: at once, then after pauses of one, two, four minutes and so on up to
    about an hour.
    """
    feed_days = {f"{day} {feed}": (feed, day) for feed, day in {*landed, *loaded.held}}
    seen, turn = _read(landed, feed_days, memory, read_digests, at_once, in_turn)
    due: dict[str, tuple[dt.date, str]] = {}
    for key, (_, content) in seen.items():
        if content != _digest(loaded.held.get(feed_days[key], {})):
            due[key] = (feed_days[key][1], content)
    due |= {str(day): (day, "unfinished") for day in loaded.unfinished}
    requests = {key: memory.requests[key] for key in memory.requests if key in due}
    days = set()
    for key, (day, content) in due.items():
        before = requests.get(key)
        if before is None or before.content != content:
            before = Request(content, 0, 0)
        if any(first <= day <= last for first, last in loaded.running):
            continue
        if before.times and loaded.refused.get(feed_days.get(key, ("", day)), -1) >= before.at:
            continue
        if loaded.now >= before.at + _pause_seconds(before.times):
            days.add(day)
            requests[key] = Request(content, loaded.now, before.times + 1)
    return Plan(sorted(days), Memory(seen, requests, turn))


def _read(
    landed: Mapping[FeedDay, Sequence[LandedFile]],
    feed_days: Mapping[str, FeedDay],
    memory: Memory,
    read_digests: Callable[[Sequence[LandedFile]], Mapping[str, str] | None],
    at_once: int,
    in_turn: int,
) -> tuple[dict[str, tuple[str, str]], str]:
    """Read changed feed-days and some unchanged ones; give the memory's new `seen` and `turn`."""
    stamps = {
        key: _digest([(file.name, file.stamp) for file in landed.get(feed_day, ())])
        for key, feed_day in sorted(feed_days.items())
    }
    unknown = ("", "")
    unchanged = [key for key in stamps if stamps[key] == memory.seen.get(key, unknown)[0]]
    changed = [key for key in stamps if stamps[key] != memory.seen.get(key, unknown)[0]]
    again = ([key for key in unchanged if key > memory.turn] or unchanged)[:in_turn]
    seen = {key: memory.seen[key] for key in stamps if key in memory.seen}
    for key in (*changed[:at_once], *again):
        seen[key] = (stamps[key], _digest(read_digests(landed.get(feed_days[key], ()))))
    return seen, again[-1] if again else ""


def _pause_seconds(times: int) -> float:
    """Give how many seconds to wait before a request that was already made `times` times."""
    return 0 if times < 2 else 60 * min(2 ** (times - 2), _LONGEST_PAUSE_MINUTES)


def _digest(facts: object) -> str:
    """Hash the state of a feed-day's files, so that a cursor for a year takes only 120 kB."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


def late_files(
    shop: Shop, days: dg.PartitionsDefinition, computed: Collection[dg.AssetKey]
) -> dg.SensorDefinition:
    """Build the sensor; it skips the days that the schedule has not loaded yet.

    `computed` are the tables that a load computes from staging.
    """

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
        last = last_scheduled_day(shop.now(), shop.settings)

        def is_past(day: dt.date) -> bool:
            return day <= last and days.has_partition_key(str(day))

        fail_dead_runs(context.instance)
        running = list(_running(context.instance, shop.settings.store_id))
        with shop.warehouse() as connection:
            held = staged_digests(connection)
            # What is gone of a pruned day is not taken back.
            first_whole = first_whole_day(connection)
            past_held = {
                key: held[key]
                for key in held
                if is_past(key[1]) and (key[1] >= first_whole or key in landed)
            }
            loaded = Loaded(
                past_held,
                _refused(connection),
                running,
                [] if running else _unfinished(connection, context.instance, past_held, computed),
                _now(connection),
            )
        planned = plan(
            {key: files for key, files in landed.items() if is_past(key[1])},
            loaded,
            Memory.from_cursor(context.cursor),
            shop.landing.digests,
        )
        return dg.SensorResult(
            run_requests=[run_request(*stretch) for stretch in consecutive(planned.days)],
            skip_reason=None if planned.days else "Every past day is loaded, refused or running.",
            cursor=planned.memory.to_cursor(),
        )

    return sensor


def _running(instance: dg.DagsterInstance, store_id: str) -> Iterator[Days]:
    for run in unfinished_runs(instance):
        days = run_range(run.tags)
        if days and run.job_name != AUDIT_JOB and is_of_store(run, store_id):
            yield days


def _refused(connection: psycopg.Connection) -> dict[FeedDay, float]:
    rows = connection.execute(
        """
        select feed, batch_date, extract(epoch from max(refused_at))::float8
        from ops.refusals group by feed, batch_date
        """
    )
    return {(feed, day): at for feed, day, at in rows}


def _unfinished(
    connection: psycopg.Connection,
    instance: dg.DagsterInstance,
    held: Collection[FeedDay],
    computed: Collection[dg.AssetKey],
) -> Collection[dt.date]:
    """Give the days whose load stopped after staging and before its last table.

    While a queue of touched keys is not empty, the last day counts as unfinished, since any load
    empties the queue. A day that staging holds but that a table has no materialization of counts
    too: the process ended before Dagster recorded it.
    """
    if not held:
        return []
    if not nothing_waits(connection):
        return [max(day for _, day in held)]
    missing: set[dt.date] = set()
    for key, needed in _days_of_tables(held, computed).items():
        marked = instance.get_materialized_partitions(key)
        missing |= {day for day in needed if str(day) not in marked}
    return missing


def _days_of_tables(
    held: Collection[FeedDay], computed: Collection[dg.AssetKey]
) -> dict[dg.AssetKey, set[dt.date]]:
    """Give, for each table, the days that it has rows of once everything is loaded."""
    days: dict[dg.AssetKey, set[dt.date]] = {}
    for feed, day in held:
        for key in (staged(feed), *computed):
            days.setdefault(key, set()).add(day)
    return days


def _now(connection: psycopg.Connection) -> float:
    row = connection.execute("select extract(epoch from now())::float8").fetchone()
    return row[0] if row else 0.0
