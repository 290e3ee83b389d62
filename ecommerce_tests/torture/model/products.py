"""SCD-2 of price and cost, and what takes a version: lines, returns, inventory rows."""

import datetime as dt
from decimal import Decimal
from typing import Any

from ecommerce_tests.torture.model.rows import Record
from ecommerce_tests.torture.model.settings import UTC, ModelSettings, half_up

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)


class Prices:
    """The price versions of every product."""

    def __init__(self, latest: dict[Any, tuple[Any, Record]]) -> None:
        self.records: dict[str, list[Record]] = {}
        for _, record in latest.values():
            self.records.setdefault(record["product_id"], []).append(record)
        self.versions: dict[str, list[Record]] = {}
        for product_id, records in self.records.items():
            records.sort(key=lambda record: record["updated_at"])
            self.versions[product_id] = _runs(records)

    def version(self, product_id: str, at: dt.datetime) -> Record | None:
        """The version valid at a moment, the first before it, None of an unseen product."""
        versions = self.versions.get(product_id)
        if not versions:
            return None
        started = [version for version in versions if version["updated_at"] <= at]
        return started[-1] if started else versions[0]


def _runs(records: list[Record]) -> list[Record]:
    versions: list[Record] = []
    for record in records:
        same = versions and all(
            versions[-1][column] == record[column] for column in ("price", "cost")
        )
        if not same:
            versions.append(record)
    return versions


def key_of(version: Record | None) -> str | None:
    """A version's key; None where there is none."""
    if version is None:
        return None
    microseconds = (version["updated_at"] - _EPOCH) // dt.timedelta(microseconds=1)
    return f"{version['product_id']}@{microseconds}"


def cost_of(quantity: int, version: Record | None) -> Decimal | None:
    """What so many units cost; None where there is no version or no cost."""
    if version is None or version["cost"] is None:
        return None
    return half_up(quantity * version["cost"])


def dim_product(prices: Prices) -> list[dict[str, Any]]:
    """One row for each version of each product."""
    rows = []
    for product_id, versions in prices.versions.items():
        newest = prices.records[product_id][-1]
        ends = [version["updated_at"] for version in versions[1:]]
        for version, end in zip(versions, [*ends, None], strict=True):
            rows.append(
                {
                    "product_key": key_of(version),
                    "product_id": product_id,
                    "name": newest["name"],
                    "category": newest["category"],
                    "price": version["price"],
                    "cost": version["cost"],
                    "valid_from": version["updated_at"],
                    "valid_to": end,
                    "is_current": end is None,
                }
            )
    return rows


def inventory_daily(
    latest: dict[Any, tuple[Any, Record]], prices: Prices, settings: ModelSettings
) -> list[dict[str, Any]]:
    """One row for each stock level of a day."""
    rows = []
    for _, record in latest.values():
        last_instant = settings.end_of(record["snapshot_date"]) - dt.timedelta(microseconds=1)
        available = record["on_hand"] - record["allocated"]
        rows.append(
            {
                "snapshot_date": record["snapshot_date"],
                "product_id": record["product_id"],
                "warehouse_id": record["warehouse_id"],
                "product_key": key_of(prices.version(record["product_id"], last_instant)),
                "on_hand": record["on_hand"],
                "allocated": record["allocated"],
                "available": available,
                "reorder_point": record["reorder_point"],
                "is_alert": available < record["reorder_point"],
            }
        )
    return rows
