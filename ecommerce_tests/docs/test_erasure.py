"""The walk of docs/erasure.md on a small shop: found by the page's query, gone after a load."""

import csv
import hashlib
import re
from collections import Counter, defaultdict
from typing import Any

import dagster as dg
import psycopg
import pytest
from dagster import serialize_value

from ecommerce_assets.loading import load
from ecommerce_tests.contents import contents
from ecommerce_tests.docs.pages import DOCS
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned

CUSTOMER = "customer-to-erase"
ADDRESS = "ada@example.com"
HASH = hashlib.sha256(ADDRESS.encode()).hexdigest()
DAY, NEXT = "2024-03-05", "2024-03-06"
FIGURES = """
    select sum(orders)::int, sum(gross_revenue)::int, sum(refunds)::int, sum(guest_orders)::int,
           sum(new_customers)::int, sum(repeat_customers)::int
    from analytics.fct_revenue_daily
"""


@pytest.fixture
def shop(small_shop: SmallShop, instance: dg.DagsterInstance) -> SmallShop:
    """A shop in which the customer is staged, quarantined, and named by versions of two orders."""
    hers: dict[str, Any] = {"customer_id": CUSTOMER, "email": " Ada@Example.com "}
    small_shop.land("products", DAY, product())
    small_shop.land(
        "customers", DAY, customer(), customer(**hers), customer(**hers, created_at="yesterday")
    )
    small_shop.land("customers", NEXT, customer("C3", email=ADDRESS))
    small_shop.land_text("customers", f"{DAY}.evening.csv", _malformed(DAY))
    small_shop.land(
        "orders", DAY, order("O1"), order("O2", customer_id=CUSTOMER), order("O3", customer_id="")
    )
    small_shop.land(
        "orders",
        NEXT,
        order("O2", customer_id=CUSTOMER, status="delivered"),
        order("O4", customer_id=CUSTOMER, ordered_at="2024-03-06T10:00:00Z"),
        order("O5", customer_id=CUSTOMER, order_discount="5"),
        order("O6", customer_id=CUSTOMER, status="lost"),
    )
    small_shop.land("order_items", DAY, item("I1", "O1"), item("I2", "O2"), item("I3", "O3"))
    small_shop.land("order_items", NEXT, item("I4", "O4"))
    small_shop.land("returns", NEXT, a_return(f"write to {ADDRESS}"))
    load(small_shop.shop, instance)
    return small_shop


def test_a_customer_of_guest_orders_now_is_gone_and_revenue_stays(
    shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    assert shop.rows(FIGURES) == [(4, 80, 10, 1, 2, 1)]
    found = find(shop)
    assert Counter(record[:2] for record in found) == {
        ("staging", "customers"): 2,
        ("quarantine", "customers"): 2,
        ("staging", "orders"): 4,
        ("quarantine", "orders"): 1,
        ("staging", "returns"): 1,
    }
    mend(shop, found, {"orders": "customer_id", "returns": "reason"})
    load(shop.shop, instance)
    assert find(shop) == []
    assert not names_the_customer("\n".join(map(str, contents(shop.url).values())))
    assert shop.rows(FIGURES) == [(4, 80, 10, 3, 1, 0)]
    logged = "".join(
        serialize_value(entry)
        for run in instance.get_runs()
        for entry in instance.all_logs(run.run_id)
    )
    assert "ASSET_MATERIALIZATION" in logged
    assert not names_the_customer(logged)


def test_a_customer_whose_orders_are_removed_is_gone_and_so_is_their_revenue(
    shop: SmallShop,
) -> None:
    mend(shop, find(shop), {})
    shop.load_tables()
    assert shop.rows("select distinct business_key from quarantine.records order by 1") == [
        ("I2",),
        ("I4",),
    ]
    assert shop.rows(FIGURES) == [(2, 40, 0, 1, 1, 0)]


def find(shop: SmallShop) -> list[tuple[Any, ...]]:
    """Ask the page's query: where each record is held, its feed, file and line."""
    page = (DOCS / "erasure.md").read_text()
    [query] = re.findall(r"```sql\n(.*?)```", page, flags=re.S)
    query = re.sub(r":'(\w+)'", r"%(\1)s", query)
    with psycopg.connect(shop.url) as connection:
        cursor = connection.execute(query.encode(), {"customer": CUSTOMER, "hash": HASH})
        return [(held_in, feed, name, line) for held_in, feed, _, name, line, _ in cursor]


def mend(shop: SmallShop, found: list[tuple[Any, ...]], emptied: dict[str, str]) -> None:
    """Remove the records found, or empty a column of them where `emptied` names one of the feed."""
    lines: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for held_in, feed, name, line in found:
        lines[feed, name][line] = held_in
    for (feed, name), held_in_by_line in lines.items():
        path = shop.landing / feed / name
        header, *records = csv.reader(path.read_text().splitlines())
        kept = []
        for number, record in enumerate(records, start=1):
            if held_in_by_line.get(number) == "staging" and feed in emptied:
                record[header.index(emptied[feed])] = ""
            elif number in held_in_by_line:
                continue
            kept.append(record)
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *kept])


def a_return(reason: str) -> dict[str, Any]:
    return returned("R1", "I2", "O2", returned_at="2024-03-06T12:00:00Z", reason=reason)


def names_the_customer(text: str) -> bool:
    return CUSTOMER in text or HASH in text or ADDRESS in text


def _malformed(day: str) -> str:
    return f"customer_id,email,created_at,ingested_at\n{CUSTOMER},{ADDRESS},{day}\n"
