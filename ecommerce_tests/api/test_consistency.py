"""An answer shows one state of the warehouse, also while a load runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg

from ecommerce_assets.warehouse.session import bump_version
from ecommerce_tests.api.live import served
from ecommerce_tests.small_shop import SmallShop, item, order

DAY = "2024-03-20"
CHANGES = 60


@contextmanager
def asked_meanwhile(client: httpx.Client, day: str) -> Iterator[Callable[[], list[Any]]]:
    """Ask for a day's orders from another thread, and give what was answered in the end."""
    answers: list[Any] = []
    over = threading.Event()

    def ask() -> None:
        # Never the same address twice, so that no answer was kept.
        number = 0
        while not over.is_set():
            number += 1
            answers.append(
                client.get("/orders", params={"date": day, "limit": number % 900 + 100}).json()
            )

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield lambda: answers
    finally:
        over.set()
        thread.join()


def test_pages_and_totals_are_of_one_state(api: httpx.Client, plain_url: str) -> None:
    """Each change takes all orders of a day away, or puts them back."""
    with psycopg.connect(plain_url) as connection:
        connection.execute(
            f"create table kept_orders as "
            f"select * from analytics.fct_orders where order_date = '{DAY}'".encode()
        )
        connection.commit()
        whole = api.get("/orders", params={"date": DAY}).json()["total"]
        assert whole > 20
        with asked_meanwhile(api, DAY) as answers:
            for number in range(CHANGES):
                if number % 2:
                    connection.execute("insert into analytics.fct_orders table kept_orders")
                else:
                    connection.execute(
                        "delete from analytics.fct_orders where order_date = %s", [DAY]
                    )
                bump_version(connection)
                connection.commit()

    seen = {(answer["total"], len(answer["items"])) for answer in answers()}
    assert seen == {(whole, whole), (0, 0)}


def test_after_an_answer_of_a_newer_state_none_is_of_an_older_one(
    api: httpx.Client, plain_url: str
) -> None:
    address = "/quarantine/summary"
    with psycopg.connect(plain_url) as connection:
        for number in range(1, 4):
            before = api.get(address).json()["records"]
            connection.execute(
                "delete from quarantine.records where ctid in"
                " (select ctid from quarantine.records limit 1)"
            )
            bump_version(connection)
            connection.commit()

            never_asked = api.get("/quarantine", params={"limit": number}).json()

            assert never_asked["total"] == before - 1
            assert api.get(address).json()["records"] == before - 1


def test_a_load_during_reads_shows_a_day_before_or_after_it(small_shop: SmallShop) -> None:
    def land(quantity: int) -> None:
        records = [item(f"I{n}", f"O{n}", quantity=quantity) for n in range(50)]
        small_shop.land("order_items", "2024-03-05", *records)

    small_shop.land(
        "orders", "2024-03-05", *(order(f"O{n}", customer_id=f"C{n}") for n in range(50))
    )
    land(1)
    small_shop.load()
    with served(small_shop.url) as client:
        land(3)
        with asked_meanwhile(client, "2024-03-05") as answers:
            small_shop.load()
        after = client.get("/metrics/daily?start=2024-03-05&end=2024-03-05").json()

    sums = {
        (len(answer["items"]), sum(order["units"] for order in answer["items"]))
        for answer in answers()
    }
    assert (50, 50) in sums
    assert sums <= {(50, 50), (50, 150)}
    (day,) = after["items"]
    assert day["net_revenue"] == "1500.00"
