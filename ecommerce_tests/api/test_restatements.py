"""The API lists figures of loaded days that later loads changed."""

import httpx
import psycopg
import pytest

from ecommerce_tests.api.live import items


@pytest.fixture
def _restated(plain_url: str) -> None:
    rows = [
        ("2024-03-28 04:00Z", "2024-03-01", "net_revenue", "100.0000", "90.5000"),
        ("2024-03-28 04:00Z", "2024-03-01", "orders", "3.0000", "2.0000"),
        ("2024-03-29 04:00Z", "2024-03-02", "return_rate", None, "0.1250"),
        ("2024-03-29 04:00Z", "2024-03-03", "orders", "2.0000", None),
    ]
    with psycopg.connect(plain_url) as connection:
        connection.execute("truncate ops.restatements")
        for restated_at, *row in rows:
            connection.execute(
                """
                insert into ops.restatements
                    (restated_at, run_id, first_batch_date, last_batch_date, date, figure,
                     old_value, new_value)
                values (%s, 'run', '2024-03-28', '2024-03-29', %s, %s, %s, %s)
                """,
                [restated_at, *row],
            )


@pytest.mark.usefixtures("_restated")
def test_restatements_are_listed_latest_first(api: httpx.Client) -> None:
    listed = items(api, "/restatements", limit=3)

    names = ("date", "figure", "old_value", "new_value")
    assert [tuple(item[name] for name in names) for item in listed] == [
        ("2024-03-03", "orders", "2", None),
        ("2024-03-02", "return_rate", None, "0.1250"),
        ("2024-03-01", "net_revenue", "100.00", "90.50"),
        ("2024-03-01", "orders", "3", "2"),
    ]
    assert listed[0]["restated_at"] == "2024-03-29T04:00:00Z"
    assert listed[0]["first_batch_date"] == "2024-03-28"


@pytest.mark.usefixtures("_restated")
def test_restatements_can_be_narrowed_down(api: httpx.Client) -> None:
    assert len(items(api, "/restatements", figure="orders")) == 2
    assert len(items(api, "/restatements", start="2024-03-02")) == 2
    assert len(items(api, "/restatements", end="2024-03-01", figure="orders")) == 1
    assert items(api, "/restatements", figure="nothing") == []
