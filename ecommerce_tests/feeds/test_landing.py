"""The batches of a landing zone in a folder or a bucket."""

import datetime as dt
import os
import socket
from pathlib import Path

import fsspec
import pytest

from ecommerce_assets.feeds.landing import LandingError, LandingZone, batch_date
from ecommerce_assets.feeds.records import RefusedFileError

DAY = dt.date(2024, 3, 5)


@pytest.mark.parametrize(
    "name",
    [
        "2024-03-05.csv",
        "2024-03-05.evening.csv.gz",
        "2024-03-05-2.jsonl",
        "2024-03-05_b.parquet",
        "2024-03-05x.jsonl.gz",
    ],
)
def test_a_name_that_begins_with_its_day_is_a_batch(name: str) -> None:
    assert batch_date(name) == DAY


@pytest.mark.parametrize(
    "name",
    [
        "_SUCCESS",
        "2024-03-05.csv.tmp",
        "2024-03-05csv",
        "2024-02-30.csv",
        "2024-3-5.csv",
        "20240305.csv",
        "x2024-03-05.csv",
        "2024-03-05.CSV",
        "2024-03-05.parquet.gz",
        "2024-03-05.xlsx",
    ],
)
def test_other_names_are_none(name: str) -> None:
    assert batch_date(name) is None


def test_files_of_a_day_stand_in_name_order_and_the_rest_is_listed(tmp_path: Path) -> None:
    for name in ("2024-03-05.evening.csv", "2024-03-05.csv", "2024-03-05-2.csv", "_SUCCESS"):
        (tmp_path / "orders").mkdir(exist_ok=True)
        (tmp_path / "orders" / name).touch()
    (tmp_path / "orders" / "2024-03-06.csv").mkdir()

    listing = LandingZone(str(tmp_path)).listing()

    names = [file.name for file in listing.batches["orders", DAY]]
    assert names == ["2024-03-05-2.csv", "2024-03-05.csv", "2024-03-05.evening.csv"]
    assert listing.ignored["orders"] == ("2024-03-06.csv", "_SUCCESS")
    assert listing.days() == {DAY}


def test_a_landing_zone_may_be_any_fsspec_url() -> None:
    with fsspec.open("memory://zone/orders/2024-03-05.csv", "wb") as file:
        file.write(b"content")
    zone = LandingZone("memory://zone")

    (file,) = zone.listing().batches["orders", DAY]

    assert zone.read(file) == b"content"


def test_a_missing_root_is_an_error_and_a_missing_feed_is_empty(tmp_path: Path) -> None:
    assert LandingZone(str(tmp_path)).listing().days() == set()
    with pytest.raises(LandingError, match="No such file or directory"):
        LandingZone(str(tmp_path / "nowhere")).listing()
    (tmp_path / "file").touch()
    with pytest.raises(LandingError, match="Not a directory"):
        LandingZone(str(tmp_path / "file")).listing()


def test_a_link_to_a_file_within_the_landing_zone_is_a_file(tmp_path: Path) -> None:
    landing, elsewhere = tmp_path / "landing", tmp_path / "secret.csv"
    elsewhere.write_text("secret")
    (landing / "orders").mkdir(parents=True)
    (landing / "archive").mkdir()
    (landing / "archive" / "of_march.csv").write_text("content")
    for name, target in {
        "2024-03-05.csv": "../archive/of_march.csv",
        "2024-03-06.csv": str(elsewhere),
        "2024-03-07.csv": "../../secret.csv",
        "2024-03-08.csv": "../archive",
        "2024-03-09.csv": "nowhere.csv",
        "2024-03-10.csv": "2024-03-10.csv",
    }.items():
        (landing / "orders" / name).symlink_to(target)
    zone = LandingZone(str(landing))

    listing = zone.listing()
    (file,) = listing.batches["orders", DAY]

    assert zone.read(file) == b"content"
    assert listing.days() == {DAY}
    assert listing.ignored["orders"] == tuple(f"2024-03-{day:02}.csv" for day in range(6, 11))
    (landing / "archive" / "of_march.csv").write_text("another content")
    assert zone.listing().batches["orders", DAY][0].stamp != file.stamp


def test_pipes_and_sockets_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    os.mkfifo(tmp_path / "orders" / "2024-03-05.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "orders" / "2024-03-06.csv"))

        listing = LandingZone(str(tmp_path)).listing()

    assert listing.batches == {}
    assert listing.ignored["orders"] == ("2024-03-05.csv", "2024-03-06.csv")


def test_a_file_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    for name in (b"2024-03-05\xff.csv", b"note\xff\n.txt"):
        (tmp_path / "orders" / os.fsdecode(name)).write_text("content")
    zone = LandingZone(str(tmp_path))
    (file,) = zone.listing().batches["orders", DAY]

    with pytest.raises(RefusedFileError, match="name is not UTF-8; rename it") as refused:
        zone.read(file)
    assert refused.value.name == r"2024-03-05\udcff.csv"
    assert zone.listing().ignored["orders"] == (r"note\udcff\n.txt",)


def test_a_file_of_more_bytes_than_are_read_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    with (tmp_path / "orders" / "2024-03-05.csv").open("wb") as file:
        file.truncate(3 << 30)
    zone = LandingZone(str(tmp_path))

    with pytest.raises(RefusedFileError, match="more than 536,870,912 bytes; split it"):
        zone.read(zone.listing().batches["orders", DAY][0])


def test_a_run_that_takes_back_most_of_what_is_held_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    days = [dt.date(2024, 3, day) for day in range(1, 5)]
    held = [("orders", day) for day in days]
    for day in days[2:]:
        (tmp_path / "orders" / f"{day}.csv").touch()
    half_gone = LandingZone(str(tmp_path)).listing()
    (tmp_path / "orders" / f"{days[2]}.csv").unlink()
    most_gone = LandingZone(str(tmp_path)).listing()

    half_gone.refuse_loss(held, days, 0.5)
    most_gone.refuse_loss(held, days, 0.8)
    most_gone.refuse_loss(held, days[3:], 0.5)
    with pytest.raises(LandingError, match=r"^3 of the 4 feed-days .* `ecommerce load --yes`\.$"):
        most_gone.refuse_loss(held, days, 0.5)
