"""Product versions, the version valid at a moment, and differences of two histories."""

from collections.abc import Sequence

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ecommerce_assets.rules.calendar import business_date, day_start
from ecommerce_assets.rules.products import (
    changed_spans,
    price_history,
    unit_costs,
    version_at,
)


def records(*rows: tuple[str, int, int] | tuple[str, int, int, int | None]) -> pd.DataFrame:
    """Staged products: id, day of January on which it was updated, price, cost (else null)."""
    filled = [row if len(row) == 4 else (*row, None) for row in rows]
    frame = pd.DataFrame(filled, columns=["product_id", "day", "price", "cost"])
    at = pd.to_datetime("2024-01-01", utc=True) + pd.to_timedelta(frame["day"], unit="D")
    return frame.assign(
        product_id=frame["product_id"].astype("str"),
        updated_at=at.astype("datetime64[us, UTC]"),
        ingested_at=at.astype("datetime64[us, UTC]"),
        name=[f"name {number}" for number in range(len(frame))],
        category=pd.Series(None, index=frame.index, dtype="str"),
        price=frame["price"].astype("int64"),
        cost=frame["cost"].astype("Int64"),
        batch_date=pd.Timestamp("2024-02-01"),
        source_file="f",
        line_number=range(len(frame)),
    )


def days(moments: pd.Series) -> list[int | None]:
    start = pd.Timestamp("2024-01-01", tz="UTC")
    return [None if pd.isna(at) else (at - start).days for at in moments]


def test_a_run_of_equal_prices_is_one_version_and_a_return_to_a_price_another() -> None:
    versions = price_history(
        records(("P", 0, 10), ("P", 3, 10), ("P", 5, 12), ("P", 7, 12), ("P", 9, 10))
    )

    assert versions["price"].tolist() == [10, 12, 10]
    assert days(versions["valid_from"]) == [0, 5, 9]
    assert days(versions["valid_to"]) == [5, 9, None]
    assert versions["is_current"].tolist() == [False, False, True]
    assert versions["name"].unique().tolist() == ["name 4"]


def test_a_version_ends_where_price_or_cost_changes_and_a_null_cost_equals_a_null() -> None:
    rows = [(10, None), (10, None), (10, 4), (10, 4), (12, 4), (12, 0), (12, None)]

    versions = price_history(records(*(("P", day, *row) for day, row in enumerate(rows))))

    assert days(versions["valid_from"]) == [0, 2, 4, 5, 6]
    assert versions["price"].tolist() == [10, 10, 12, 12, 12]
    assert versions["cost"].astype(object).where(versions["cost"].notna(), None).tolist() == [
        None,
        4,
        4,
        0,
        None,
    ]


def test_a_late_record_in_the_middle_splits_a_version() -> None:
    versions = price_history(records(("P", 9, 10), ("P", 0, 10), ("P", 5, 12)))

    assert days(versions["valid_from"]) == [0, 5, 9]


def test_of_two_records_of_one_moment_the_later_ingested_counts() -> None:
    both = records(("P", 0, 10), ("P", 0, 12))

    assert price_history(both)["price"].tolist() == [12]


def keys(versions: pd.DataFrame, products: Sequence[str], on: Sequence[int]) -> list[str | None]:
    at = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(pd.Series(on), unit="D")
    wanted = version_at(
        versions, pd.Series(products, dtype="str"), at.astype("datetime64[us, UTC]")
    )
    return [None if pd.isna(key) else key for key in wanted]


def test_a_line_takes_the_version_of_its_moment_the_first_before_it_none_if_unseen() -> None:
    versions = price_history(records(("P", 2, 10), ("P", 5, 12), ("Q", 1, 7)))
    first, second, other = versions["product_key"]

    assert keys(versions, ["P", "P", "P", "P", "Q", "X"], [0, 2, 4, 5, 9, 3]) == [
        first,
        first,
        first,
        second,
        other,
        None,
    ]


record = st.tuples(
    st.sampled_from(["P", "Q"]),
    st.integers(0, 6),
    st.integers(1, 2),
    st.sampled_from([None, 0, 1]),
)
history = st.lists(record, max_size=6)


@settings(max_examples=25)  # each asks for many moments
@given(history, history)
def test_changed_spans_are_where_the_valid_version_or_its_cost_differs(
    before: list[tuple[str, int, int, int | None]], after: list[tuple[str, int, int, int | None]]
) -> None:
    old, new = price_history(records(*before)), price_history(records(*after))
    start = pd.Timestamp("2024-01-01", tz="UTC")

    spans = changed_spans(old, new)

    for product in ("P", "Q"):
        for day in range(-1, 8):
            at = start + pd.Timedelta(days=day)
            inside = (
                (spans["product_id"] == product)
                & (spans["starts_at"] <= at)
                & (at < spans["ends_at"])
            ).any()
            assert inside == (valid(old, product, day) != valid(new, product, day))


def valid(versions: pd.DataFrame, product: str, day: int) -> tuple[str | None, int | None]:
    """The version of a product's line of a day, and its cost."""
    [key] = keys(versions, [product], [day])
    cost = unit_costs(versions, pd.Series([key], dtype="str")).iloc[0]
    return key, None if pd.isna(cost) else int(cost)


def test_a_business_day_starts_where_the_clocks_say() -> None:
    two = pd.Series(pd.to_datetime(["2024-03-10", "2024-11-03"])).astype("datetime64[s]")

    assert day_start(two, "America/New_York").astype("str").tolist() == [
        "2024-03-10 05:00:00+00:00",
        "2024-11-03 04:00:00+00:00",
    ]
    # Havana puts its clocks forward at midnight: the day begins at one.
    sunday = pd.Series(pd.to_datetime(["2024-03-10"])).astype("datetime64[s]")
    assert day_start(sunday, "America/Havana").astype("str").tolist() == [
        "2024-03-10 05:00:00+00:00"
    ]


@given(
    st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2037-01-01")),
    st.sampled_from(["UTC", "America/New_York", "Pacific/Auckland", "America/Havana"]),
)
def test_a_moment_lies_between_the_starts_of_its_day_and_of_the_next(
    moment: pd.Timestamp, timezone: str
) -> None:
    at = pd.Series([pd.Timestamp(moment, tz="UTC")]).astype("datetime64[us, UTC]")
    day = business_date(at, timezone)

    assert (day_start(day, timezone) <= at).all()
    assert (at < day_start(day + pd.Timedelta(days=1), timezone)).all()
