"""Products, stock and customers of Shopify become records."""

import datetime as dt
from pathlib import Path

import pytest

from ecommerce_tests.shops.shopify.documents import gid, line, order
from ecommerce_tests.shops.shopify.shop import Shop

PRODUCT = {
    "id": 300,
    "title": "Mug",
    "product_type": "Kitchen",
    "handle": "mug",
    "updated_at": "2026-03-01T10:00:00Z",
    "variants": [
        {
            "id": 501,
            "product_id": 300,
            "title": "Blue",
            "price": "13.50",
            "inventory_item_id": 801,
            "updated_at": "2026-03-01T09:00:00Z",
        },
        {
            "id": 502,
            "product_id": 300,
            "title": "Default Title",
            "price": "14.00",
            "inventory_item_id": 802,
            "updated_at": "2026-03-01T09:30:00Z",
        },
    ],
}
COST = {"id": 801, "cost": "4.25", "tracked": True, "updated_at": "2026-02-01T00:00:00Z"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_variant_is_a_product_with_its_price_and_the_cost_of_its_item(shop: Shop) -> None:
    shop.take(PRODUCT, COST)
    assert shop.landed(
        "products", "product_id", "name", "category", "price", "cost", "updated_at"
    ) == [
        ("501", "Mug - Blue", "Kitchen", "13.5000", "4.2500", "2026-03-01T09:00:00Z"),
        ("502", "Mug", "Kitchen", "14.0000", None, "2026-03-01T09:30:00Z"),
    ]


def test_each_change_of_price_or_cost_is_a_version(shop: Shop) -> None:
    dearer = {**PRODUCT["variants"][0], "price": "15.00", "updated_at": "2026-03-05T09:00:00Z"}
    shop.take(
        {"stream": "product_variants", "data": dearer},
        PRODUCT,
        {**COST, "cost": "5.00", "updated_at": "2026-03-03T00:00:00Z"},
        COST,
    )
    versions = [
        row[1:]
        for row in shop.landed("products", "product_id", "updated_at", "price", "cost")
        if row[0] == "501"
    ]
    assert versions == [
        ("2026-03-01T09:00:00Z", "13.5000", "4.2500"),
        ("2026-03-03T00:00:00Z", "13.5000", "5.0000"),
        ("2026-03-05T09:00:00Z", "15.0000", "5.0000"),
    ]


def test_a_bulk_operation_over_products_brings_stock_and_cost(shop: Shop) -> None:
    # Of 10 on hand 3 are promised; at the second place 2 more are promised than are there.
    rows = [
        {
            "id": gid("InventoryLevel", 9) + "?inventory_item_id=801",
            "location": {"id": gid("Location", 61)},
            "quantities": [
                {"name": "on_hand", "quantity": 0},
                {"name": "available", "quantity": -2},
            ],
            "updatedAt": "2026-03-04T12:00:00Z",
            "__parentId": gid("ProductVariant", 501),
        },
        {
            "id": gid("InventoryLevel", 8) + "?inventory_item_id=801",
            "location": {"id": gid("Location", 60)},
            "quantities": [
                {"name": "on_hand", "quantity": 10},
                {"name": "available", "quantity": 7},
            ],
            "updatedAt": "2026-03-04T12:00:00Z",
            "__parentId": gid("ProductVariant", 501),
        },
        {
            "id": gid("ProductVariant", 501),
            "title": "Blue",
            "price": "13.50",
            "updatedAt": "2026-03-04T11:00:00Z",
            "inventoryItem": {
                "id": gid("InventoryItem", 801),
                "unitCost": {"amount": "4.25", "currencyCode": "EUR"},
            },
            "__parentId": gid("Product", 300),
        },
        {
            "id": gid("Product", 300),
            "title": "Mug",
            "productType": "Kitchen",
            "updatedAt": "2026-03-04T11:00:00Z",
        },
    ]
    shop.take(*rows)
    assert shop.landed("products", "product_id", "name", "price", "cost") == [
        ("501", "Mug - Blue", "13.5000", "4.2500")
    ]
    assert shop.landed(
        "inventory", "snapshot_date", "product_id", "warehouse_id", "on_hand", "allocated"
    ) == [("2026-03-04", "501", "60", "10", "3"), ("2026-03-04", "501", "61", "0", "2")]


def test_a_rest_stock_level_counts_on_the_day_it_was_read(shop: Shop) -> None:
    level = {
        "inventory_item_id": 801,
        "location_id": 60,
        "available": 6,
        "updated_at": "2026-01-01T00:00:00Z",
    }
    records = [
        {"stream": "inventory_levels", "data": level, "emitted_at": 1772700000000},
        {
            "stream": "inventory_levels",
            "data": {**level, "inventory_item_id": 999},
            "emitted_at": 1772700000000,
        },
        {
            "stream": "inventory_levels",
            "data": {**level, "location_id": 61, "available": None},
            "emitted_at": 1772700000000,
        },
    ]
    imported = shop.take(PRODUCT, *records)
    assert shop.landed("inventory", "snapshot_date", "product_id", "warehouse_id", "on_hand") == [
        ("2026-03-05", "501", "60", "6")
    ]
    assert imported.left_out == {
        "stock levels without a quantity": 1,
        "stock of inventory items that no variant names": 1,
    }


def test_customers_come_from_their_own_documents_first(shop: Shop) -> None:
    known = {
        "id": gid("Customer", 77),
        "email": "new@example.com",
        "createdAt": "2025-01-01T00:00:00Z",
        "updatedAt": "2026-03-08T00:00:00Z",
        "defaultAddress": {"countryCodeV2": "AT"},
    }
    other = {"id": 78, "email": "eve@example.com", "created_at": "2026-03-02T15:00:00Z"}
    shop.take(
        known,
        order(1, "1.00", line(31, "1.00")),
        order(2, "1.00", line(32, "1.00"), customer=other),
    )
    assert shop.landed("customers", "customer_id", "email", "country", "created_at", "batch") == [
        ("77", "new@example.com", "AT", "2025-01-01T00:00:00Z", "2026-03-08"),
        ("78", "eve@example.com", None, "2026-03-02T15:00:00Z", "2026-03-10"),
    ]


def test_a_day_puts_everything_into_one_batch(shop: Shop) -> None:
    shop.take(PRODUCT, order(1, "1.00", line(31, "1.00")), day=dt.date(2026, 3, 20))
    assert {name.partition("/")[2] for name in shop.files()} == {"2026-03-20.csv"}
    assert shop.landed("orders", "ingested_at") == ["2026-03-10T14:00:00Z"]
