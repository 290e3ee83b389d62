"""Configured shops: their keys, their assets, and the fetch of a day before its load."""

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from ecommerce_assets.definitions import build_defs
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.settings import Settings
from ecommerce_assets.shops.sources import configured_sources, open_source
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.shops.serving import serving
from ecommerce_tests.shops.woocommerce.documents import line, order
from ecommerce_tests.shops.woocommerce.stand_in import KEY, StandIn
from ecommerce_tests.small_shop import NOW, SmallShop

YESTERDAY = str(NOW.date() - dt.timedelta(1))


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def opened(name: str, chosen: Settings) -> None:
    with open_source(name, chosen, Store("UTC", "EUR")):
        pass


def test_a_source_is_off_unless_its_url_is_set() -> None:
    assert configured_sources(settings()) == []
    assert configured_sources(settings(medusa_url="https://medusa.example")) == ["medusa"]


class TestKeys:
    URL = "https://shop.example"

    def test_a_key_may_be_in_a_file_of_its_owner(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_text("ck_1:cs_2\n")
        path.chmod(0o600)
        opened("woocommerce", settings(woocommerce_url=self.URL, woocommerce_key_file=path))

    def test_a_file_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_text("ck_1:cs_2\n")
        path.chmod(0o640)
        with pytest.raises(OperatorError, match=r"^Others can read .*; chmod 600 "):
            opened("woocommerce", settings(woocommerce_url=self.URL, woocommerce_key_file=path))

    def test_a_missing_key_or_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(OperatorError, match=r"^Set ECOMMERCE_MEDUSA_KEY, or "):
            opened("medusa", settings(medusa_url=self.URL))
        missing = settings(medusa_url=self.URL, medusa_key_file=tmp_path / "none")
        with pytest.raises(OperatorError, match="No such file"):
            opened("medusa", missing)

    def test_half_a_woocommerce_key_is_told_and_not_shown(self) -> None:
        half = settings(woocommerce_url=self.URL, woocommerce_key=SecretStr("cs_hush"))
        with pytest.raises(OperatorError, match="with a colon") as error:
            opened("woocommerce", half)
        assert "hush" not in str(error.value)


class TestAsset:
    def test_the_graph_has_a_source_its_job_and_its_schedule_once_it_is_configured(
        self, small_shop: SmallShop, tmp_path: Path
    ) -> None:
        chosen = {"woocommerce_url": "https://shop.example", "load_at": "03:30"}
        connected = SmallShop(tmp_path / "landing", small_shop.url, **chosen)
        defs = build_defs(connected.shop)
        key = dg.AssetKey(["sources", "woocommerce"])
        assert defs.resolve_asset_graph().get(key).group_name == "sources"
        fetch, load = (defs.resolve_job_def(name) for name in ("fetch", "load"))
        assert key in fetch.asset_layer.executable_asset_keys
        assert key not in load.asset_layer.executable_asset_keys
        assert defs.get_schedule_def("fetch_yesterday").cron_schedule == "45 1 * * *"

    def test_a_day_that_is_fetched_lands_and_loads(
        self, small_shop: SmallShop, tmp_path: Path
    ) -> None:
        shop = StandIn(
            orders=[
                order(
                    1,
                    "5.00",
                    line(31, "5.00"),
                    date_created_gmt=f"{YESTERDAY}T10:00:00",
                    date_modified_gmt=f"{YESTERDAY}T11:00:00",
                    date_paid_gmt=f"{YESTERDAY}T10:00:05",
                    customer_id=0,
                )
            ]
        )
        with serving(shop.app()) as url, in_memory() as instance:
            connected = SmallShop(
                tmp_path / "landing",
                small_shop.url,
                woocommerce_url=url,
                woocommerce_key=SecretStr(":".join(KEY)),
            )
            job = build_defs(connected.shop).resolve_job_def("fetch")
            done = job.execute_in_process(instance=instance, partition_key=YESTERDAY)
            assert done.success
            [materialization] = done.asset_materializations_for_node("sources__woocommerce")
            logged = "".join(record.to_json() for record in instance.all_logs(done.run_id))
        metadata = {name: value.value for name, value in materialization.metadata.items()}
        assert (metadata["records orders"], metadata["orders_agreeing"]) == (1, 1)
        assert KEY[1] not in logged
        with (connected.landing / f"orders/{YESTERDAY}.woocommerce.csv").open() as file:
            assert [row["order_id"] for row in csv.DictReader(file)] == ["1"]

        connected.load(YESTERDAY, YESTERDAY)
        assert connected.rows("select order_id, net_amount from analytics.fct_orders") == [("1", 5)]
