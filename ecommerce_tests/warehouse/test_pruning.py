"""A pruned warehouse holds the facts that it held, and goes on as one that was never pruned."""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.loading import load, rebuild
from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.pruning import PruningError, prune
from ecommerce_tests import postgres
from ecommerce_tests.contents import contents
from ecommerce_tests.random_shop import DAYS, random_records
from ecommerce_tests.small_shop import (
    SmallShop,
    customer,
    item,
    order,
    product,
    returned,
)

OLD, NEXT, KEPT = "2024-03-05", "2024-03-06", "2024-03-07"


def figures(url: str) -> dict[str, list[str]]:
    """All that a warehouse holds, but for what pruning takes: staging."""
    return {name: rows for name, rows in contents(url).items() if not name.startswith("staging")}


def pruned(shop: SmallShop, before: str) -> dict[str, tuple[int, int]]:
    done = prune(shop.url, dt.date.fromisoformat(before))
    return {feed: (of.deleted, of.kept) for feed, of in done.items() if of.deleted or of.kept}


@pytest.fixture
def shop(small_shop: SmallShop) -> SmallShop:
    """An order that changed on the second day, loaded up to the third."""
    small_shop.land("customers", OLD, customer(), customer("C2"))
    small_shop.land("products", OLD, product())
    small_shop.land("orders", OLD, order(status="created"), order("O2", customer_id="C2"))
    small_shop.land("order_items", OLD, item(), item("I2", "O2"))
    small_shop.land("orders", NEXT, order(status="paid"))
    small_shop.land("customers", KEPT, customer("C2", country="FR"))
    small_shop.load_tables()
    return small_shop


def test_what_is_superseded_before_the_date_goes_and_every_figure_stays(shop: SmallShop) -> None:
    before = figures(shop.url)

    assert pruned(shop, KEPT) == {
        "customers": (0, 2),
        "products": (0, 1),
        "orders": (1, 2),
        "order_items": (0, 2),
    }

    assert figures(shop.url) == before
    assert shop.rows("select order_id, status from staging.orders order by 1") == [
        ("O1", "paid"),
        ("O2", "paid"),
    ]
    assert shop.rows("select before::text, records from ops.prunings") == [(KEPT, 1)]
    assert pruned(shop, KEPT)["orders"] == (0, 2)


def test_a_return_of_a_pruned_order_is_computed_as_ever(shop: SmallShop) -> None:
    pruned(shop, KEPT)
    shop.land("returns", KEPT, returned(returned_at="2024-03-07"))
    shop.load_tables()
    assert shop.rows("select order_id, refund_amount::int from analytics.fct_returns") == [
        ("O1", 10)
    ]
    assert shop.rows(
        "select net_amount::int, returns from analytics.fct_orders where order_id = 'O1'"
    ) == [(10, 1)]


def test_the_files_of_a_pruned_day_may_go_and_cannot_be_replaced(shop: SmallShop) -> None:
    pruned(shop, KEPT)
    before = contents(shop.url)
    (shop.landing / "orders" / f"{NEXT}.csv").unlink()
    assert not shop.load().is_changed

    shop.land("orders", NEXT, order(status="cancelled"))
    shop.land("returns", OLD, returned(returned_at=OLD))

    refused = {(r.feed, str(r.batch_date)): r.sentence for r in shop.load().refusals}
    assert refused.keys() == {("orders", NEXT), ("returns", OLD)}
    assert refused["orders", NEXT] == (
        "orders of 2024-03-06 was refused: 2024-03-06.csv: the day was pruned, so that its records"
        " cannot be replaced; land what has changed on a later day, or run `ecommerce rebuild`."
    )
    assert contents(shop.url) == before


def test_files_of_pruned_days_that_are_gone_do_not_count_as_a_loss(shop: SmallShop) -> None:
    pruned(shop, KEPT)
    for file in shop.landing.glob("*/2024-03-0[56].csv"):
        file.unlink()
    assert not shop.load().is_changed


def test_days_that_are_not_loaded_yet_cannot_be_pruned(
    shop: SmallShop, database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(PruningError, match=r"before 2024-03-08 .* the last .* is 2024-03-07"):
        pruned(shop, "2024-03-08")
    with postgres.database() as url, pytest.raises(PruningError, match="nothing is loaded"):
        pruned(
            SmallShop(tmp_path / "other", SmallShop(tmp_path / "new", url).shop.database_url), OLD
        )


def test_a_rebuild_wants_the_files_of_the_pruned_days_and_then_forgets_the_pruning(
    shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(shop.url)
    pruned(shop, KEPT)
    file = shop.landing / "orders" / f"{NEXT}.csv"
    file.rename(shop.landing / "archived.csv")
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("ECOMMERCE_HOME", str(shop.settings.home))
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", shop.url)
    with open_instance(load_settings()) as instance:
        with pytest.raises(
            PruningError,
            match=r"files of 1 feed-days before 2024-03-07, .* the first of orders of 2024-03-06",
        ):
            rebuild(shop.shop, instance)

        (shop.landing / "archived.csv").rename(file)
        assert rebuild(shop.shop, instance).failures == []
        assert contents(shop.url) == whole

        shop.land("orders", NEXT, order(status="cancelled"))
        assert load(shop.shop, instance).refusals == []


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
def test_kept_days_change_the_facts_as_if_nothing_was_pruned(
    seed: int, tmp_path: Path, migrated_template: str
) -> None:
    """Days after the date are loaded, replaced and taken back, with and without a pruning."""
    rng = random.Random(seed)
    whole_range = (DAYS[0], DAYS[-1])
    with postgres.database(migrated_template) as one, postgres.database(migrated_template) as other:
        shops = [SmallShop(tmp_path / "landing", url) for url in (one, other)]
        first_kept = rng.randint(2, len(DAYS) - 1)
        land_some(rng, shops[0], DAYS)
        for shop in shops:
            shop.materialize_tables(whole_range)
        assert any(
            of.deleted for of in prune(one, dt.date.fromisoformat(DAYS[first_kept])).values()
        )
        land_some(rng, shops[0], DAYS[first_kept:])
        for shop in shops:
            shop.materialize_tables(whole_range)
        assert figures(one) == figures(other)


def land_some(rng: random.Random, shop: SmallShop, days: list[str]) -> None:
    """Write, replace or remove the files of about half of the feed-days."""
    for feed, day in feed_days(days):
        if rng.random() < 0.2:
            (shop.landing / feed / f"{day}.csv").unlink(missing_ok=True)
        elif rng.random() < 0.6:
            shop.land(feed, day, *random_records(rng, feed, day))


def feed_days(days: list[str]) -> Iterator[tuple[str, str]]:
    for day in days:
        for feed in FEEDS:
            yield feed, day
