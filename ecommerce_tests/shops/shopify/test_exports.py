"""Shopify's CSV exports become records, and their missing data is counted."""

import csv
import datetime as dt
import gzip
import hashlib
from pathlib import Path

import pytest

from ecommerce_tests.shops.shopify.shop import Shop, agreed

DAY = dt.date(2026, 3, 20)
ADA = hashlib.sha256(b"ada@example.com").hexdigest()

ORDER = {
    "Name": "#1001",
    "Email": "Ada@example.com",
    "Financial Status": "paid",
    "Paid at": "2026-03-02 16:00:05 +0100",
    "Fulfillment Status": "fulfilled",
    "Fulfilled at": "2026-03-03 09:00:00 +0100",
    "Currency": "EUR",
    "Subtotal": "27.00",
    "Shipping": "4.90",
    "Taxes": "6.06",
    "Total": "37.96",
    "Discount Code": "SPRING",
    "Discount Amount": "0.00",
    "Created at": "2026-03-02 16:00:00 +0100",
    "Lineitem quantity": "2",
    "Lineitem name": "Mug - Blue",
    "Lineitem price": "13.50",
    "Lineitem sku": "MUG-B",
    "Lineitem taxable": "true",
    "Lineitem discount": "0.00",
    "Shipping Country": "DE",
    "Cancelled at": "",
    "Refunded Amount": "0.00",
    "Outstanding Balance": "0.00",
    "Id": "450789469",
    "Source": "web",
}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def export(path: Path, *rows: dict[str, str], header: list[str] | None = None) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, header or list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def more(**fields: str) -> dict[str, str]:
    """A row under an order's first: its name and a line."""
    return {"Name": "#1001", "Lineitem quantity": "1", "Lineitem taxable": "true", **fields}


class TestOrders:
    def test_an_orders_own_fields_stand_on_its_first_row(self, shop: Shop) -> None:
        # 2 × 13.50 + 5.00 − 2.00 discount on both = 30.00, + 4.90 + 6.63 tax = 41.53
        first = {**ORDER, "Subtotal": "30.00", "Taxes": "6.63", "Total": "41.53"}
        second = more(**{"Lineitem name": "Gift wrap", "Lineitem price": "5.00"})
        path = export(shop.folder / "orders.csv", first, second, header=list(ORDER))
        assert agreed(shop.take_files(path))
        assert shop.landed(
            "orders", "order_id", "customer_id", "status", "ordered_at", "paid_at"
        ) == [("450789469", ADA, "fulfilled", "2026-03-02T15:00:00Z", "2026-03-02T15:00:05Z")]
        assert shop.landed("orders", "channel", "country", "discount_code", "batch") == [
            ("web", "DE", "SPRING", "2026-03-03")
        ]
        # 2.00 in proportion to 27.00 and 5.00: 1.6875 and 0.3125
        assert shop.landed(
            "order_items", "order_item_id", "product_id", "gross_amount", "discount_amount"
        ) == [
            ("450789469-0001", "sku:MUG-B", "27.00", "1.69"),
            ("450789469-0002", "custom:Gift wrap", "5.00", "0.31"),
        ]

    def test_prices_include_tax_where_the_sums_say_so(self, shop: Shop) -> None:
        # 27.00 + 4.90 = 31.90 is the total, so the tax of 5.09 is within: in proportion to 27.00
        # and 4.90 it is 4.31 and 0.78.
        path = export(shop.folder / "orders.csv", {**ORDER, "Taxes": "5.09", "Total": "31.90"})
        assert agreed(shop.take_files(path))
        assert shop.landed("order_items", "gross_amount") == ["22.69"]
        assert shop.landed("orders", "shipping_amount", "tax_amount") == [("4.12", "5.09")]

    def test_a_total_that_no_column_explains_is_told(self, shop: Shop) -> None:
        imported = shop.take_files(export(shop.folder / "orders.csv", {**ORDER, "Total": "40.96"}))
        (difference,) = imported.reconciliation.differences
        assert (difference.own, difference.ours) == (4096, 3796)
        assert difference.cause == (
            "its own parts come to 37.96: a tip, a fee or an edit that it does not list"
        )

    def test_a_refund_is_an_undated_adjustment_without_its_share_of_tax(self, shop: Shop) -> None:
        # 10.00 of 37.96, of which tax 6.06 × 10.00 ÷ 37.96 = 1.60: 8.40
        row = {**ORDER, "Refunded Amount": "10.00", "Financial Status": "partially_refunded"}
        imported = shop.take_files(export(shop.folder / "orders.csv", row))
        assert agreed(imported)
        assert shop.landed(
            "adjustments", "adjustment_id", "kind", "amount", "adjusted_at", "reason"
        ) == [("450789469-undated", "refund", "8.40", "2026-03-03T08:00:00Z", "undated")]
        assert imported.notes["undated refunds"] == 1

    def test_a_full_refund_gives_back_goods_and_shipping(self, shop: Shop) -> None:
        row = {**ORDER, "Refunded Amount": "37.96", "Financial Status": "refunded"}
        assert agreed(shop.take_files(export(shop.folder / "orders.csv", row)))
        assert shop.landed("adjustments", "kind", "amount") == [
            ("refund", "27.00"),
            ("shipping", "4.90"),
        ]
        assert shop.landed("orders", "status") == ["returned"]


class TestTheRest:
    def test_old_and_new_headers_of_products_and_stock_are_the_same(self, shop: Shop) -> None:
        old = [
            export(
                shop.folder / "products.csv",
                {
                    "Handle": "mug",
                    "Title": "Mug",
                    "Type": "Kitchen",
                    "Option1 Name": "Colour",
                    "Option1 Value": "Blue",
                    "Variant SKU": "MUG-B",
                    "Variant Price": "13.50",
                    "Cost per item": "4.25",
                },
                {"Handle": "mug", "Option1 Value": "Red", "Variant Price": "14.00"},
                {"Handle": "mug"},
                header=[
                    *("Handle", "Title", "Type", "Option1 Name", "Option1 Value"),
                    *("Variant SKU", "Variant Price", "Cost per item"),
                ],
            ),
            export(
                shop.folder / "inventory.csv",
                {
                    **{"Handle": "mug", "Title": "Mug", "Option1 Value": "Blue", "SKU": "MUG-B"},
                    **{"Location": "Berlin", "Committed": "3", "Available": "7", "On hand": "10"},
                },
                {
                    **{"Handle": "mug", "Title": "Mug", "Option1 Value": "Red", "SKU": ""},
                    **{"Location": "Berlin", "Available": "not stocked", "On hand": "not stocked"},
                },
            ),
        ]
        new = [
            export(
                shop.folder / "products-new.csv",
                {
                    "URL handle": "mug",
                    "Title": "Mug",
                    "Type": "Kitchen",
                    "Option1 value": "Blue",
                    "SKU": "MUG-B",
                    "Price": "13.50",
                    "Cost per item": "4.25",
                },
                {"URL handle": "mug", "Option1 value": "Red", "Price": "14.00"},
                header=[
                    *("URL handle", "Title", "Type", "Option1 value", "SKU"),
                    *("Price", "Cost per item"),
                ],
            ),
            export(
                shop.folder / "inventory-new.csv",
                {
                    **{"Handle": "mug", "Option1 Value": "Blue", "SKU": "MUG-B"},
                    **{"Location": "Berlin", "Committed (not editable)": "3"},
                    **{"Available (not editable)": "7", "On hand (current)": "10"},
                    "On hand (new)": "",
                },
            ),
        ]
        imported = shop.take_files(*old, day=DAY)
        assert shop.landed(
            "products", "product_id", "name", "category", "price", "cost", "batch"
        ) == [
            ("custom:Mug - Red", "Mug - Red", "Kitchen", "14.0000", None, "2026-03-20"),
            ("sku:MUG-B", "Mug - Blue", "Kitchen", "13.5000", "4.2500", "2026-03-20"),
        ]
        assert shop.landed("inventory", "product_id", "warehouse_id", "on_hand", "allocated") == [
            ("sku:MUG-B", "Berlin", "10", "3")
        ]
        assert imported.left_out == {"stock levels without a quantity": 1}
        shop.take_files(*new, day=DAY, out="new")
        assert shop.files("new") == shop.files()

    def test_customers_are_those_of_the_orders(self, shop: Shop) -> None:
        customers = export(
            shop.folder / "customers.csv",
            {
                **{"Customer ID": "'77", "First Name": "Ada", "Email": "ada@example.com"},
                **{"Default Address Country Code": "DE", "Accepts Email Marketing": "yes"},
            },
        )
        packed = shop.folder / "customers.csv.gz"
        packed.write_bytes(gzip.compress(customers.read_bytes()))
        shop.take_files(export(shop.folder / "orders.csv", ORDER), packed)
        assert shop.landed("customers", "customer_id", "email", "country") == [
            (ADA, "ada@example.com", "DE")
        ]
        assert shop.landed("orders", "customer_id") == [ADA]
