"""The sensor requests exactly the days whose files differ from those staged."""

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg
import pytest

from ecommerce_assets.automation.late_files import Loaded, Memory, late_files, plan
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.feeds.landing import LandedFile
from ecommerce_assets.loading import load
from ecommerce_assets.partitions import batch_days, range_tags
from ecommerce_assets.shop import Shop
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import NOW, SmallShop, customer, product


class Sensor:
    """The sensor, evaluated again and again, with its cursor and the runs that it asked for."""

    def __init__(self, shop: SmallShop, instance: dg.DagsterInstance) -> None:
        self.shop = shop
        self.instance = instance
        self.cursor: str | None = None
        self.queued: list[str] = []

    def tick(self) -> list[str]:
        """Evaluate the sensor, queue the runs that it asks for, and give their days."""
        repository = build_defs(self.shop.shop).get_repository_def()
        context = dg.build_sensor_context(
            self.instance, cursor=self.cursor, repository_def=repository
        )
        data = repository.get_sensor_def("late_files").evaluate_tick(context)
        self.cursor = data.cursor
        for request in data.run_requests or []:
            run = self.instance.create_run_for_job(
                dg.GraphDefinition("work").to_job(),
                tags=request.tags,
                status=dg.DagsterRunStatus.NOT_STARTED,
            )
            self.queued.append(run.run_id)
        return [_days(request) for request in data.run_requests or []]

    def load(self) -> None:
        """Load everything, as the queued runs would."""
        load(self.shop.shop, self.instance)
        self.lose_runs()

    def lose_runs(self) -> None:
        """End the queued runs without a load."""
        for run_id in self.queued:
            self.instance.delete_run(run_id)
        self.queued.clear()


def _days(request: dg.RunRequest) -> str:
    tags = request.tags
    if "dagster/partition" in tags:
        return tags["dagster/partition"]
    return " to ".join(tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end"))


@pytest.fixture
def sensor(small_shop: SmallShop) -> Iterator[Sensor]:
    for day in ("2024-03-04", "2024-03-05", "2024-03-06", "2024-03-08"):
        small_shop.land("customers", day, customer(day))
    with in_memory() as instance:
        yield Sensor(small_shop, instance)


def test_what_was_never_loaded_is_asked_for_in_spans(sensor: Sensor) -> None:
    assert sensor.tick() == ["2024-03-04 to 2024-03-06", "2024-03-08"]
    assert sensor.tick() == []


def test_a_day_whose_run_died_is_asked_for_again(sensor: Sensor) -> None:
    assert sensor.tick() == ["2024-03-04 to 2024-03-06", "2024-03-08"]
    sensor.lose_runs()

    assert sensor.tick() == ["2024-03-04 to 2024-03-06", "2024-03-08"]
    sensor.load()
    assert sensor.tick() == []


def test_a_day_that_only_staging_holds_is_asked_for(sensor: Sensor) -> None:
    defs = build_defs(sensor.shop.shop)
    staged = [key for feed in FEEDS for key in (["staging", feed], ["quarantine", feed])]
    loaded = defs.resolve_job_def("load").execute_in_process(
        tags=range_tags(dt.date(2024, 3, 4), dt.date(2024, 3, 8)),
        asset_selection=[dg.AssetKey(path) for path in staged],
    )
    assert loaded.success

    assert sensor.tick() == ["2024-03-08"]
    sensor.load()
    assert sensor.tick() == []


def test_a_loaded_day_that_dagster_never_heard_of_is_asked_for(sensor: Sensor) -> None:
    sensor.shop.load()  # into the same warehouse, with Dagster's state elsewhere

    assert sensor.tick() == ["2024-03-04 to 2024-03-06", "2024-03-08"]
    sensor.load()
    assert sensor.tick() == []


def test_what_is_loaded_is_not_asked_for(sensor: Sensor) -> None:
    sensor.load()

    assert sensor.tick() == []


def test_new_replaced_and_removed_files_are_asked_for_by_their_day(sensor: Sensor) -> None:
    sensor.load()
    sensor.tick()
    sensor.shop.land("products", "2024-03-05", product())
    (sensor.shop.landing / "customers" / "2024-03-08.csv").unlink()
    assert sensor.tick() == ["2024-03-05", "2024-03-08"]
    sensor.load()
    sensor.shop.land("customers", "2024-03-04", customer("another"))

    assert sensor.tick() == ["2024-03-04"]


def test_a_file_that_was_only_touched_is_no_change(sensor: Sensor) -> None:
    sensor.load()
    sensor.tick()
    os.utime(sensor.shop.landing / "customers" / "2024-03-05.csv", (1, 1))

    assert sensor.tick() == []


def test_a_file_that_cannot_be_read_is_asked_for_once_and_holds_up_no_other(sensor: Sensor) -> None:
    sensor.load()
    sensor.tick()
    gone = sensor.shop.landing / "customers" / "2024-03-05.csv"
    gone.unlink()
    gone.symlink_to(gone.with_name("nowhere"))
    sensor.shop.land("customers", "2024-03-08", customer("another"))

    asked = sensor.tick()

    assert "2024-03-08" in asked
    assert sensor.tick() == []


def test_an_edit_that_keeps_size_and_time_is_found(sensor: Sensor) -> None:
    sensor.load()
    sensor.tick()
    path = sensor.shop.landing / "customers" / "2024-03-08.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"DE", b"FR"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert sensor.tick() == ["2024-03-08"]


def test_a_refused_content_is_not_asked_for_again(sensor: Sensor) -> None:
    sensor.load()
    sensor.tick()
    sensor.shop.land_text("customers", "2024-03-05.csv", "something,else\n1,2\n")

    assert sensor.tick() == ["2024-03-05"]
    assert [sensor.tick() for _ in range(3)] == [[], [], []]


def test_a_change_that_is_taken_back_is_asked_for_both_ways(sensor: Sensor) -> None:
    sensor.load()
    sensor.tick()
    path = sensor.shop.landing / "customers" / "2024-03-05.csv"
    before = path.read_bytes()
    sensor.shop.land("customers", "2024-03-05", customer("another"))
    assert sensor.tick() == ["2024-03-05"]
    sensor.load()
    path.write_bytes(before)

    assert sensor.tick() == ["2024-03-05"]


def test_days_that_the_schedule_has_yet_to_load_are_left_to_it(small_shop: SmallShop) -> None:
    today = NOW.date()
    for ago in (0, 1, 2):
        day = str(today - dt.timedelta(ago))
        small_shop.land("customers", day, customer(day))
    with in_memory() as instance:
        assert Sensor(small_shop, instance).tick() == ["2026-05-30 to 2026-05-31"]

    small_shop.shop = Shop(small_shop.settings, now=lambda: NOW.replace(hour=2))
    with in_memory() as instance:
        assert Sensor(small_shop, instance).tick() == ["2026-05-30"]


def test_an_unreadable_landing_zone_is_a_skip_with_its_sentence(small_shop: SmallShop) -> None:
    small_shop.landing.rmdir()
    sensor = late_files(small_shop.shop, batch_days(small_shop.shop), [])

    with in_memory() as instance:
        data = sensor.evaluate_tick(dg.build_sensor_context(instance))

    assert not data.run_requests
    assert "ECOMMERCE_LANDING" in str(data.skip_message)


DAYS = [dt.date(2024, 3, day) for day in (4, 5, 6, 8)]
LANDED = {
    ("customers", day): (
        LandedFile("customers", day, f"{day}.csv", f"customers/{day}.csv", "1", 1),
    )
    for day in DAYS
}
NOTHING = Loaded({}, {}, [], [], now=1000)
MINUTE = 60


def read(files: Sequence[LandedFile]) -> dict[str, str]:
    return {file.name: f"content of {file.name}" for file in files}


HELD = {key: read(files) for key, files in LANDED.items()}


def test_many_changes_are_read_over_several_ticks() -> None:
    first = plan(LANDED, NOTHING, Memory(), read, at_once=3)
    loaded = replace(NOTHING, running=[(DAYS[0], DAYS[2])])
    second = plan(LANDED, loaded, first.memory, read, at_once=3)

    assert (first.days, second.days) == (DAYS[:3], DAYS[3:])


def test_unchanged_feed_days_are_read_again_in_turn() -> None:
    loaded = replace(NOTHING, held=HELD)
    memory = plan(LANDED, loaded, Memory(), read).memory
    was_read: list[dt.date] = []

    def note(files: Sequence[LandedFile]) -> dict[str, str]:
        was_read.extend(file.batch_date for file in files)
        return read(files)

    for _ in range(4):
        memory = plan(LANDED, loaded, memory, note, in_turn=2).memory

    assert was_read == [*DAYS, *DAYS]


def test_a_cursor_gives_the_same_memory_back() -> None:
    memory = plan(LANDED, NOTHING, Memory(), read).memory

    assert memory.requests
    assert Memory.from_cursor(memory.to_cursor()) == memory
    assert Memory.from_cursor(None) == Memory()


def test_feed_days_that_are_gone_are_forgotten() -> None:
    memory = plan(LANDED, NOTHING, Memory(), read).memory

    assert plan({}, NOTHING, memory, read).memory == Memory()


def test_pauses_between_requests_grow_to_an_hour() -> None:
    memory = Memory()
    asked_at = []
    for minute in range(400):
        planned = plan(LANDED, replace(NOTHING, now=minute * MINUTE), memory, read)
        memory = planned.memory
        if planned.days:
            asked_at.append(minute)

    assert asked_at == [0, 1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 320, 384]


def test_new_content_is_asked_for_without_a_pause() -> None:
    memory = Memory()
    for minute in range(5):
        memory = plan(LANDED, replace(NOTHING, now=minute * MINUTE), memory, read).memory
    mended = {
        key: tuple(replace(file, stamp="2") for file in files) for key, files in LANDED.items()
    }

    planned = plan(
        mended,
        replace(NOTHING, now=5 * MINUTE),
        memory,
        lambda files: {file.name: "mended" for file in files},
    )

    assert planned.days == DAYS


def test_a_refusal_of_an_earlier_content_does_not_count() -> None:
    key = ("customers", DAYS[0])
    landed = {key: LANDED[key]}
    early, late = (replace(NOTHING, refused={key: at}, now=2000) for at in (999, 1001))
    memory = plan(landed, NOTHING, Memory(), read).memory

    assert plan(landed, early, memory, read).days == [DAYS[0]]
    assert plan(landed, late, memory, read).days == []


def test_a_day_whose_load_did_not_reach_its_end_is_asked_for() -> None:
    loaded = replace(NOTHING, held=HELD, unfinished=[DAYS[1]])

    planned = plan(LANDED, loaded, Memory(), read)

    assert planned.days == [DAYS[1]]
    done = plan(LANDED, replace(loaded, unfinished=[]), planned.memory, read)
    assert done.days == []
    assert done.memory.requests == {}
