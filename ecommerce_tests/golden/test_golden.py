"""The golden zones give exactly the expected tables, however they are loaded."""

import io
import random
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_tests import postgres
from ecommerce_tests.chunks import chunks_of
from ecommerce_tests.conftest import GOLDEN_ZONES, golden_landing, golden_template
from ecommerce_tests.small_shop import SmallShop

LONGEST_PIECE = {"plain": 9, "hostile": 6, "ledger": 1}
"""How many days are materialized at once: `ledger`, which has every feed, goes day by day."""


SLOW = pytest.mark.slow


@pytest.fixture
def shop(zone: str, database_url: str) -> SmallShop:
    return SmallShop(golden_landing(zone), database_url, timezone=GOLDEN_ZONES[zone])


def batch_days(shop: SmallShop) -> list[str]:
    return [str(day) for day in sorted(shop.shop.landing.listing().days())]


@pytest.mark.parametrize("zone", GOLDEN_ZONES)
def test_in_one_go(zone: str) -> None:
    with postgres.database(golden_template(zone)) as url:
        assert_expected(zone, url)


@pytest.mark.parametrize(
    "zone", [pytest.param("plain", marks=SLOW), "hostile", pytest.param("ledger", marks=SLOW)]
)
def test_in_pieces_in_shuffled_order_with_repeats(zone: str, shop: SmallShop) -> None:
    days = batch_days(shop)
    longest = LONGEST_PIECE[zone]
    rng = random.Random(7)
    starts = [*range(0, len(days), longest), *rng.choices(range(len(days)), k=3)]
    rng.shuffle(starts)

    shop.materialize_tables(
        *((days[start], days[min(start + longest, len(days)) - 1]) for start in starts)
    )

    assert_expected(zone, shop.url)


@pytest.mark.parametrize("zone", [pytest.param(zone, marks=SLOW) for zone in GOLDEN_ZONES])
def test_in_overlapping_ranges_the_middle_last_and_in_chunks_of_one(
    zone: str, shop: SmallShop
) -> None:
    days = batch_days(shop)
    middle = len(days) // 2

    shop.materialize_tables((days[middle + 2], days[-1]), (days[0], days[middle - 1]))
    # A few days, since each key takes its own turn; not the first ones, whose products are of all.
    with chunks_of(1):
        shop.materialize_tables((days[middle - 1], days[middle + 2]))

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
