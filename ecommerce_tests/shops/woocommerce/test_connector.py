"""Batch days fetched from a stand-in WooCommerce that pages and fails."""

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.connecting.client import ShopClient, ShopError
from ecommerce_assets.shops.connecting.fetching import Batch, fetch_batch
from ecommerce_assets.shops.connecting.source import window_of
from ecommerce_assets.shops.woocommerce.connector import API, WooCommerce
from ecommerce_tests.shops.serving import serving
from ecommerce_tests.shops.woocommerce.documents import (
    customer,
    line,
    order,
    product,
    refund,
    refunded,
    variation,
)
from ecommerce_tests.shops.woocommerce.stand_in import KEY, StandIn

DAY = dt.date(2024, 3, 5)


class Connected:
    """A stand-in and the landing zone that it is fetched into."""

    def __init__(self, shop: StandIn, url: str, landing: Path) -> None:
        self.shop = shop
        self.url = url
        self.landing = landing
        self.waits: list[float] = []

    def fetch(
        self,
        day: dt.date = DAY,
        *,
        since: dt.date | None = None,
        now: dt.datetime | None = None,
        key: tuple[str, str] = KEY,
    ) -> Batch:
        now = now or dt.datetime.combine(day, dt.time(1, 30), dt.UTC) + dt.timedelta(1)
        client = ShopClient("the stand-in", f"{self.url}/{API}", auth=key, sleep=self.waits.append)
        source = WooCommerce(client, Store("UTC", "EUR"), 30)
        window = window_of(day, since=since, timezone="UTC", now=now)
        try:
            return fetch_batch(source, str(self.landing), window, lambda *_: None)
        finally:
            client.close()

    def landed(self, feed: str, *columns: str) -> list[Any]:
        rows = []
        for path in sorted((self.landing / feed).glob("*")):
            with path.open(encoding="utf-8", newline="") as file:
                rows += [
                    (path.name[:10], *(row[c] for c in columns)) for row in csv.DictReader(file)
                ]
        return rows

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.landing)): path.read_bytes()
            for path in self.landing.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[Connected]:
    shop = StandIn()
    with serving(shop.app()) as url:
        yield Connected(shop, url, tmp_path / "landing")


def at(moment: str) -> dict[str, str]:
    return {"date_modified_gmt": moment}


class TestWindows:
    def test_a_day_is_the_orders_that_changed_on_it_and_in_the_hour_before(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [
            order(1, "5.00", line(31, "5.00"), **at("2024-03-04T22:59:59")),
            order(2, "5.00", line(32, "5.00"), **at("2024-03-04T23:30:00")),
            order(3, "5.00", line(33, "5.00"), **at("2024-03-05T23:59:59")),
            order(4, "5.00", line(34, "5.00"), **at("2024-03-06T00:00:00")),
        ]
        batch = connected.fetch()
        assert connected.landed("orders", "order_id") == [("2024-03-05", "2"), ("2024-03-05", "3")]
        assert batch.fetched.reconciliation.agreeing == 2

    def test_the_history_is_one_batch(self, connected: Connected) -> None:
        connected.shop.orders = [
            order(1, "5.00", line(31, "5.00"), **at("2021-01-01T00:00:00")),
            order(2, "5.00", line(32, "5.00"), **at("2024-03-05T10:00:00")),
        ]
        connected.fetch(since=dt.date(2020, 1, 1))
        assert connected.landed("orders", "order_id") == [("2024-03-05", "1"), ("2024-03-05", "2")]

    def test_products_and_customers_land_when_they_changed_and_stock_every_day(
        self, connected: Connected
    ) -> None:
        counted = {"manage_stock": True, "stock_quantity": 4}
        connected.shop.products = [
            product(16, "5.00", **counted),
            product(17, "6.00", **at("2024-03-05T08:00:00")),
            product(21, "30.00", type="variable"),
        ]
        connected.shop.variations = {
            21: [variation(71, "31.50", of=21, **at("2024-03-05T09:00:00"))]
        }
        connected.shop.customers = [customer(7), customer(8, **at("2024-01-02T03:04:05"))]
        connected.fetch()
        assert connected.landed("products", "product_id", "name") == [
            ("2024-03-05", "17", "Woo Logo"),
            ("2024-03-05", "71", "Woo Logo - Blue, L"),
        ]
        assert connected.landed("customers", "customer_id") == [("2024-03-05", "7")]
        assert connected.landed("inventory", "snapshot_date", "product_id", "on_hand") == [
            ("2024-03-05", "2024-03-05", "16", "4")
        ]

    def test_a_past_day_fetched_again_keeps_the_stock_levels_of_its_time(
        self, connected: Connected
    ) -> None:
        connected.shop.products = [product(16, "5.00", manage_stock=True, stock_quantity=4)]
        connected.fetch()
        connected.shop.products = [product(16, "5.00", manage_stock=True, stock_quantity=1)]
        connected.fetch(now=dt.datetime(2024, 3, 20, tzinfo=dt.UTC))
        assert connected.landed("inventory", "on_hand") == [("2024-03-05", "4")]

    def test_a_day_fetched_again_is_the_same_files(self, connected: Connected) -> None:
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"), customer_id=0)]
        connected.shop.customers = [customer(7)]
        connected.fetch()
        first = connected.files()
        connected.fetch()
        assert connected.files() == first


class TestPages:
    def test_all_pages_are_read_and_refunds_asked_for_where_there_are_any(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [
            order(id_, "5.00", line(1000 + id_, "5.00")) for id_ in range(1, 251)
        ]
        connected.shop.orders[6]["refunds"] = [{"id": 900, "reason": "", "total": "-5.00"}]
        back = refund(900, "5.00", refunded(901, "-5.00", of=1007))
        back["date_created_gmt"] = "2024-03-05T11:00:00"
        del back["_links"]
        connected.shop.refunds = {7: [back]}
        batch = connected.fetch()
        assert batch.records["orders"] == 250
        assert connected.landed("returns", "order_id", "refund_amount") == [
            ("2024-03-05", "7", "5.00")
        ]
        assert connected.shop.requests["orders"] == 4  # three pages, and one of the trash
        assert connected.shop.requests["orders/7/refunds"] == 1

    def test_an_order_that_leaves_the_window_meanwhile_makes_no_other_slip_through(
        self, connected: Connected
    ) -> None:
        documents = [order(id_, "5.00", line(1000 + id_, "5.00")) for id_ in range(1, 102)]
        connected.shop.orders = list(documents)
        connected.shop.vanishing = [documents[0]]
        batch = connected.fetch()
        # Order 101 was on page 2, and moved to page 1 when order 1 had left.
        assert batch.records["orders"] == 101

    @pytest.mark.parametrize("lie", [{"says_total": "7"}, {"repeats_first_page": True}])
    def test_a_list_that_lies_is_refused_and_nothing_lands(
        self, connected: Connected, lie: dict[str, Any]
    ) -> None:
        connected.shop.orders = [
            order(id_, "5.00", line(1000 + id_, "5.00")) for id_ in range(1, 151)
        ]
        for name, value in lie.items():
            setattr(connected.shop, name, value)
        with pytest.raises(ShopError, match=r"/orders gives \d+ documents and says"):
            connected.fetch()
        assert connected.files() == {}

    def test_without_totals_in_its_headers_a_list_ends_with_a_short_page(
        self, connected: Connected
    ) -> None:
        connected.shop.hides_totals = True
        connected.shop.orders = [
            order(id_, "5.00", line(1000 + id_, "5.00")) for id_ in range(1, 151)
        ]
        assert connected.fetch().records["orders"] == 150


class TestFaults:
    def test_faults_that_pass_are_waited_out_as_long_as_the_shop_says(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"))]
        connected.shop.failures = [429, 503]
        connected.fetch()
        assert connected.landed("orders", "order_id") == [("2024-03-05", "1")]
        assert [7 <= seconds <= 8 for seconds in connected.waits] == [True, True]

    def test_a_fetch_that_dies_half_way_leaves_what_was_there(self, connected: Connected) -> None:
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"))]
        connected.shop.customers = [customer(7)]
        connected.fetch()
        before = connected.files()
        connected.shop.orders = [order(1, "9.00", line(31, "9.00"))]
        connected.shop.fails_after = connected.shop.requests.total() + 3
        with pytest.raises(ShopError, match="answers 500 again and again"):
            connected.fetch()
        assert connected.files() == before
        assert len(connected.waits) == 5

    def test_a_wrong_key_is_told_and_not_shown(self, connected: Connected) -> None:
        with pytest.raises(ShopError, match="answers 401: give the key the right") as error:
            connected.fetch(key=("ck_wrong", "cs_hush"))
        assert "hush" not in str(error.value)
        assert connected.waits == []

    @pytest.mark.parametrize(
        "url", ["http://shop.example", "https://ck:cs@shop.example", "https://shop.example?k=cs"]
    )
    def test_a_url_that_would_show_the_key_is_refused(self, url: str) -> None:
        with pytest.raises(ShopError, match=r"^The URL of Woo"):
            ShopClient("Woo", url)


class TestTakenBack:
    def test_what_left_an_order_is_nothing_from_then_on(self, connected: Connected) -> None:
        # 5.00 + 7.00, and 2.00 of goodwill; then the second line and the refund are deleted.
        goodwill = [{"id": 900, "reason": "", "total": "-2.00"}]
        connected.shop.orders = [
            order(1, "12.00", line(31, "5.00"), line(32, "7.00"), refunds=goodwill)
        ]
        connected.shop.refunds = {1: [refund(900, "2.00", date_created_gmt="2024-03-05T10:30:00")]}
        connected.fetch()
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"), **at("2024-03-06T08:00:00"))]
        for day in (DAY + dt.timedelta(1), DAY + dt.timedelta(1)):
            connected.fetch(day)
            assert connected.landed("order_items", "order_item_id", "quantity", "gross_amount") == [
                ("2024-03-05", "31", "1", "5.00"),
                ("2024-03-05", "32", "1", "7.00"),
                ("2024-03-06", "31", "1", "5.00"),
                ("2024-03-06", "32", "0", "0"),
            ]
            assert connected.landed("adjustments", "adjustment_id", "amount") == [
                ("2024-03-05", "900", "2.00"),
                ("2024-03-06", "900", "0.00"),
            ]

    def test_a_return_whose_refund_was_deleted_leaves_the_earlier_file(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [
            order(1, "5.00", line(31, "5.00"), refunds=[{"id": 900, "total": "-5.00"}]),
            order(2, "5.00", line(32, "5.00"), refunds=[{"id": 910, "total": "-5.00"}]),
        ]
        early = {"date_created_gmt": "2024-03-05T10:30:00"}
        connected.shop.refunds = {
            1: [refund(900, "5.00", refunded(901, "-5.00", of=31), **early)],
            2: [refund(910, "5.00", refunded(911, "-5.00", of=32), **early)],
        }
        connected.fetch()
        connected.shop.orders[0] = order(1, "5.00", line(31, "5.00"), **at("2024-03-06T08:00:00"))
        batch = connected.fetch(DAY + dt.timedelta(1))
        assert connected.landed("returns", "return_id") == [("2024-03-05", "911")]
        assert batch.rewritten == 1

    def test_an_order_in_the_trash_is_cancelled(self, connected: Connected) -> None:
        connected.shop.orders = [
            order(1, "5.00", line(31, "5.00"), status="trash", **at("2024-03-05T12:00:00"))
        ]
        connected.fetch()
        assert connected.landed("orders", "status") == [("2024-03-05", "cancelled")]

    def test_a_deleted_customer_leaves_all_files(self, connected: Connected) -> None:
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"))]
        connected.shop.customers = [customer(7), customer(8)]
        connected.fetch()
        connected.shop.customers = [customer(8)]
        batch = connected.fetch(DAY + dt.timedelta(1))
        assert connected.landed("customers", "customer_id") == [("2024-03-05", "8")]
        assert connected.landed("orders", "order_id", "customer_id") == [("2024-03-05", "1", "")]
        assert (batch.rewritten, batch.deleted_customers) == (2, 1)

    def test_an_order_of_a_deleted_customer_is_a_guests_from_then_on(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"))]
        connected.fetch()
        assert connected.landed("orders", "customer_id") == [("2024-03-05", "")]

    def test_a_customer_whom_only_the_list_lacks_stays(self, connected: Connected) -> None:
        connected.shop.customers = [customer(7), customer(8)]
        connected.fetch()
        connected.shop.hidden_customers = {7}
        before = connected.files()
        connected.fetch(DAY + dt.timedelta(1))
        assert connected.files() == before

    def test_an_order_whose_personal_data_were_removed_was_always_a_guests(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(1, "5.00", line(31, "5.00"))]
        connected.shop.customers = [customer(7)]
        connected.fetch()
        connected.shop.orders = [
            order(1, "5.00", line(31, "5.00"), customer_id=0, **at("2024-03-06T08:00:00"))
        ]
        connected.fetch(DAY + dt.timedelta(1))
        assert connected.landed("orders", "customer_id") == [("2024-03-05", ""), ("2024-03-06", "")]

    def test_other_files_of_the_landing_zone_are_left_alone(self, connected: Connected) -> None:
        strange = connected.landing / "customers" / "2024-03-04.csv"
        strange.parent.mkdir(parents=True)
        strange.write_text("customer_id,created_at,ingested_at\n7,2024-03-04,2024-03-04\n")
        before = strange.read_bytes()
        connected.fetch()
        assert strange.read_bytes() == before
