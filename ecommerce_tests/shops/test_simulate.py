"""A synthetic shop: what it writes, seen as files and through the contracts and rules they meet."""

import datetime as dt
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import FEEDS, Store
from ecommerce_assets.feeds.landing import LandingZone
from ecommerce_assets.feeds.privacy import Hasher
from ecommerce_assets.feeds.reading import read_records
from ecommerce_assets.feeds.split import LandedRecords, split
from ecommerce_assets.rules.orders import Cluster, build_cluster
from ecommerce_assets.rules.products import price_history
from ecommerce_assets.rules.versions import latest
from ecommerce_assets.shops.landing_files import LandingWriteError
from ecommerce_assets.shops.simulate import Simulation, SimulationError, simulate
from ecommerce_assets.shops.synthetic.catalogue import LARGEST_RANGE, Catalogue
from ecommerce_assets.shops.synthetic.random_numbers import RandomNumbers

RELATION_RULES = {
    *("discount_exceeds_gross", "orphan"),
    *("unpaid_return", "return_before_order", "return_exceeds_line"),
}
ROW_RULES = {
    *("malformed", "required", "type", "precision", "range"),
    *("enum", "order_flow", "future", "currency"),
}


def run(out: Path, **changes) -> Simulation:
    shop = {
        "start": dt.date(2024, 2, 1),
        "days": 20,
        "orders_per_day": 15,
        "seed": 1,
        "currency": "EUR",
    }
    return simulate(out, **{**shop, **changes})


def digests(out: Path) -> dict[str, str]:
    return {
        str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in out.rglob("*")
        if file.is_file()
    }


@dataclass(frozen=True)
class Seen:
    """A landing zone as the contracts and the rules see it."""

    staged: dict[str, pd.DataFrame]
    quarantined: pd.DataFrame
    cluster: Cluster


def see(out: Path) -> Seen:
    zone = LandingZone(str(out))
    listing = zone.listing()
    assert not any(listing.ignored.values())
    splits = {
        name: split(
            feed,
            Store("UTC", "EUR"),
            Hasher(None),
            [
                LandedRecords(
                    pd.Timestamp(day), file.name, read_records(file.name, zone.read(file), feed)
                )
                for (of, day), files in sorted(listing.batches.items())
                if of == name
                for file in files
            ],
        )
        for name, feed in FEEDS.items()
    }
    staged = {name: made.staged for name, made in splits.items()}
    of_orders = ("orders", "order_items", "returns", "adjustments")
    ids = pd.concat([staged[name]["order_id"] for name in of_orders])
    cluster = build_cluster(
        ids.drop_duplicates(),
        staged["orders"],
        staged["order_items"],
        staged["returns"],
        staged["adjustments"],
        price_history(staged["products"]),
        timezone="UTC",
        return_days=30,
    )
    return Seen(staged, pd.concat([made.quarantined for made in splits.values()]), cluster)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Seen:
    """Four months of a shop, none of it broken."""
    out = tmp_path_factory.mktemp("clean")
    run(out, days=130, orders_per_day=40, start=dt.date(2023, 10, 1))
    return see(out)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory) -> tuple[Seen, Simulation, Path]:
    """A month of a shop with a tenth of its records broken."""
    out = tmp_path_factory.mktemp("dirty")
    simulation = run(out, days=40, orders_per_day=40, dirty=0.1)
    return see(out), simulation, out


class TestFiles:
    def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(self, tmp_path):
        for name, seed in (("one", 1), ("same", 1), ("other", 2)):
            run(tmp_path / name, seed=seed, dirty=0.05)

        assert digests(tmp_path / "one") == digests(tmp_path / "same")
        assert digests(tmp_path / "one") != digests(tmp_path / "other")

    def test_the_bytes_are_those_of_every_other_machine(self, tmp_path):
        """If this fails after a change of the shop, take the new digest; otherwise look for why."""
        run(tmp_path, dirty=0.05)

        together = hashlib.sha256(json.dumps(digests(tmp_path), sort_keys=True).encode())
        assert together.hexdigest()[:16] == "8c8936cf0835eaa9"

    def test_the_files_are_those_of_the_days_and_nothing_else_is_left(self, tmp_path):
        run(tmp_path)

        days = {f"{dt.date(2024, 2, 1) + dt.timedelta(days=day)}.csv" for day in range(20)}
        for feed in ("orders", "order_items", "customers", "inventory"):
            assert {file.name for file in (tmp_path / feed).iterdir()} == days
        assert {folder.name for folder in tmp_path.iterdir()} == set(FEEDS)
        names = {file.name for file in tmp_path.rglob("*") if file.is_file()}
        assert names == days

    def test_broken_records_come_on_top_of_the_good_ones(self, tmp_path):
        run(tmp_path / "clean")
        run(tmp_path / "dirty", dirty=0.3)

        for clean in (tmp_path / "clean").rglob("*.csv"):
            broken = tmp_path / "dirty" / clean.relative_to(tmp_path / "clean")
            assert broken.read_bytes().startswith(clean.read_bytes())

    def test_a_folder_with_landing_files_is_refused(self, tmp_path):
        run(tmp_path, days=1)
        before = digests(tmp_path)

        with pytest.raises(LandingWriteError, match="is there already"):
            run(tmp_path, days=2)
        assert digests(tmp_path) == before

    def test_a_path_that_is_no_folder_is_refused(self, tmp_path):
        (tmp_path / "file").write_text("")

        with pytest.raises(LandingWriteError, match="File exists"):
            run(tmp_path / "file")

    def test_a_file_that_cannot_be_written_is_named(self, tmp_path):
        (tmp_path / "customers").write_text("in the way")

        with pytest.raises(LandingWriteError, match=r"customers/2024-02-01\.csv cannot be written"):
            run(tmp_path)

    @pytest.mark.parametrize(
        "changes",
        [
            {"days": 0},
            {"orders_per_day": 0},
            {"seed": -1},
            {"dirty": 0.51},
            {"dirty": -0.1},
            {"start": dt.date(1989, 1, 1)},
        ],
    )
    def test_arguments_out_of_range_are_refused(self, tmp_path, changes):
        with pytest.raises(SimulationError) as refused:
            run(tmp_path / "out", **changes)
        assert isinstance(refused.value, OperatorError)
        assert not (tmp_path / "out").exists()

    def test_progress_counts_the_days(self, tmp_path):
        seen = []
        run(tmp_path, days=3, progress=lambda done, of: seen.append((done, of)))
        assert seen == [(1, 3), (2, 3), (3, 3)]

    def test_one_order_on_one_day_is_a_shop_too(self, tmp_path):
        run(tmp_path, days=1, orders_per_day=1)
        assert len(see(tmp_path).cluster.orders) == 1


class TestCleanShop:
    def test_nothing_is_quarantined(self, clean):
        assert clean.quarantined.empty
        assert clean.cluster.broken.empty

    def test_every_order_asked_for_is_there(self, clean):
        assert len(clean.cluster.orders) == 130 * 40
        assert clean.cluster.orders["order_id"].isin(clean.cluster.order_items["order_id"]).all()

    def test_orders_arrive_as_versions_over_days(self, clean):
        orders = clean.staged["orders"].sort_values("ingested_at")
        flows = orders.groupby("order_id")["status"].agg(" ".join)
        assert {
            "paid fulfilled delivered",
            "created paid fulfilled delivered",
            "created cancelled",
            "paid fulfilled delivered returned",
        } <= set(flows)
        assert orders.groupby("order_id")["batch_date"].nunique().max() >= 4

    def test_december_outsells_february_and_weekdays_differ(self, clean):
        sold = clean.cluster.orders.groupby("order_date").size()
        by_month = sold.groupby(sold.index.strftime("%Y-%m")).mean()
        assert by_month["2023-12"] > by_month["2024-01"] * 1.3
        mondays, wednesdays = (sold[sold.index.day_of_week == day].mean() for day in (0, 2))
        assert mondays > wednesdays

    def test_campaigns_discount_lines_and_orders_on_their_days(self, clean):
        items = clean.cluster.order_items
        share = items[["discount_amount", "order_discount_amount"]].gt(0)
        by_day = share.groupby(items["order_date"]).mean()
        assert by_day.loc["2023-11-25", "discount_amount"] > 0.9
        assert by_day.loc["2023-12-06", "order_discount_amount"] > 0.25
        assert by_day.loc["2023-12-14"].max() < 0.2

    def test_some_come_back_often_most_do_not_and_some_are_guests(self, clean):
        orders = clean.cluster.orders
        bought = orders.groupby("customer_id").size()
        assert bought.max() >= 8
        assert 0.3 < bought.eq(1).mean() < 0.9
        assert 0.05 < orders["customer_id"].isna().mean() < 0.2

    def test_customers_of_campaigns_come_back_less(self, clean):
        orders = clean.cluster.orders
        orders = orders.assign(first=orders.groupby("customer_id")["order_date"].transform("min"))
        again = orders[orders["order_date"] > orders["first"]].groupby("customer_id").size()
        first = orders.drop_duplicates("customer_id").set_index("customer_id")["first"]
        later = again.reindex(first.index, fill_value=0)
        in_november = first.between("2023-11-08", "2023-11-21")
        assert later[first.between("2023-11-22", "2023-11-30")].mean() < (
            later[in_november].mean() * 0.8
        )

    def test_some_customers_move_and_addresses_are_made_up(self, tmp_path):
        run(tmp_path, days=60)
        files = sorted((tmp_path / "customers").iterdir())
        customers = pd.concat([pd.read_csv(file) for file in files])
        assert customers["customer_id"].duplicated().any()
        assert customers["email"].isna().any()
        assert customers["email"].dropna().str.fullmatch(r"[a-z.0-9]+@example\.(com|org)").all()
        assert customers.groupby("customer_id")["created_at"].nunique().eq(1).all()

    def test_prices_change(self, clean):
        versions = price_history(clean.staged["products"])
        assert versions.groupby("product_id").size().max() >= 2
        assert clean.cluster.order_items["product_key"].notna().all()

    def test_lines_cost_what_their_product_costs_when_sold(self, clean):
        items = clean.cluster.order_items
        price = price_history(clean.staged["products"]).set_index("product_key")["price"]
        assert items["unit_price"].eq(items["product_key"].map(price)).all()

    def test_products_have_names_of_their_own_and_believable_margins(self, clean):
        products = clean.staged["products"].drop_duplicates("product_id")
        assert products["name"].is_unique
        assert not products["name"].str.contains(r"Product|,").any()
        goods = products[~products["category"].isin(["Gift Cards", "Extras"])].dropna(
            subset=["cost"]
        )
        margin = 1 - goods["cost"].astype("float64") / goods["price"].astype("float64")
        assert margin.between(0.4, 0.75).all()

    def test_600_products_have_600_names(self):
        names = Catalogue(LARGEST_RANGE, RandomNumbers(1)).names()
        assert len(names) > LARGEST_RANGE
        assert len(set(names)) == len(names)

    def test_it_earns_half_of_what_it_takes(self, clean):
        sold = clean.cluster.order_items.query("kind == 'product' and is_recognised")
        sold = sold[sold["cost_amount"].notna()]
        refunds = clean.cluster.returns["refund_amount"].sum()
        net = sold["net_amount"].sum() - refunds
        cost = sold["cost_amount"].sum() - clean.cluster.returns["cost_amount"].sum()
        assert 0.4 < (net - cost) / net < 0.65

    def test_lines_are_added_days_after_their_order(self, clean):
        items = clean.cluster.order_items
        added = items[items["sale_date"] > items["order_date"]]
        assert len(added) > 5
        returned = clean.cluster.returns[["order_id", "returned_at"]].drop_duplicates()
        exchanged = added.merge(returned, on="order_id").query("sold_at == returned_at")
        assert set(exchanged["order_item_id"]) == set(added["order_item_id"])

    def test_gift_cards_wrapping_and_tips_are_no_goods(self, clean):
        items = clean.cluster.order_items
        share = items.groupby("kind").size() / len(clean.cluster.orders)
        assert 0.003 < share["gift_card"] < 0.05
        assert 0.02 < share["other"] < 0.15
        orders = clean.cluster.orders
        only_cards = orders["lines"].eq(0) & orders["other_amount"].gt(0)
        assert only_cards.any()

    def test_the_marketplace_gives_line_totals_some_a_cent_off(self, clean):
        items = latest(clean.staged["order_items"], ["order_item_id"]).query("quantity > 0")
        given = items[items["gross_amount"].notna()]
        channels = clean.cluster.orders.set_index("order_id")["channel"]
        assert set(given["order_id"].map(channels)) == {"marketplace"}
        off = given["gross_amount"] * 100 - given["quantity"] * given["unit_price"]
        assert set(off) == {-100, 0, 100}

    def test_orders_come_through_channels_into_countries_with_codes(self, clean):
        orders = clean.cluster.orders
        assert orders["channel"].nunique() == 4
        assert orders["channel"].isna().any()
        assert orders["country"].nunique() >= 8
        used = orders.groupby("discount_code")["discount_amount"].agg(["size", "min"])
        assert {"NOV10", "DEC10", "BLACKFRIDAY", "HELLO5", "THANKS5"} <= set(used.index)
        assert used["min"].gt(0).all()

    def test_money_goes_back_without_goods_and_some_is_charged_again(self, clean):
        adjustments = clean.cluster.adjustments
        signs = set(zip(adjustments["kind"], adjustments["amount"] > 0, strict=True))
        assert signs == {(kind, back) for kind in ("refund", "shipping") for back in (True, False)}
        corrected = clean.staged["adjustments"].groupby("adjustment_id")["amount"].nunique()
        assert corrected.max() == 2
        shipping = clean.cluster.orders["shipping_amount"].sum()
        refunded = adjustments.query("kind == 'shipping'")["amount"].sum()
        assert 0 < refunded < shipping * 0.1

    def test_a_few_goods_are_sold_before_their_cost_is_known(self, clean):
        goods = clean.cluster.order_items.query("kind == 'product'")
        assert 0 < goods["cost_amount"].isna().mean() < 0.1

    def test_costs_change_without_the_price(self, clean):
        versions = price_history(clean.staged["products"]).sort_values(["product_id", "valid_from"])
        previous = versions.groupby("product_id")[["price", "cost"]].shift()
        assert (
            versions["price"].eq(previous["price"]) & versions["cost"].gt(previous["cost"])
        ).any()

    def test_records_of_every_feed_arrive_late(self, clean):
        for feed, staged in clean.staged.items():
            delay = staged["batch_date"] - staged["ingested_at"].dt.tz_localize(None).dt.normalize()
            assert delay.max() > pd.Timedelta(0), feed
            assert (delay > pd.Timedelta(0)).mean() < 0.2, feed

    def test_returns_come_inside_and_outside_the_window_in_part_and_whole(self, clean):
        returns = clean.cluster.returns
        assert 0.7 < returns["is_refundable"].mean() < 0.99
        lines = clean.cluster.order_items.set_index("order_item_id").loc[returns["order_item_id"]]
        part = returns["quantity"].to_numpy() < lines["quantity"].to_numpy()
        assert part.any()
        assert not part.all()

    def test_a_whole_line_asks_for_what_was_paid_to_the_cent_below(self, clean):
        returns = clean.cluster.returns
        lines = clean.cluster.order_items.set_index("order_item_id").loc[returns["order_item_id"]]
        whole = returns["quantity"].to_numpy() == lines["quantity"].to_numpy()
        asked, paid = returns["requested_amount"].to_numpy(), lines["net_amount"].to_numpy()
        assert set((paid - asked)[whole]) <= {0, 1}

    def test_lines_are_taken_off_orders(self, clean):
        items = clean.cluster.order_items
        assert items["quantity"].eq(0).any()

    def test_stock_runs_out_and_is_filled_up_again(self, clean):
        stock = latest(
            clean.staged["inventory"], ["snapshot_date", "product_id", "warehouse_id"]
        ).sort_values("snapshot_date")
        available = stock["on_hand"] - stock["allocated"]
        assert available.eq(0).any()
        assert stock["on_hand"].ge(0).all()
        low = available < stock["reorder_point"]
        assert 0 < low.mean() < 0.4
        cells = stock.groupby(["product_id", "warehouse_id"])
        assert stock.groupby("snapshot_date").size().eq(60).all()
        assert cells["on_hand"].diff().max() > 20

    def test_the_allocated_units_are_those_of_open_orders(self, clean):
        orders, items = clean.cluster.orders, clean.cluster.order_items
        last = clean.staged["inventory"]["snapshot_date"].max()
        stock = clean.staged["inventory"]
        open_orders = orders[orders["status"].isin(["created", "paid"])]
        goods = items[items["kind"] == "product"]
        units = goods.loc[goods["order_id"].isin(open_orders["order_id"]), "quantity"].sum()
        assert stock.loc[stock["snapshot_date"] == last, "allocated"].sum() == units
        assert units > 0


class TestDirtyShop:
    def test_every_rule_is_broken(self, dirty):
        seen, _, _ = dirty
        broken = set(rules(seen.quarantined)) | set(seen.cluster.broken["rule"])
        assert broken == ROW_RULES | RELATION_RULES

    def test_every_feed_is_broken_in_each_way_it_can_be(self, dirty):
        seen, simulation, _ = dirty
        found = Counter(
            (feed, rule)
            for feed, quarantined in seen.quarantined.groupby("feed")
            for rule in rules(quarantined)
        )
        assert {key for key in simulation.broken if key[1] in ROW_RULES} <= set(found)

    def test_what_is_broken_is_what_was_said(self, dirty):
        seen, simulation, _ = dirty
        said = Counter()
        for (feed, rule), count in simulation.broken.items():
            if rule in ROW_RULES:
                said[feed] += count
        assert seen.quarantined.groupby("feed").size().to_dict() == said
        relation = {
            key: count for key, count in simulation.broken.items() if key[1] in RELATION_RULES
        }
        assert seen.cluster.broken.groupby(["feed", "rule"]).size().to_dict() == relation

    def test_the_share_is_the_one_asked_for(self, dirty):
        _, simulation, _ = dirty
        broken = sum(simulation.broken.values())
        good = sum(simulation.records.values())
        assert broken / (good + broken) == pytest.approx(0.1, abs=0.005)

    def test_facts_are_those_of_the_clean_shop(self, dirty, tmp_path):
        seen, _, _ = dirty
        run(tmp_path, days=40, orders_per_day=40)
        clean = see(tmp_path).cluster
        for facts, clean_facts, key in (
            (seen.cluster.orders, clean.orders, "order_id"),
            (seen.cluster.order_items, clean.order_items, "order_item_id"),
            (seen.cluster.returns, clean.returns, "return_id"),
            (seen.cluster.adjustments, clean.adjustments, "adjustment_id"),
        ):
            pd.testing.assert_frame_equal(
                facts.sort_values(key, ignore_index=True),
                clean_facts.sort_values(key, ignore_index=True),
            )

    @pytest.mark.parametrize("share", [0.3, 0.5])
    def test_no_batch_is_more_than_half_broken(self, tmp_path, share):
        run(tmp_path, dirty=share)
        seen = see(tmp_path)
        bad = seen.quarantined.groupby(["feed", "batch_date"]).size()
        good = (
            pd.concat([staged.assign(feed=feed) for feed, staged in seen.staged.items()])
            .groupby(["feed", "batch_date"])
            .size()
        )
        assert (bad <= good.reindex(bad.index, fill_value=0)).all()


def rules(quarantined: pd.DataFrame) -> list[str]:
    return [reason["rule"] for reasons in quarantined["reasons"] for reason in json.loads(reasons)]
