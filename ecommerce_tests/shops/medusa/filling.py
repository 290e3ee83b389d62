"""Fills a Medusa with a small shop and its orders through its own API."""

from typing import Any

import httpx

from ecommerce_tests.shops.medusa.server import Server

Json = dict[str, Any]

SHIPPING = 4.90
RETURN_SHIPPING = 3.00
PRICES = {"S": 19.99, "M": 24.50}
STOCK = 100


class FilledShop:
    """A shop in Germany, in euros: 19 % tax on top of prices, a shirt in two sizes, 100 of each."""

    def __init__(self, server: Server) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=120)
        login = {"email": server.email, "password": server.password}
        token = self._post("/auth/user/emailpass", login)["token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        channel = self._get("/admin/sales-channels")["sales_channels"][0]["id"]
        [store] = self._get("/admin/stores")["stores"]
        euros = [{"currency_code": "eur", "is_default": True}]
        self._post(f"/admin/stores/{store['id']}", {"supported_currencies": euros})
        self._region = self._post(
            "/admin/regions",
            {
                "name": "Germany",
                "currency_code": "eur",
                "countries": ["de"],
                "payment_providers": ["pp_system_default"],
                "automatic_taxes": True,
            },
        )["region"]["id"]
        rate = {"rate": 19, "name": "MwSt", "code": "de19"}
        self._post(
            "/admin/tax-regions",
            {"country_code": "de", "provider_id": "tp_system", "default_tax_rate": rate},
        )
        self._channel = channel
        self._location = self._make_location(channel)
        profile = self._post("/admin/shipping-profiles", {"name": "Parcels", "type": "default"})
        self._profile = profile["shipping_profile"]["id"]
        self._ship = self._shipping_option("Standard", SHIPPING, is_return=False)
        self._back = self._shipping_option("Back", RETURN_SHIPPING, is_return=True)
        self.variants = self._make_shirt(channel)
        key = self._post("/admin/api-keys", {"title": "shop", "type": "publishable"})["api_key"]
        self._post(f"/admin/api-keys/{key['id']}/sales-channels", {"add": [channel]})
        self._store_headers = {"x-publishable-api-key": key["token"]}
        secret = self._post("/admin/api-keys", {"title": "reader", "type": "secret"})["api_key"]
        self.secret_key: str = secret["token"]
        self._post(
            "/admin/promotions",
            {
                "code": "SPRING",
                "type": "standard",
                "status": "active",
                "is_automatic": False,
                "application_method": {
                    "type": "percentage",
                    "target_type": "items",
                    "allocation": "across",
                    "value": 10,
                    "currency_code": "eur",
                },
            },
        )

    def _make_location(self, channel: str) -> str:
        address = {"address_1": "Hof 1", "country_code": "de"}
        location = self._post("/admin/stock-locations", {"name": "Berlin", "address": address})
        id_: str = location["stock_location"]["id"]
        path = f"/admin/stock-locations/{id_}"
        self._post(f"{path}/fulfillment-providers", {"add": ["manual_manual"]})
        self._post(f"{path}/sales-channels", {"add": [channel]})
        [fulfilment_set] = self._post(
            f"{path}/fulfillment-sets?fields=*fulfillment_sets",
            {"name": "Parcels", "type": "shipping"},
        )["stock_location"]["fulfillment_sets"]
        zone = {"name": "DE", "geo_zones": [{"type": "country", "country_code": "de"}]}
        made = self._post(f"/admin/fulfillment-sets/{fulfilment_set['id']}/service-zones", zone)
        self._zone = made["fulfillment_set"]["service_zones"][0]["id"]
        return id_

    def _shipping_option(self, name: str, price: float, *, is_return: bool) -> str:
        rules = {"is_return": str(is_return).lower(), "enabled_in_store": "true"}
        option = self._post(
            "/admin/shipping-options",
            {
                "name": name,
                "service_zone_id": self._zone,
                "shipping_profile_id": self._profile,
                "provider_id": "manual_manual",
                "price_type": "flat",
                "type": {"label": name, "description": name, "code": name.lower()},
                "prices": [{"currency_code": "eur", "amount": price}],
                "rules": [
                    {"attribute": attribute, "operator": "eq", "value": value}
                    for attribute, value in rules.items()
                ],
            },
        )["shipping_option"]
        return str(option["id"])

    def _make_shirt(self, channel: str) -> dict[str, str]:
        product = self._post(
            "/admin/products",
            {
                "title": "Shirt",
                "status": "published",
                "shipping_profile_id": self._profile,
                "options": [{"title": "Size", "values": list(PRICES)}],
                "variants": [
                    {
                        "title": size,
                        "sku": f"SHIRT-{size}",
                        "manage_inventory": True,
                        "options": {"Size": size},
                        "prices": [{"currency_code": "eur", "amount": price}],
                    }
                    for size, price in PRICES.items()
                ],
                "sales_channels": [{"id": channel}],
            },
        )["product"]
        fields = "*variants,*variants.inventory_items"
        made = self._get(f"/admin/products/{product['id']}", fields=fields)["product"]
        for variant in made["variants"]:
            item = variant["inventory_items"][0]["inventory_item_id"]
            self._post(
                f"/admin/inventory-items/{item}/location-levels",
                {"location_id": self._location, "stocked_quantity": STOCK},
            )
        return {variant["title"]: variant["id"] for variant in made["variants"]}

    def order(self, *sizes: str, code: str | None = None, captured: bool = True) -> str:
        """Place an order of some pieces in the shop, and perhaps take its payment."""
        quantities = {size: sizes.count(size) for size in dict.fromkeys(sizes)}
        address = {
            "first_name": "Ada",
            "last_name": "L",
            "address_1": "Weg 1",
            "city": "Berlin",
            "postal_code": "10115",
            "country_code": "de",
        }
        cart = self._store(
            "carts",
            {
                "region_id": self._region,
                "sales_channel_id": self._channel,
                "email": "ada@example.com",
                "shipping_address": address,
                "items": [
                    {"variant_id": self.variants[size], "quantity": quantity}
                    for size, quantity in quantities.items()
                ],
            },
        )["cart"]["id"]
        if code:
            self._store(f"carts/{cart}/promotions", {"promo_codes": [code]})
        self._store(f"carts/{cart}/shipping-methods", {"option_id": self._ship})
        payment = self._store("payment-collections", {"cart_id": cart})["payment_collection"]["id"]
        provider = {"provider_id": "pp_system_default"}
        self._store(f"payment-collections/{payment}/payment-sessions", provider)
        id_ = str(self._store(f"carts/{cart}/complete", {})["order"]["id"])
        if captured:
            self.capture(id_)
        return id_

    def capture(self, order_id: str) -> None:
        """Take the payment of an order."""
        self._post(f"/admin/payments/{self._payment(order_id)}/capture", {})

    def refund(self, order_id: str, amount: float, note: str = "refund") -> None:
        """Give back money of an order."""
        path = f"/admin/payments/{self._payment(order_id)}/refund"
        self._post(path, {"amount": amount, "note": note})

    def cancel(self, order_id: str) -> None:
        """Cancel an order."""
        self._post(f"/admin/orders/{order_id}/cancel", {})

    def ship(self, order_id: str, **quantities: int) -> None:
        """Send some pieces of an order, by size."""
        items = self._items(order_id, quantities)
        path = f"/admin/orders/{order_id}/fulfillments"
        self._post(path, {"location_id": self._location, "items": items})
        parcel = self.document(order_id)["fulfillments"][-1]["id"]
        self._post(f"{path}/{parcel}/shipments", {"items": items, "labels": []})

    def deliver(self, order_id: str) -> None:
        """Mark the parcels of an order as delivered."""
        for parcel in self.document(order_id)["fulfillments"]:
            path = f"/admin/orders/{order_id}/fulfillments/{parcel['id']}/mark-as-delivered"
            self._post(path, {})

    def send_back(self, order_id: str, *, pays_shipping: bool, **quantities: int) -> None:
        """Send some pieces of an order back, by size, which the shop receives."""
        made = self._post("/admin/returns", {"order_id": order_id, "location_id": self._location})
        path = f"/admin/returns/{made['return']['id']}"
        items = self._items(order_id, quantities)
        self._post(f"{path}/request-items", {"items": items})
        if pays_shipping:
            self._post(f"{path}/shipping-method", {"shipping_option_id": self._back})
        self._post(f"{path}/request", {})
        self._receive(path, items)

    def exchange(self, order_id: str, size: str, other: str) -> None:
        """Exchange a piece of an order for one of another size."""
        made = self._post("/admin/exchanges", {"order_id": order_id})["exchange"]
        self._swap(f"/admin/exchanges/{made['id']}", order_id, size, other)

    def claim_replacement(self, order_id: str, size: str, other: str) -> None:
        """Claim a broken piece of an order, which goes back, against another one."""
        made = self._post("/admin/claims", {"order_id": order_id, "type": "replace"})["claim"]
        path = f"/admin/claims/{made['id']}"
        [item] = self._items(order_id, {size: 1})
        self._post(f"{path}/claim-items", {"items": [{**item, "reason": "production_failure"}]})
        self._swap(path, order_id, size, other)

    def edit(self, order_id: str, *, removed: str, added: str) -> None:
        """Take a line off an order, and add a piece of another size."""
        [item] = self._items(order_id, {removed: 0})
        path = f"/admin/order-edits/{order_id}"
        self._post("/admin/order-edits", {"order_id": order_id})
        new = {"variant_id": self.variants[added], "quantity": 1}
        self._post(f"{path}/items", {"items": [new]})
        self._post(f"{path}/items/item/{item['id']}", {"quantity": 0})
        self._post(f"{path}/request", {})
        self._post(f"{path}/confirm", {})

    def document(self, order_id: str) -> Json:
        """The order as the shop has it by now."""
        fields = "+total,+tax_total,*items,*fulfillments,*returns,*payment_collections.payments"
        order: Json = self._get(f"/admin/orders/{order_id}", fields=fields)["order"]
        return order

    def documents(self) -> list[Json]:
        """All orders as the shop has them by now."""
        fields = "+total,+tax_total"
        orders: list[Json] = self._get("/admin/orders", fields=fields, limit=100)["orders"]
        return orders

    def stock(self) -> dict[str, tuple[int, int]]:
        """What is stocked and reserved of each variant."""
        fields = "sku,*location_levels"
        items = self._get("/admin/inventory-items", fields=fields)["inventory_items"]
        return {
            self.variants[item["sku"].removeprefix("SHIRT-")]: (
                item["location_levels"][0]["stocked_quantity"],
                item["location_levels"][0]["reserved_quantity"],
            )
            for item in items
        }

    def _swap(self, path: str, order_id: str, size: str, other: str) -> None:
        items = self._items(order_id, {size: 1})
        self._post(f"{path}/inbound/items", {"items": items, "location_id": self._location})
        new = {"variant_id": self.variants[other], "quantity": 1}
        self._post(f"{path}/outbound/items", {"items": [new]})
        self._post(f"{path}/request", {})
        back = self.document(order_id)["returns"][-1]["id"]
        self._receive(f"/admin/returns/{back}", items)

    def _receive(self, path: str, items: list[Json]) -> None:
        self._post(f"{path}/receive", {})
        self._post(f"{path}/receive-items", {"items": items})
        self._post(f"{path}/receive/confirm", {})

    def _items(self, order_id: str, quantities: dict[str, int]) -> list[Json]:
        ids = {item["variant_title"]: item["id"] for item in self.document(order_id)["items"]}
        return [{"id": ids[size], "quantity": count} for size, count in quantities.items()]

    def _payment(self, order_id: str) -> str:
        return str(self.document(order_id)["payment_collections"][0]["payments"][0]["id"])

    def _store(self, path: str, body: Json) -> Json:
        return self._post(f"/store/{path}", body, self._store_headers)

    def _post(self, path: str, body: Json, headers: dict[str, str] | None = None) -> Json:
        return self._checked(self._client.post(path, json=body, headers=headers))

    def _get(self, path: str, **parameters: Any) -> Json:
        return self._checked(self._client.get(path, params=parameters))

    def _checked(self, response: httpx.Response) -> Json:
        assert response.is_success, f"{response.request.url.path}: {response.text[:500]}"
        answer: Json = response.json()
        return answer
