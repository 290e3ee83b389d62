"""The reports as assets: which days are drawn, where the files are, what Dagster shows of them."""

import base64
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ecommerce_assets.assets.reports import report_assets, report_key
from ecommerce_assets.definitions import build_defs
from ecommerce_assets.loading import load
from ecommerce_assets.partitions import batch_days, range_tags
from ecommerce_assets.reports.registry import REPORTS
from ecommerce_assets.warehouse.report_files import ReportFilesError
from ecommerce_tests import postgres
from ecommerce_tests.api.live import served
from ecommerce_tests.dagster_state import in_memory
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned, stock

PICTURES = {f"{name}.{extension}" for name in REPORTS for extension in ("png", "svg")}
FILES = PICTURES | {"report.pdf"}


def land_three_days(shop: SmallShop) -> None:
    """An order, its return five days later, and on the day after a batch with nothing in it."""
    shop.land("customers", "2024-03-05", customer(email="ann@example.com"))
    shop.land("products", "2024-03-05", product(name="Oak table"))
    shop.land("orders", "2024-03-05", order())
    shop.land("order_items", "2024-03-05", item())
    shop.land("inventory", "2024-03-05", stock(on_hand=15))
    shop.land("returns", "2024-03-10", returned())
    shop.land("orders", "2024-03-11")


@pytest.fixture
def shop(small_shop: SmallShop) -> SmallShop:
    """Three days of a shop, loaded, nothing drawn."""
    land_three_days(small_shop)
    small_shop.load_tables()
    return small_shop


@pytest.fixture(scope="module")
def loaded(
    migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SmallShop, dg.DagsterInstance]]:
    """The same days, loaded with the reports; for tests that change nothing."""
    with (
        postgres.database(migrated_template) as url,
        in_memory() as instance,
    ):
        shop = SmallShop(tmp_path_factory.mktemp("shop") / "landing", url)
        land_three_days(shop)
        assert not load(shop.shop, instance, draw_reports=True).failures
        yield shop, instance


def draw(
    shop: SmallShop,
    instance: dg.DagsterInstance,
    first: str,
    last: str | None = None,
    reports: list[str] | None = None,
    **config: Any,
) -> None:
    """Materialize reports, by default all, of a day or a range of them."""
    defs = build_defs(shop.shop)
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [report_key(name) for name in reports or [*REPORTS, "report"]]
    job.execute_in_process(
        instance=instance,
        asset_selection=keys,
        tags=range_tags(dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)),
        run_config={"ops": {"reports": {"config": config}}},
    )


def files(shop: SmallShop) -> dict[str, set[str]]:
    """The names of the files by folder."""
    folders = sorted((shop.settings.home / "reports").iterdir())
    return {folder.name: {file.name for file in folder.iterdir()} for folder in folders}


def drawn(shop: SmallShop, day: str, name: str) -> str:
    return (shop.settings.home / "reports" / day / name).read_text("utf-8")


def metadata(
    instance: dg.DagsterInstance, name: str
) -> Mapping[str, Mapping[str, dg.MetadataValue[Any]]]:
    """The metadata of a report's latest materialization, by partition."""
    records = instance.fetch_materializations(report_key(name), limit=100, ascending=True).records
    return {
        str(record.partition_key): record.asset_materialization.metadata
        for record in records
        if record.asset_materialization
    }


def test_a_load_draws_the_last_of_its_days(
    loaded: tuple[SmallShop, dg.DagsterInstance],
) -> None:
    shop, _ = loaded
    assert files(shop) == {"2024-03-11": FILES}
    assert "Net revenue was 10.00 EUR in 7 days" in drawn(shop, "2024-03-11", "revenue.svg")


def test_the_days_before_count_as_materialized_and_name_the_day_that_was_drawn(
    loaded: tuple[SmallShop, dg.DagsterInstance],
) -> None:
    _, instance = loaded
    for name in [*REPORTS, "report"]:
        of_days = metadata(instance, name)
        assert len(of_days) == 7
        assert {of_day["report_of"].value for of_day in of_days.values()} == {"2024-03-11"}
    assert list(metadata(instance, "revenue")["2024-03-10"]) == ["report_of"]


def test_the_api_gives_what_a_load_drew(
    loaded: tuple[SmallShop, dg.DagsterInstance],
) -> None:
    shop, _ = loaded
    with served(shop.url, shop.settings.home) as api:
        listed = {report["name"]: report["date"] for report in api.get("/reports").json()["items"]}
        assert listed == dict.fromkeys([*REPORTS, "report"], "2024-03-11")
        assert api.get("/reports/report.pdf").content.startswith(b"%PDF-")


def test_dagster_shows_the_sentence_the_files_and_a_small_picture(
    loaded: tuple[SmallShop, dg.DagsterInstance],
) -> None:
    shop, instance = loaded
    for name in REPORTS:
        shown = metadata(instance, name)["2024-03-11"]
        assert str(shown["sentence"].value) in drawn(shop, "2024-03-11", f"{name}.svg")
        assert Path(str(shown["png"].value)).is_file()
        assert Path(str(shown["svg"].value)).is_file()
        picture = re.fullmatch(
            r"!\[preview\]\(data:image/png;base64,(.+)\)", str(shown["preview"].value)
        )
        assert picture
        png = base64.b64decode(picture[1])
        assert png.startswith(b"\x89PNG")
        assert len(png) < 20_000
    pdf = metadata(instance, "report")["2024-03-11"]["pdf"]
    assert Path(str(pdf.value)).read_bytes().startswith(b"%PDF-")


def test_no_customer_is_in_what_dagster_keeps(
    loaded: tuple[SmallShop, dg.DagsterInstance],
) -> None:
    _, instance = loaded
    kept = str([metadata(instance, name) for name in [*REPORTS, "report"]])
    assert "Oak table" in kept
    assert "C1" not in re.sub(r"base64,[^)]*", "", kept)
    assert "ann@" not in kept


def test_all_days_are_drawn_where_they_are_asked_for(
    shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    draw(shop, instance, "2024-03-09", "2024-03-10", reports=["revenue"], all_days=True)

    pictures = {"revenue.png", "revenue.svg"}
    assert files(shop) == {"2024-03-09": pictures, "2024-03-10": pictures}
    assert "Net revenue was 20.00 EUR in 5 days" in drawn(shop, "2024-03-09", "revenue.svg")
    assert "Net revenue was 10.00 EUR in 6 days" in drawn(shop, "2024-03-10", "revenue.svg")
    of_days = metadata(instance, "revenue")
    assert {day: of_day["report_of"].value for day, of_day in of_days.items()} == {
        "2024-03-09": "2024-03-09",
        "2024-03-10": "2024-03-10",
    }
    assert ["preview" in of_day for of_day in of_days.values()] == [False, True]


def test_a_day_drawn_again_shows_what_has_changed_since(
    shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    draw(shop, instance, "2024-03-05", reports=["revenue", "report"])
    assert "Net revenue was 20.00 EUR in 1 day" in drawn(shop, "2024-03-05", "revenue.svg")
    pdf = shop.settings.home / "reports" / "2024-03-05" / "report.pdf"
    before = pdf.read_bytes()

    shop.land("order_items", "2024-03-12", item("I2", quantity=1))
    shop.load()
    draw(shop, instance, "2024-03-05", reports=["revenue", "report"])

    assert "Net revenue was 30.00 EUR in 1 day" in drawn(shop, "2024-03-05", "revenue.svg")
    assert pdf.read_bytes() != before
    assert files(shop) == {"2024-03-05": {"revenue.png", "revenue.svg", "report.pdf"}}


def test_an_empty_warehouse_is_drawn_as_what_it_is(
    small_shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    draw(small_shop, instance, "2026-06-01")

    assert files(small_shop) == {"2026-06-01": FILES}
    for name in REPORTS:
        sentence = str(metadata(instance, name)["2026-06-01"]["sentence"].value)
        assert re.search(r"\b(no|No|Nothing|none|None)\b", sentence), sentence


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    shop: SmallShop, instance: dg.DagsterInstance
) -> None:
    shop.settings.home.mkdir()
    (shop.settings.home / "reports").write_text("a file where the folder should be")

    with pytest.raises(
        ReportFilesError, match=r"reports of 2024-03-11 cannot be written to .*home"
    ):
        draw(shop, instance, "2024-03-11", reports=["revenue"])


def test_every_report_is_an_asset_of_the_group_partitioned_by_batch_day(
    small_shop: SmallShop,
) -> None:
    days = batch_days(small_shop.shop)
    (assets,) = report_assets(days)

    assert assets.keys == {report_key(name) for name in [*REPORTS, "report"]}
    for spec in assets.specs:
        assert spec.group_name == "reports"
        assert spec.partitions_def == days
        assert "as they are now" in str(spec.description)
    assert assets.backfill_policy == dg.BackfillPolicy.single_run()
    assert all(spec.deps for spec in assets.specs)
