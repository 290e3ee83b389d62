"""The warehouse is a pure function of what lies in the landing zone, however it was loaded."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ecommerce_assets.definitions import build_defs
from ecommerce_tests import postgres
from ecommerce_tests.contents import contents
from ecommerce_tests.small_shop import (
    SmallShop,
    customer,
    item,
    load_days,
    order,
    product,
    returned,
    stock,
)

DAYS = [f"2024-03-{day:02}" for day in range(1, 7)]
FEEDS = ("customers", "products", "orders", "order_items", "returns", "inventory")


def assert_like_a_rebuild(shop: SmallShop, template: str) -> None:
    with postgres.database(template) as url:
        load_days(SmallShop(shop.landing, url, timezone=shop.settings.timezone).shop)
        rebuilt = contents(url)
    assert contents(shop.url) == rebuilt


def random_records(rng: random.Random, feed: str, day: str) -> list[dict[str, Any]]:
    """A few records of few keys, so that versions, moves and orphans are frequent."""

    def moment(earliest: int = -6) -> str:
        start = dt.datetime.fromisoformat(day) + dt.timedelta(days=rng.randint(earliest, 0))
        return f"{start + dt.timedelta(minutes=rng.randint(0, 1439)):%Y-%m-%dT%H:%M:00Z}"

    def one(prefix: str, count: int) -> str:
        return f"{prefix}{rng.randint(1, count)}"

    makers = {
        "customers": lambda: customer(one("C", 5), country=rng.choice(["DE", "FR", ""])),
        "products": lambda: product(
            one("P", 3), updated_at=moment(), price=rng.choice(["10.00", "12.50", "9.9999"])
        ),
        "orders": lambda: order(
            one("O", 8),
            customer_id=rng.choice(["", one("C", 6)]),
            status=rng.choice(["created", "paid", "delivered", "cancelled", "returned"]),
            ordered_at=moment(),
            order_discount=rng.choice(["", "0", "3.33", "15"]),
        ),
        "order_items": lambda: item(
            one("I", 14),
            one("O", 8),
            product_id=one("P", 4),
            quantity=rng.choice([0, 1, 2, 3]),
            unit_price=rng.choice(["10.00", "3.3333", "0.005"]),
        ),
        "returns": lambda: returned(
            one("R", 6),
            one("I", 14),
            one("O", 8),
            returned_at=moment(),
            quantity=rng.choice([1, 1, 3]),
            refund_amount=rng.choice(["1.00", "10.00"]),
        ),
        "inventory": lambda: stock(
            one("P", 4), snapshot_date=rng.choice(DAYS[:3]), on_hand=rng.randint(-5, 60)
        ),
    }
    records = [makers[feed]() for _ in range(rng.randint(1, 7))]
    for record in records:
        record["ingested_at"] = moment()
        if rng.random() < 0.1:
            record["ingested_at"] = "yesterday"
    return records


@pytest.mark.parametrize("seed", range(4))
def test_random_edits_and_loads_end_like_a_rebuild(
    seed: int, tmp_path: Path, database_url: str, migrated_template: str
) -> None:
    rng = random.Random(seed)
    shop = SmallShop(tmp_path, database_url, timezone=rng.choice(["UTC", "Pacific/Auckland"]))
    for day in DAYS:
        for feed in FEEDS:
            shop.land(feed, day, *random_records(rng, feed, day))
    days = DAYS[:]
    rng.shuffle(days)
    for day in days:
        shop.load(day, day)
    edited = set()
    for _ in range(8):
        day, feed = rng.choice(DAYS), rng.choice(FEEDS)
        path = shop.landing / feed / f"{day}.csv"
        match rng.choice(["replace", "shorten", "empty", "remove", "second file"]):
            case "replace":
                shop.land(feed, day, *random_records(rng, feed, day))
            case "shorten" if path.exists():
                lines = path.read_text().splitlines(keepends=True)
                path.write_text("".join(lines[: max(1, len(lines) // 2)]))
            case "second file":
                records = random_records(rng, feed, day)
                shop.land(feed, day, *records, name=f"{day}.evening.csv")
            case "remove":
                path.unlink(missing_ok=True)
            case _:
                shop.land(feed, day)
        edited.add(day)
        if rng.random() < 0.5:
            shop.load(day, day)
            edited.discard(day)
    for day in edited:
        shop.load(day, day)

    assert_like_a_rebuild(shop, migrated_template)


def test_assets_materialized_one_by_one_end_like_a_rebuild(
    small_shop: SmallShop, migrated_template: str
) -> None:
    rng = random.Random(99)
    for day in DAYS:
        for feed in FEEDS:
            small_shop.land(feed, day, *random_records(rng, feed, day))
    small_shop.load()
    small_shop.land("products", DAYS[2], product(updated_at="2024-03-01T05:00:00Z", price="77"))
    small_shop.land("orders", DAYS[3], order("O1", status="cancelled"), order("O2"))
    defs = build_defs(small_shop.shop)
    assets = defs.resolve_asset_graph().toposorted_asset_keys

    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        for key in assets:
            for day in (DAYS[2], DAYS[3]):
                selected = job.execute_in_process(
                    instance=instance,
                    partition_key=day,
                    asset_selection=_with_its_step(defs, key),
                )
                assert selected.success

    assert_like_a_rebuild(small_shop, migrated_template)


def test_an_asset_materialized_alone_recomputes_what_its_batch_touches(
    small_shop: SmallShop,
) -> None:
    small_shop.land("customers", "2024-03-05", customer())
    small_shop.land("products", "2024-03-05", product())
    small_shop.land("orders", "2024-03-05", order())
    small_shop.land("order_items", "2024-03-05", item())
    small_shop.land("returns", "2024-03-10", returned())
    small_shop.land("inventory", "2024-03-05", stock())
    small_shop.load()
    before = contents(small_shop.url)
    defs = build_defs(small_shop.shop)
    job = defs.resolve_implicit_global_asset_job_def()
    tables = [name for name in before if name.startswith("analytics.") and before[name]]

    with dg.DagsterInstance.ephemeral() as instance:
        for table in tables:
            key = dg.AssetKey(table.split("."))
            small_shop.execute(f"delete from {table}")
            for day in ("2024-03-05", "2024-03-10"):
                job.execute_in_process(
                    instance=instance,
                    partition_key=day,
                    asset_selection=_with_its_step(defs, key),
                )

    assert contents(small_shop.url) == before


def _with_its_step(defs: dg.Definitions, key: dg.AssetKey) -> list[dg.AssetKey]:
    """The asset with those that can only be materialized together with it."""
    return sorted(defs.resolve_asset_graph().get(key).execution_set_asset_keys)
