"""The golden zones give exactly the expected tables, however they are loaded."""

import io
import random
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_tests.chunks import chunks_of
from ecommerce_tests.conftest import golden_landing
from ecommerce_tests.small_shop import SmallShop

ZONES = {"plain": "UTC", "hostile": "America/New_York", "ledger": "Europe/Berlin"}
LONGEST_PIECE = {"plain": 3, "hostile": 1, "ledger": 2}
"""How many days are materialized at once in shuffled order: `hostile` goes day by day."""


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop(zone: str, database_url: str) -> SmallShop:
    return SmallShop(golden_landing(zone), database_url, timezone=ZONES[zone])


def batch_days(shop: SmallShop) -> list[str]:
    return [str(day) for day in sorted(shop.shop.landing.listing().days())]


def test_in_one_go(zone: str, shop: SmallShop) -> None:
    result = shop.load()

    assert result.failures == []
    assert_expected(zone, shop.url)


def test_in_pieces_in_shuffled_order_with_repeats(zone: str, shop: SmallShop) -> None:
    days = batch_days(shop)
    longest = LONGEST_PIECE[zone]
    rng = random.Random(7)
    starts = [*range(0, len(days), longest), *rng.choices(range(len(days)), k=6)]
    rng.shuffle(starts)

    shop.materialize_tables(
        *((days[start], days[min(start + longest, len(days)) - 1]) for start in starts)
    )

    assert_expected(zone, shop.url)


def test_day_by_day(zone: str, shop: SmallShop) -> None:
    shop.materialize_tables(*((day, day) for day in batch_days(shop)))

    assert_expected(zone, shop.url)


def test_in_ranges_that_overlap_the_later_first(zone: str, shop: SmallShop) -> None:
    days = batch_days(shop)
    third = len(days) // 3

    shop.materialize_tables(
        (days[2 * third], days[-1]), (days[third - 5], days[2 * third + 5]), (days[0], days[third])
    )

    assert_expected(zone, shop.url)


def test_a_key_and_a_file_at_a_time(zone: str, shop: SmallShop) -> None:
    days = batch_days(shop)
    middle = len(days) // 2

    with chunks_of(1):
        shop.materialize_tables((days[middle], days[-1]), (days[0], days[middle - 1]))

    assert_expected(zone, shop.url)


def assert_expected(zone: str, url: str) -> None:
    expected = golden_landing(zone).parent / "expected"
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        for file in sorted(expected.glob("*.csv")):
            wanted = pd.read_csv(file, dtype=str, keep_default_na=False)
            found = _table(connection, file, wanted)
            if file.stem == "dim_date":
                found = found & _rows(wanted)
            assert found == _rows(wanted), file.stem


def _table(
    connection: psycopg.Connection, file: Path, wanted: pd.DataFrame
) -> set[tuple[str, ...]]:
    if file.stem == "staged":
        counts = " union all ".join(
            f"select '{feed}' as feed, batch_date, count(*) as records"
            f" from staging.{feed} group by batch_date"
            for feed in FEEDS
        )
        return _rows(_read(connection, counts))
    if file.stem == "quarantine":
        return _rows(
            _read(
                connection,
                """
                select feed, batch_date, source_file, line_number, stage, (
                    select string_agg(distinct r ->> 'rule', ',' order by r ->> 'rule')
                    from jsonb_array_elements(reasons) r
                ) as rules
                from quarantine.records
                """,
            )
        )
    columns = sql.SQL(", ").join(map(sql.Identifier, wanted.columns))
    table = sql.Identifier("analytics", file.stem)
    query = sql.SQL("select {} from {}").format(columns, table).as_string(connection)
    return _rows(_read(connection, query).replace({"t": "true", "f": "false"}))


def _read(connection: psycopg.Connection, query: str) -> pd.DataFrame:
    buffer = io.BytesIO()
    with connection.cursor().copy(f"copy ({query}) to stdout (format csv, header)") as copy:
        for chunk in copy:
            buffer.write(chunk)
    buffer.seek(0)
    return pd.read_csv(buffer, dtype=str, keep_default_na=False)


def _rows(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    assert not frame.duplicated().any()
    return set(frame.itertuples(index=False, name=None))
