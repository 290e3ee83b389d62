"""A small shop for tests: its landing files written record by record, and loads of it."""

import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg

from ecommerce_assets.batch_days import choose_days
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import Load, load
from ecommerce_assets.partitions import range_tags
from ecommerce_assets.settings import Settings
from ecommerce_assets.shop import Shop
from ecommerce_tests.dagster_state import in_memory

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
"""When the tests take place: after everything that lands in them."""


class SmallShop:
    """A landing zone, a warehouse, and the settings that join them."""

    def __init__(self, landing: Path, database_url: str, **settings: Any) -> None:
        self.landing = landing
        self.url = database_url
        self.settings = Settings(
            landing=str(landing),
            database_url=database_url,
            _env_file=None,
            **{"currency": "EUR", "home": landing.parent / "home", **settings},
        )
        self.shop = Shop(self.settings, now=lambda: NOW)
        landing.mkdir(parents=True, exist_ok=True)

    def land(
        self, feed: str, day: str, *records: Mapping[str, Any], name: str | None = None
    ) -> Path:
        """Write a CSV of a feed's day; a record's `ingested_at` is the day's noon unless given.

        The header has the columns of all records; without any it is the feed's.
        """
        path = self.landing / feed / (name or f"{day}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"ingested_at": f"{day}T12:00:00Z", **record} for record in records]
        header = list(dict.fromkeys(column for row in rows for column in row))
        if not rows:
            from ecommerce_assets.feeds.contract import FEEDS

            header = list(FEEDS[feed].columns)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def land_text(self, feed: str, name: str, text: str) -> Path:
        """Write a landed file as it is."""
        path = self.landing / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def load(self, first: str | None = None, last: str | None = None) -> Load:
        """Load all batch days, or those of a range, through Dagster; nothing but refusals fails.

        A test of the tables alone uses `load_tables`, which takes half of the time.
        """
        loaded = load_days(self.shop, first, last)
        assert loaded.failures == [], loaded.failures
        return loaded

    def load_tables(self) -> None:
        """Load all batch days without checks and reports."""
        days = choose_days(self.shop).loadable
        self.materialize_tables((str(days[0]), str(days[-1])))

    def materialize_tables(self, *ranges: tuple[str, str]) -> None:
        """Materialize ranges of days, one after the other, without checks and reports."""
        tables = dg.AssetSelection.groups("staging", "quarantine", "analytics").without_checks()
        defs = dg.Definitions.merge(
            build_defs(self.shop), dg.Definitions(jobs=[dg.define_asset_job("tables", tables)])
        )
        job = defs.resolve_job_def("tables")
        with in_memory() as instance:
            for first, last in ranges:
                done = job.execute_in_process(
                    instance=instance,
                    tags=range_tags(dt.date.fromisoformat(first), dt.date.fromisoformat(last)),
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
                assert done.success

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the warehouse, in UTC."""
        with psycopg.connect(self.url, options="-c TimeZone=UTC") as connection:
            return connection.execute(query, parameters).fetchall()

    def execute(self, statement: str) -> None:
        """Change the warehouse behind the loader's back."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement)


def load_days(shop: Shop, first: str | None = None, last: str | None = None) -> Load:
    """Load through Dagster, on an instance of its own."""
    with in_memory() as instance:
        return load(
            shop,
            instance,
            dt.date.fromisoformat(first) if first else None,
            dt.date.fromisoformat(last) if last else None,
        )


def customer(customer_id: str = "C1", **columns: Any) -> dict[str, Any]:
    """Make a record of `customers`."""
    return {
        "customer_id": customer_id,
        "email": f"{customer_id}@example.com",
        "country": "DE",
        "created_at": "2024-01-01",
        **columns,
    }


def product(product_id: str = "P1", **columns: Any) -> dict[str, Any]:
    """Make a record of `products`."""
    return {
        "product_id": product_id,
        "updated_at": "2024-01-01",
        "name": f"Product {product_id}",
        "category": "garden",
        "price": "10.00",
        "cost": "4.00",
        **columns,
    }


def order(order_id: str = "O1", **columns: Any) -> dict[str, Any]:
    """Make a record of `orders`: paid, on 2024-03-05 unless said otherwise."""
    return {
        "order_id": order_id,
        "customer_id": "C1",
        "status": "paid",
        "ordered_at": "2024-03-05T10:00:00Z",
        "currency": "EUR",
        **columns,
    }


def item(order_item_id: str = "I1", order_id: str = "O1", **columns: Any) -> dict[str, Any]:
    """Make a record of `order_items`: two at 10.00."""
    return {
        "order_item_id": order_item_id,
        "order_id": order_id,
        "product_id": "P1",
        "quantity": 2,
        "unit_price": "10.00",
        **columns,
    }


def returned(
    return_id: str = "R1", order_item_id: str = "I1", order_id: str = "O1", **columns: Any
) -> dict[str, Any]:
    """Make a record of `returns`: one, for 10.00, on 2024-03-10."""
    return {
        "return_id": return_id,
        "order_item_id": order_item_id,
        "order_id": order_id,
        "quantity": 1,
        "returned_at": "2024-03-10T10:00:00Z",
        "refund_amount": "10.00",
        "reason": "too big",
        **columns,
    }


def adjustment(adjustment_id: str = "A1", order_id: str = "O1", **columns: Any) -> dict[str, Any]:
    """Make a record of `adjustments`: a refund of 3.00 on 2024-03-08."""
    return {
        "adjustment_id": adjustment_id,
        "order_id": order_id,
        "adjusted_at": "2024-03-08T10:00:00Z",
        "amount": "3.00",
        "reason": "goodwill",
        **columns,
    }


def stock(product_id: str = "P1", **columns: Any) -> dict[str, Any]:
    """Make a record of `inventory`, of 2024-03-05."""
    return {
        "snapshot_date": "2024-03-05",
        "product_id": product_id,
        "warehouse_id": "main",
        "on_hand": 100,
        "allocated": 10,
        "reorder_point": 20,
        **columns,
    }
