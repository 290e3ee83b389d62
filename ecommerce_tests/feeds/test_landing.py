"""Which files of a landing zone are batches, wherever the zone is."""

import datetime as dt
from pathlib import Path

import fsspec
import pytest

from ecommerce_assets.feeds.landing import LandingError, LandingZone, batch_date

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
