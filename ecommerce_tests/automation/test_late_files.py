"""The sensor asks for exactly the days whose files are not those staged."""

import datetime as dt
import os
from collections.abc import Sequence

import dagster as dg
import pytest

from ecommerce_assets.automation.late_files import Memory, late_files, plan
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.feeds.landing import LandedFile
from ecommerce_assets.partitions import batch_days
from ecommerce_assets.shop import Shop
from ecommerce_tests.small_shop import NOW, SmallShop, customer, product


class Look:
    """The sensor, looked through again and again, with the cursor that it keeps."""

    def __init__(self, shop: SmallShop) -> None:
        self.shop = shop
        self.cursor: str | None = None

    def __call__(self) -> list[str]:
        repository = build_defs(self.shop.shop).get_repository_def()
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(
                instance, cursor=self.cursor, repository_def=repository
            )
            data = repository.get_sensor_def("late_files").evaluate_tick(context)
        self.cursor = data.cursor
        return [_days(request) for request in data.run_requests or []]


def _days(request: dg.RunRequest) -> str:
    tags = request.tags
    if "dagster/partition" in tags:
        return tags["dagster/partition"]
    return " to ".join(tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end"))


@pytest.fixture
def look(small_shop: SmallShop) -> Look:
    for day in ("2024-03-04", "2024-03-05", "2024-03-06", "2024-03-08"):
        small_shop.land("customers", day, customer(day))
    return Look(small_shop)


def test_what_was_never_loaded_is_asked_for_in_spans(look: Look) -> None:
    assert look() == ["2024-03-04 to 2024-03-06", "2024-03-08"]
    assert look() == []


def test_what_is_loaded_is_not_asked_for(look: Look) -> None:
    look.shop.load()

    assert look() == []


def test_new_replaced_and_removed_files_are_asked_for_by_their_day(look: Look) -> None:
    look.shop.load()
    look()
    look.shop.land("products", "2024-03-05", product())
    (look.shop.landing / "customers" / "2024-03-08.csv").unlink()
    assert look() == ["2024-03-05", "2024-03-08"]
    look.shop.load()
    look.shop.land("customers", "2024-03-04", customer("another"))

    assert look() == ["2024-03-04"]


def test_a_file_that_was_only_touched_is_no_change(look: Look) -> None:
    look.shop.load()
    look()
    os.utime(look.shop.landing / "customers" / "2024-03-05.csv", (1, 1))

    assert look() == []


def test_a_file_that_cannot_be_read_is_asked_for_once_and_holds_up_no_other(look: Look) -> None:
    look.shop.load()
    look()
    gone = look.shop.landing / "customers" / "2024-03-05.csv"
    gone.unlink()
    gone.symlink_to(gone.with_name("nowhere"))
    look.shop.land("customers", "2024-03-08", customer("another"))

    asked = look()

    assert "2024-03-08" in asked
    assert look() == []


def test_an_edit_that_keeps_size_and_time_is_found(look: Look) -> None:
    look.shop.load()
    look()
    path = look.shop.landing / "customers" / "2024-03-08.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"DE", b"FR"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert look() == ["2024-03-08"]


def test_a_refused_content_is_not_asked_for_again(look: Look) -> None:
    look.shop.load()
    look()
    look.shop.land_text("customers", "2024-03-05.csv", "something,else\n1,2\n")

    assert look() == ["2024-03-05"]
    assert [look() for _ in range(3)] == [[], [], []]


def test_a_change_that_is_taken_back_is_asked_for_both_ways(look: Look) -> None:
    look.shop.load()
    look()
    path = look.shop.landing / "customers" / "2024-03-05.csv"
    before = path.read_bytes()
    look.shop.land("customers", "2024-03-05", customer("another"))
    assert look() == ["2024-03-05"]
    look.shop.load()
    path.write_bytes(before)

    assert look() == ["2024-03-05"]


def test_days_that_the_schedule_has_yet_to_load_are_left_to_it(small_shop: SmallShop) -> None:
    today = NOW.date()
    for ago in (0, 1, 2):
        day = str(today - dt.timedelta(ago))
        small_shop.land("customers", day, customer(day))
    look = Look(small_shop)

    assert look() == ["2026-05-30 to 2026-05-31"]

    early = Look(small_shop)
    early.shop.shop = Shop(small_shop.settings, now=lambda: NOW.replace(hour=2))
    assert early() == ["2026-05-30"]


def test_an_unreadable_landing_zone_is_a_skip_with_its_sentence(small_shop: SmallShop) -> None:
    small_shop.landing.rmdir()
    sensor = late_files(small_shop.shop, batch_days(small_shop.shop))

    with dg.DagsterInstance.ephemeral() as instance:
        data = sensor.evaluate_tick(dg.build_sensor_context(instance))

    assert not data.run_requests
    assert "ECOMMERCE_LANDING" in str(data.skip_message)


DAYS = [dt.date(2024, 3, day) for day in (4, 5, 6, 8)]
LANDED = {
    ("customers", day): (LandedFile("customers", day, f"{day}.csv", f"customers/{day}.csv", "1"),)
    for day in DAYS
}


def read(files: Sequence[LandedFile]) -> dict[str, str]:
    return {file.name: f"content of {file.name}" for file in files}


def test_many_changes_are_read_over_several_ticks() -> None:
    first = plan(LANDED, {}, Memory(), read, at_once=3)
    second = plan(LANDED, {}, first.memory, read, at_once=3)

    assert (first.days, second.days) == (DAYS[:3], DAYS[3:])


def test_unchanged_feed_days_are_read_again_in_turn() -> None:
    held = {key: read(files) for key, files in LANDED.items()}
    memory = plan(LANDED, held, Memory(), read).memory
    was_read: list[dt.date] = []

    def note(files: Sequence[LandedFile]) -> dict[str, str]:
        was_read.extend(file.batch_date for file in files)
        return read(files)

    for _ in range(4):
        memory = plan(LANDED, held, memory, note, in_turn=2).memory

    assert was_read == [*DAYS, *DAYS]


def test_a_cursor_gives_the_same_memory_back() -> None:
    memory = plan(LANDED, {}, Memory(), read).memory

    assert Memory.from_cursor(memory.to_cursor()) == memory
    assert Memory.from_cursor(None) == Memory()


def test_feed_days_that_are_gone_are_forgotten() -> None:
    memory = plan(LANDED, {}, Memory(), read).memory

    assert plan({}, {}, memory, read).memory == Memory()
