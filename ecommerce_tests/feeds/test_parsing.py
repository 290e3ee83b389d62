"""Moments without an offset are local times in the zone of the shop's export."""

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecommerce_assets.feeds.contract import Writing
from ecommerce_assets.feeds.parsing import parse


def moments(*texts: str, zone: str) -> list[str]:
    parsed = parse(pd.Series(texts, dtype="str"), Writing.MOMENT, zone)
    assert parsed.written.all()
    return [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in parsed.values]


@pytest.mark.parametrize(
    ("zone", "text", "utc"),
    [
        ("Europe/Berlin", "2024-01-15T12:00", "2024-01-15T11:00:00"),
        ("Europe/Berlin", "2024-07-15 12:00:30", "2024-07-15T10:00:30"),
        ("Europe/Berlin", "2024-07-15", "2024-07-14T22:00:00"),
        ("Europe/Berlin", "2024-07-15T12:00Z", "2024-07-15T12:00:00"),
        ("Europe/Berlin", "2024-07-15T12:00+00", "2024-07-15T12:00:00"),
        # 02:00 to 03:00 is skipped: the offset before the change, +01:00
        ("Europe/Berlin", "2024-03-31T01:59:59", "2024-03-31T00:59:59"),
        ("Europe/Berlin", "2024-03-31T02:30", "2024-03-31T01:30:00"),
        ("Europe/Berlin", "2024-03-31T03:00", "2024-03-31T01:00:00"),
        # 02:00 to 03:00 comes twice: the first one, +02:00
        ("Europe/Berlin", "2024-10-27T02:30", "2024-10-27T00:30:00"),
        ("Europe/Berlin", "2024-10-27T03:00", "2024-10-27T02:00:00"),
        # Midnight itself is skipped, and comes twice
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00"),
        ("America/Sao_Paulo", "2018-02-17T23:30", "2018-02-18T01:30:00"),
        # A change of half an hour, a whole day that is skipped, standard time in summer
        ("Australia/Lord_Howe", "2024-10-06T02:15", "2024-10-05T15:45:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00:00"),
        ("Europe/Dublin", "2024-10-27T01:30", "2024-10-27T00:30:00"),
    ],
)
def test_a_local_time_takes_the_earlier_offset(zone: str, text: str, utc: str) -> None:
    assert moments(text, zone=zone) == [utc]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_ends_of_the_calendar_are_local_times_too(zone: str) -> None:
    texts = pd.Series(["0001-01-01", "9999-12-31T23:59:59"], dtype="str")

    first, last = parse(texts, Writing.MOMENT, zone).values

    assert first < pd.Timestamp("0001-01-03", tz="UTC")
    assert last > pd.Timestamp("9999-12-30", tz="UTC")


@given(
    st.lists(st.datetimes(dt.datetime(1990, 1, 2), dt.datetime(2060, 1, 1)), max_size=30),
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo"]
    ),
)
def test_local_times_are_those_of_the_zone(times: list[dt.datetime], zone: str) -> None:
    parsed = parse(
        pd.Series([time.isoformat() for time in times], dtype="str"), Writing.MOMENT, zone
    ).values

    expected = [time.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC) for time in times]
    assert [moment.to_pydatetime() for moment in parsed] == expected


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29 09:30:00Z",
        "2023-02-29 09:30:00Z",
        "2024-03-05T23:59:59Z",
        "2024-03-05 24:00:00Z",
        "2024-03-05 09:30:60Z",
        "2024-13-05 09:30:00Z",
        "0000-01-01 00:00:00Z",
        "0001-01-01 00:00:00Z",
        "9999-12-31 23:59:59Z",
        "2024-03-05 09:30:0ZZ",
        "2024-03-05 09+01:00Z",
        "2024-03-05 9:30:00 Z",
    ],
)
def test_a_moment_does_not_depend_on_how_others_are_written(text: str) -> None:
    alone = parse(pd.Series([text], dtype="str"), Writing.MOMENT, "UTC")
    among = parse(pd.Series([text, "2024-03-05"], dtype="str"), Writing.MOMENT, "UTC")

    assert alone.written[0] == among.written[0]
    assert alone.values.equals(among.values[:1])


def test_numbers_that_repeat_among_nulls_keep_their_places() -> None:
    texts = ["1.5", None, "x", "1.5", "-0.001", None, "2"]
    # In two pieces, as the records of two files come.
    column = pd.concat([pd.Series(texts[:3], dtype="str"), pd.Series(texts[3:], dtype="str")])

    parsed = parse(column, Writing.AMOUNT, "UTC")

    assert parsed.values.tolist() == [150, pd.NA, pd.NA, 150, -1, pd.NA, 200]
    assert parsed.written.tolist() == [True, True, False, True, True, True, True]
    assert parsed.precise.tolist() == [True, True, True, True, False, True, True]
