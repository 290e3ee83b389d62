"""Batch days fetched from a stand-in Shopify that pages, throttles and fails."""

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.settings import Settings
from ecommerce_assets.shops.connecting.client import ShopClient, ShopError
from ecommerce_assets.shops.connecting.fetching import Batch, fetch_batch
from ecommerce_assets.shops.connecting.source import window_of
from ecommerce_assets.shops.shopify.connector import HIDDEN, Shopify
from ecommerce_assets.shops.shopify.graphql import API, Admin
from ecommerce_assets.shops.sources import configured_sources, open_source
from ecommerce_tests.shops.serving import serving
from ecommerce_tests.shops.shopify.documents import agreement, gid, graphql_line, money, sale
from ecommerce_tests.shops.shopify.stand_in import KEY, StandIn

DAY = dt.date(2026, 3, 10)


def order(id_: int, *, at: str = "2026-03-10T14:00:00Z", lines: int = 1, edits: int = 0) -> dict:
    """An order of `lines` lines at 10.00, to each of which `edits` agreements add a unit."""
    documents = [
        {**graphql_line(100 * id_ + n, "10.00", 1 + edits), "sku": "", "duties": []}
        for n in range(lines)
    ]
    total = f"{10 * lines * (1 + edits)}.00"
    agreements = [
        agreement(
            1000 * id_ + n,
            "ORDER_EDIT" if n else "ORDER",
            f"2026-03-0{2 + n}T15:00:00Z",
            *(
                sale(
                    100_000 * id_ + 1000 * n + m, "ORDER", "PRODUCT", "10.00", 1, line=100 * id_ + m
                )
                for m in range(lines)
            ),
        )
        for n in range(1 + edits)
    ]
    for one in agreements:
        one["sales"] = [edge["node"] for edge in one["sales"]["edges"]]
    return {
        "id": gid("Order", id_),
        "createdAt": "2026-03-02T15:00:00Z",
        "processedAt": "2026-03-02T15:00:00Z",
        "updatedAt": at,
        "test": False,
        "currencyCode": "EUR",
        "taxesIncluded": False,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "sourceName": "web",
        "discountCodes": ["SPRING", "VIP"],
        "totalPriceSet": money(total),
        "totalTaxSet": money("0.0"),
        "totalShippingPriceSet": money("0.0"),
        "currentTotalPriceSet": money(total),
        "currentTotalTaxSet": money("0.0"),
        "customer": {"id": gid("Customer", 77)},
        "shippingAddress": {"countryCodeV2": "DE"},
        "transactions": [],
        "fulfillments": [],
        "lineItems": documents,
        "agreements": agreements,
    }


def variant(id_: int, *, at: str = "2026-03-10T09:00:00Z", places: int = 1) -> dict:
    return {
        "id": gid("ProductVariant", id_),
        "title": "Blue",
        "price": "13.50",
        "updatedAt": at,
        "product": {"id": gid("Product", 300), "title": "Mug", "productType": "Kitchen"},
        "inventoryItem": {
            "id": gid("InventoryItem", 800 + id_),
            "updatedAt": "2026-01-01T00:00:00Z",
            "unitCost": {"amount": "4.25", "currencyCode": "EUR"},
            "inventoryLevels": [
                {
                    "id": gid("InventoryLevel", place),
                    "updatedAt": "2026-02-01T00:00:00Z",
                    "location": {"id": gid("Location", 60 + place)},
                    "quantities": [
                        {"name": "on_hand", "quantity": 10},
                        {"name": "available", "quantity": 7},
                    ],
                }
                for place in range(places)
            ],
        },
    }


def customer(id_: int, at: str = "2026-03-10T09:00:00Z") -> dict:
    return {
        "id": gid("Customer", id_),
        "createdAt": "2025-01-01T00:00:00Z",
        "updatedAt": at,
        "defaultEmailAddress": {"emailAddress": f"c{id_}@example.com"},
        "defaultAddress": {"countryCodeV2": "DE"},
    }


class Connected:
    """A stand-in and the landing zone that it is fetched into."""

    def __init__(self, shop: StandIn, url: str, landing: Path) -> None:
        self.shop = shop
        self.url = url
        self.landing = landing
        self.waits: list[float] = []
        self.steps: list[str] = []
        self.dies_waiting = False

    def fetch(
        self,
        day: dt.date = DAY,
        *,
        since: dt.date | None = None,
        now: dt.datetime | None = None,
        key: str = KEY,
    ) -> Batch:
        now = now or dt.datetime.combine(day, dt.time(1, 30), dt.UTC) + dt.timedelta(1)
        headers = {"X-Shopify-Access-Token": key}
        client = ShopClient("the stand-in", f"{self.url}/{API}", headers=headers, sleep=self._wait)
        source = Shopify(client, Store("UTC", "EUR"), 30, admin=Admin(client, self._wait))
        window = window_of(day, since=since, timezone="UTC", now=now)
        try:
            return fetch_batch(
                source, str(self.landing), window, lambda step, *_: self.steps.append(step)
            )
        finally:
            source.close()

    def _wait(self, seconds: float) -> None:
        if self.dies_waiting:
            raise KeyboardInterrupt
        self.waits.append(seconds)
        self.shop.waited(seconds)

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
        shop.url = url
        yield Connected(shop, url, tmp_path / "landing")


class TestWindows:
    def test_a_day_is_what_changed_on_it_and_all_stock(self, connected: Connected) -> None:
        connected.shop.orders = [
            order(1, at="2026-03-09T22:59:59Z"),
            order(2, at="2026-03-09T23:30:00Z"),
            order(3, at="2026-03-10T23:59:59Z"),
            order(4, at="2026-03-11T00:00:00Z"),
        ]
        connected.shop.variants = [variant(501), variant(502, at="2026-01-05T00:00:00Z")]
        connected.shop.customers = [customer(77), customer(78, "2026-01-05T00:00:00Z")]
        batch = connected.fetch()
        assert connected.landed("orders", "order_id", "discount_code") == [
            ("2026-03-10", "2", "SPRING,VIP"),
            ("2026-03-10", "3", "SPRING,VIP"),
        ]
        assert connected.landed("order_items", "order_item_id", "sold_at") == [
            ("2026-03-10", "200", "2026-03-02T15:00:00Z"),
            ("2026-03-10", "300", "2026-03-02T15:00:00Z"),
        ]
        assert connected.landed("products", "product_id", "price", "cost") == [
            ("2026-03-10", "501", "13.5000", "4.2500")
        ]
        assert connected.landed(
            "inventory", "snapshot_date", "product_id", "on_hand", "allocated"
        ) == [
            ("2026-03-10", "2026-03-10", "501", "10", "3"),
            ("2026-03-10", "2026-03-10", "502", "10", "3"),
        ]
        assert connected.landed("customers", "customer_id", "email") == [
            ("2026-03-10", "77", "c77@example.com")
        ]
        assert batch.fetched.reconciliation.agreeing == 2
        assert batch.fetched.left_out["orders by their sales agreements"] == 2

    def test_a_day_fetched_again_is_the_same_files(self, connected: Connected) -> None:
        connected.shop.orders = [order(1), order(2)]
        connected.shop.variants = [variant(501)]
        connected.shop.customers = [customer(77)]
        connected.fetch()
        first = connected.files()
        connected.fetch()
        assert connected.files() == first

    def test_a_past_days_stock_is_not_todays(self, connected: Connected) -> None:
        connected.shop.variants = [variant(501)]
        connected.fetch(now=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
        assert connected.landed("inventory", "product_id") == []
        assert connected.landed("products", "product_id") == [("2026-03-10", "501")]

    def test_a_customer_that_the_shop_deleted_is_taken_out(self, connected: Connected) -> None:
        connected.shop.customers = [customer(77), customer(78)]
        connected.fetch()
        connected.shop.customers = [customer(78)]
        connected.shop.hidden_customers = {gid("Customer", 78)}
        connected.fetch(dt.date(2026, 3, 11))
        assert connected.landed("customers", "customer_id") == [("2026-03-10", "78")]


class TestPages:
    def test_pages_and_what_a_page_has_no_room_for_are_read(self, connected: Connected) -> None:
        connected.shop.orders = [
            *(order(id_) for id_ in range(1, 20)),
            order(20, lines=45, edits=6),
        ]
        batch = connected.fetch()
        assert batch.records["orders"] == 20
        # 45 lines at 7 moments, and one of each other order
        assert batch.records["order_items"] == 45 * 7 + 19
        assert batch.fetched.reconciliation.differences == ()
        assert connected.shop.requests["Lines"] == 1
        assert connected.shop.requests["Agreements"] == 7

    def test_a_page_that_costs_too_much_is_asked_for_in_halves(self, connected: Connected) -> None:
        connected.shop.max_cost = 150
        connected.shop.orders = [order(id_) for id_ in range(1, 6)]
        assert connected.fetch().records["orders"] == 5

    def test_stock_at_many_places_is_read_to_its_end(self, connected: Connected) -> None:
        connected.shop.variants = [variant(501, places=12)]
        connected.fetch()
        assert len(connected.landed("inventory", "warehouse_id")) == 12

    def test_a_cursor_that_comes_back_is_refused_and_nothing_lands(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(id_) for id_ in range(1, 30)]
        connected.shop.repeats_cursor = True
        with pytest.raises(ShopError, match="gives a cursor of Orders twice"):
            connected.fetch()
        assert connected.files() == {}

    def test_a_list_shorter_than_the_shops_count_is_read_again_and_then_refused(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(1)]
        connected.shop.says_count = 7
        with pytest.raises(ShopError, match="lists 1 orders and counts 7, 3 times over"):
            connected.fetch()
        assert connected.shop.requests["Orders"] == 3
        assert connected.files() == {}


class TestFaults:
    def test_throttled_and_failing_answers_are_waited_out(self, connected: Connected) -> None:
        connected.shop.orders = [order(1)]
        connected.shop.failures = [503, "THROTTLED", "THROTTLED"]
        assert connected.fetch().records["orders"] == 1
        assert len(connected.waits) == 3
        assert connected.waits[1:] == [1.0, 1.0]

    def test_points_that_do_not_suffice_are_waited_for_beforehand(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(id_) for id_ in range(1, 41)]
        connected.shop.available = 400.0
        connected.shop.restore_rate = 50.0
        batch = connected.fetch()
        assert batch.records["orders"] == 40
        assert sum(connected.waits) > 0
        assert connected.shop.requests["Orders"] <= 6  # five pages, and one that did not know

    def test_a_shop_that_always_throttles_is_given_up(self, connected: Connected) -> None:
        connected.shop.failures = ["THROTTLED"] * 50
        with pytest.raises(ShopError, match="throttles Count again and again"):
            connected.fetch()

    def test_a_key_that_may_not_read_is_told_and_not_shown(self, connected: Connected) -> None:
        with pytest.raises(ShopError, match="give the key the right") as error:
            connected.fetch(key="shpat_wrong")
        assert "shpat" not in str(error.value)
        connected.shop.failures = ["ACCESS_DENIED"]
        with pytest.raises(ShopError, match="refuses Count \\(ACCESS_DENIED\\)"):
            connected.fetch()

    def test_a_fetch_that_dies_leaves_what_was_there(self, connected: Connected) -> None:
        connected.shop.orders = [order(1)]
        connected.fetch()
        first = connected.files()
        connected.shop.orders = [order(1), order(2)]
        connected.shop.failures = ["THROTTLED"] * 50
        with pytest.raises(ShopError):
            connected.fetch()
        assert connected.files() == first


def test_the_settings_open_it(connected: Connected, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    chosen = Settings(_env_file=None, shopify_url=connected.url, shopify_key_file=key)
    connected.shop.customers = [customer(77)]
    assert configured_sources(chosen) == ["shopify"]
    with open_source("shopify", chosen, Store("UTC", "EUR")) as source:
        assert not source.is_deleted("77")
        assert source.is_deleted("78")


class TestHistory:
    SINCE = dt.date(2025, 1, 1)

    def test_the_history_is_a_bulk_operation_and_gives_the_same_records(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(1, lines=3, edits=2), order(2)]
        connected.fetch()
        paged = connected.files()
        connected.shop.bulk_is_busy = 1
        connected.fetch(since=self.SINCE)
        assert connected.files() == paged
        assert connected.shop.requests["RunBulk"] == 2
        assert "waiting for other bulk operations" in connected.steps
        assert connected.shop.requests["Orders"] == 1

    def test_an_operation_that_a_dead_fetch_left_running_is_waited_for_and_read(
        self, connected: Connected
    ) -> None:
        connected.shop.orders = [order(1)]
        self._die_while_an_operation_runs(connected)
        assert connected.fetch(since=self.SINCE).records["orders"] == 1
        assert connected.shop.requests["RunBulk"] == 1

    def test_an_operation_of_another_window_is_left_alone(self, connected: Connected) -> None:
        connected.shop.orders = [order(1)]
        self._die_while_an_operation_runs(connected)
        assert connected.fetch(since=self.SINCE - dt.timedelta(1)).records["orders"] == 1
        assert connected.shop.requests["RunBulk"] == 2

    def test_an_operation_that_has_ended_is_not_read_again(self, connected: Connected) -> None:
        connected.shop.orders = [order(1)]
        connected.fetch(since=self.SINCE)
        connected.fetch(since=self.SINCE)
        assert connected.shop.requests["RunBulk"] == 2

    def _die_while_an_operation_runs(self, connected: Connected) -> None:
        connected.dies_waiting = True
        with pytest.raises(KeyboardInterrupt):
            connected.fetch(since=self.SINCE)
        connected.dies_waiting = False
        assert connected.files() == {}

    def test_an_output_that_is_cut_is_downloaded_again(self, connected: Connected) -> None:
        connected.shop.orders = [order(1)]
        connected.shop.bulk_cut = 1
        assert connected.fetch(since=self.SINCE).records["orders"] == 1
        connected.shop.bulk_cut = 9
        with pytest.raises(ShopError, match="wrote 4 objects and gives 3"):
            connected.fetch(since=self.SINCE)

    def test_an_operation_that_fails_is_told(self, connected: Connected) -> None:
        connected.shop.orders = [order(1)]
        connected.shop.bulk_states = ["CREATED", "FAILED"]
        with pytest.raises(ShopError, match=r"\(FAILED, INTERNAL_SERVER_ERROR\)"):
            connected.fetch(since=self.SINCE)

    def test_a_key_that_hides_old_orders_is_told(self, connected: Connected) -> None:
        connected.shop.scopes = ("read_orders",)
        assert HIDDEN in connected.fetch(since=self.SINCE).fetched.left_out
        assert HIDDEN not in connected.fetch().fetched.left_out
