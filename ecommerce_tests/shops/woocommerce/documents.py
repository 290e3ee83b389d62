"""WooCommerce documents for tests, in the shape of its REST API v3: only what a test is about."""

from typing import Any


def line(id_: int, total: str, *, quantity: Any = 1, tax: str = "0.00", **fields: Any) -> dict:
    return {
        "id": id_,
        "name": "Woo Logo",
        "product_id": 16,
        "variation_id": 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": total,
        "subtotal_tax": tax,
        "total": total,
        "total_tax": tax,
        "taxes": [],
        "meta_data": [],
        "sku": "WOO-LOGO",
        **fields,
    }


def order(id_: int, total: str, *lines: dict, **fields: Any) -> dict:
    return {
        "id": id_,
        "parent_id": 0,
        "status": "processing",
        "currency": "EUR",
        "prices_include_tax": False,
        "date_created": "2024-03-05T11:00:00",
        "date_created_gmt": "2024-03-05T10:00:00",
        "date_modified": "2024-03-05T12:00:00",
        "date_modified_gmt": "2024-03-05T11:00:00",
        "discount_total": "0.00",
        "shipping_total": "0.00",
        "total": total,
        "total_tax": "0.00",
        "customer_id": 7,
        "created_via": "checkout",
        "billing": {"country": "DE", "email": "ada@example.com"},
        "shipping": {"country": ""},
        "date_paid_gmt": "2024-03-05T10:00:05",
        "date_completed_gmt": None,
        "line_items": list(lines),
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        **fields,
    }


def refund(id_: int, amount: str, *lines: dict, order_id: int = 1, **fields: Any) -> dict:
    return {
        "id": id_,
        "date_created": "2024-03-08T10:00:00",
        "date_created_gmt": "2024-03-08T09:00:00",
        "amount": amount,
        "reason": "",
        "refunded_by": 1,
        "refunded_payment": True,
        "meta_data": [],
        "line_items": list(lines),
        "shipping_lines": [],
        "fee_lines": [],
        "_links": {"up": [{"href": f"https://shop.example/wp-json/wc/v3/orders/{order_id}"}]},
        **fields,
    }


def refunded(id_: int, total: str, *, of: int, quantity: Any = -1, tax: str = "0.00") -> dict:
    return line(
        id_,
        total,
        quantity=quantity,
        tax=tax,
        meta_data=[{"id": 1, "key": "_refunded_item_id", "value": str(of)}],
    )


def product(id_: int, price: str, **fields: Any) -> dict:
    return {
        "id": id_,
        "name": "Woo Logo",
        "date_created_gmt": "2024-01-01T00:00:00",
        "date_modified_gmt": "2024-02-01T00:00:00",
        "type": "simple",
        "catalog_visibility": "visible",
        "price": price,
        "regular_price": price,
        "manage_stock": False,
        "stock_quantity": None,
        "categories": [{"id": 9, "name": "Posters &amp; prints", "slug": "posters"}],
        "attributes": [],
        **fields,
    }


def variation(id_: int, price: str, *, of: int, **fields: Any) -> dict:
    return {
        "id": id_,
        "type": "variation",
        "parent_id": of,
        "name": "Blue, L",
        "date_created_gmt": "2024-01-01T00:00:00",
        "date_modified_gmt": "2024-02-01T00:00:00",
        "price": price,
        "regular_price": price,
        "manage_stock": "parent",
        "attributes": [
            {"id": 1, "name": "Colour", "option": "Blue"},
            {"id": 2, "name": "Size", "option": "L"},
        ],
        **fields,
    }


def customer(id_: int, **fields: Any) -> dict:
    return {
        "id": id_,
        "date_created_gmt": "2024-01-02T03:04:05",
        "date_modified_gmt": "2024-03-05T10:00:00",
        "email": "ada@example.com",
        "username": "ada",
        "role": "customer",
        "is_paying_customer": True,
        "billing": {"country": "DE"},
        "shipping": {"country": ""},
        **fields,
    }
