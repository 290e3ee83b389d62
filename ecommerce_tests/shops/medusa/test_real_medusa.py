"""A real Medusa, filled through its API, fetched and loaded: its totals are ours to the cent.

`make real-shops` installs it and runs this.
"""

import dataclasses
import datetime as dt
import os
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.connecting.client import ShopClient
from ecommerce_assets.shops.connecting.fetching import Batch, fetch_batch
from ecommerce_assets.shops.connecting.source import window_of
from ecommerce_assets.shops.medusa.connector import API, Medusa
from ecommerce_tests import postgres
from ecommerce_tests.shops.medusa.filling import FilledShop
from ecommerce_tests.shops.medusa.server import running
from ecommerce_tests.small_shop import SmallShop

pytestmark = pytest.mark.real_shops

FOLDER = os.environ.get("ECOMMERCE_TEST_MEDUSA")


class Connected:
    """A filled Medusa, its orders by what happened to them, and the warehouse it is loaded into."""

    def __init__(self, medusa: FilledShop, url: str, shop: SmallShop) -> None:
        self.medusa = medusa
        self._url = url
        self.shop = shop
        self.shop.shop = dataclasses.replace(shop.shop, now=lambda: dt.datetime.now(dt.UTC))
        self.orders = fill(medusa)
        self.batch = self.fetch_and_load()

    def fetch_and_load(self) -> Batch:
        now = dt.datetime.now(dt.UTC)
        since = now.date() - dt.timedelta(1)
        client = ShopClient("Medusa", f"{self._url}/{API}", auth=(self.medusa.secret_key, ""))
        source = Medusa(client, Store("UTC", "EUR"), 30)
        window = window_of(now.date(), since=since, timezone="UTC", now=now)
        try:
            batch = fetch_batch(source, str(self.shop.landing), window, lambda *_: None)
        finally:
            source.close()
        self.shop.load()
        return batch

    def fact(self, name: str, *columns: str) -> tuple[Any, ...]:
        query = f"select {', '.join(columns)} from analytics.fct_orders where order_id = %s"
        [row] = self.shop.rows(query, self.orders[name])
        return row


def fill(medusa: FilledShop) -> dict[str, str]:
    """Place the orders and let happen to each what its name says."""
    orders = {
        "partly shipped": medusa.order("S", "S", "S", "M", code="SPRING"),
        "one came back": medusa.order("S", "S"),
        "one of three with a discount came back": medusa.order("S", "S", "S", code="SPRING"),
        "all came back": medusa.order("M"),
        "exchanged": medusa.order("S"),
        "claimed": medusa.order("M", "M"),
        "refunded without goods": medusa.order("S"),
        "edited": medusa.order("S", "M"),
        "cancelled": medusa.order("S", captured=False),
        "unpaid": medusa.order("M", captured=False),
        "delivered": medusa.order("S"),
    }
    medusa.ship(orders["partly shipped"], S=2)
    medusa.ship(orders["one came back"], S=2)
    medusa.deliver(orders["one came back"])
    medusa.send_back(orders["one came back"], pays_shipping=True, S=1)
    # 19.99 × 1.19 = 23.7881 back, less 3.00 × 1.19 = 3.57 of shipping: 20.2181
    medusa.refund(orders["one came back"], 20.22)
    discounted = orders["one of three with a discount came back"]
    medusa.ship(discounted, S=3)
    medusa.send_back(discounted, pays_shipping=False, S=1)
    medusa.ship(orders["all came back"], M=1)
    medusa.send_back(orders["all came back"], pays_shipping=False, M=1)
    medusa.ship(orders["exchanged"], S=1)
    medusa.exchange(orders["exchanged"], "S", "M")
    medusa.ship(orders["claimed"], M=2)
    medusa.claim_replacement(orders["claimed"], "M", "S")
    medusa.refund(orders["refunded without goods"], 5.00, "sorry")
    medusa.edit(orders["edited"], removed="S", added="M")
    medusa.cancel(orders["cancelled"])
    medusa.ship(orders["delivered"], S=1)
    medusa.deliver(orders["delivered"])
    return orders


@pytest.fixture(scope="module")
def connected(
    migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connected]:
    if not FOLDER:
        pytest.skip("no Medusa is installed: make real-shops")
    landing = tmp_path_factory.mktemp("medusa") / "landing"
    with (
        postgres.database() as medusa_database,
        postgres.database(migrated_template) as warehouse,
        running(Path(FOLDER), medusa_database) as server,
    ):
        yield Connected(FilledShop(server), server.url, SmallShop(landing, warehouse))


def test_every_order_has_medusas_totals(connected: Connected) -> None:
    rows = connected.shop.rows(
        """
        select order_id, net_amount + other_amount + shipping_amount - shipping_refund_amount
            + tax_amount, tax_amount
        from analytics.fct_orders
        """
    )
    assert {order_id: (total, tax) for order_id, total, tax in rows} == {
        order["id"]: (rounded(order["total"]), rounded(order["tax_total"]))
        for order in connected.medusa.documents()
    }
    assert len(rows) == len(connected.orders)


def rounded(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_the_fetch_says_that_all_agree_and_nothing_is_quarantined(connected: Connected) -> None:
    compared = connected.batch.fetched.reconciliation
    assert [str(difference) for difference in compared.differences] == []
    assert compared.orders == compared.agreeing == len(connected.orders)
    assert connected.shop.rows("select * from quarantine.records") == []


MONEY = ("status", "gross_amount", "discount_amount", "refund_amount", "shipping_amount")


@pytest.mark.parametrize(
    ("name", "money"),
    [
        # 3 × 19.99 + 24.50 = 84.47; a tenth is 8.447, of which Medusa's net total leaves 8.45
        ("partly shipped", ("paid", "84.47", "8.45", "0.00", "4.90")),
        # 2 × 19.99; one back; 4.90 + 3.00 for the way back
        ("one came back", ("delivered", "39.98", "0.00", "19.99", "7.90")),
        # 3 × 19.99 = 59.97 less 5.997; a third of 53.973 back
        (
            "one of three with a discount came back",
            ("fulfilled", "59.97", "6.00", "17.99", "4.90"),
        ),
        ("all came back", ("returned", "24.50", "0.00", "24.50", "4.90")),
        # 19.99 back for 24.50
        ("exchanged", ("paid", "44.49", "0.00", "19.99", "4.90")),
        # 2 × 24.50, one back for 19.99
        ("claimed", ("paid", "68.99", "0.00", "24.50", "4.90")),
        ("refunded without goods", ("paid", "19.99", "0.00", "5.00", "4.90")),
        # 24.50 stays, 24.50 is added, 19.99 is removed
        ("edited", ("paid", "49.00", "0.00", "0.00", "4.90")),
        ("cancelled", ("cancelled", "19.99", "0.00", "0.00", "4.90")),
        ("unpaid", ("created", "24.50", "0.00", "0.00", "4.90")),
        ("delivered", ("delivered", "19.99", "0.00", "0.00", "4.90")),
    ],
)
def test_the_money_of_each_case(connected: Connected, name: str, money: tuple[str, ...]) -> None:
    status, *amounts = connected.fact(name, *MONEY)
    assert (status, *map(str, amounts)) == money


def test_what_an_exchange_brings_is_sold_when_it_was_added(connected: Connected) -> None:
    rows = connected.shop.rows(
        """
        select item.product_id, item.sold_at > orders.ordered_at
        from analytics.fct_order_items as item join analytics.fct_orders as orders using (order_id)
        where order_id = %s
        """,
        connected.orders["exchanged"],
    )
    variants = connected.medusa.variants
    assert dict(rows) == {variants["S"]: False, variants["M"]: True}


def test_stock_is_medusas(connected: Connected) -> None:
    levels = connected.shop.rows(
        "select product_id, on_hand, allocated from analytics.fct_inventory_daily"
    )
    variants = connected.medusa.variants
    held = {product_id: (on_hand, allocated) for product_id, on_hand, allocated in levels}
    assert held == connected.medusa.stock()
    assert set(held) == set(variants.values())


def test_a_payment_that_is_taken_later_is_fetched(connected: Connected) -> None:
    connected.medusa.capture(connected.orders["unpaid"])
    batch = connected.fetch_and_load()
    assert batch.fetched.reconciliation.orders == len(connected.orders)
    assert connected.fact("unpaid", "status") == ("paid",)
