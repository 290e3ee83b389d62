"""The assets of the reports: a picture each, and a PDF of all.

`ecommerce_assets.reports` draws them.
"""

import base64
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from ecommerce_assets.assets.facts import relations
from ecommerce_assets.assets.specs import SINGLE_RUN, asset_key, key_of, pool_of
from ecommerce_assets.assets.staging import all_staged, quarantined
from ecommerce_assets.dagster_instance.private import add_partition_metadata
from ecommerce_assets.feeds.contract import FEEDS
from ecommerce_assets.partitions import days_of
from ecommerce_assets.reports import cohorts, paper
from ecommerce_assets.reports.context import Context
from ecommerce_assets.reports.registry import REPORTS, bundle, write_report
from ecommerce_assets.shop import Shop
from ecommerce_assets.warehouse.report_files import write_files
from ecommerce_assets.warehouse.reports import (
    latest_cohort,
    read_frames,
    returns_landed,
    snapshot,
)
from ecommerce_assets.warehouse.staging import last_batch_date
from ecommerce_assets.warehouse.tables import (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    FCT_ADJUSTMENTS,
    FCT_COHORT_LTV,
    FCT_INVENTORY_DAILY,
    FCT_ORDER_ITEMS,
    FCT_ORDERS,
    FCT_RETURNS,
    FCT_REVENUE_DAILY,
)

GROUP = "reports"
BUNDLE = "report"
"""The name of the PDF of all reports."""

PERIOD_DAYS = 91
"""Thirteen whole weeks, so that each weekday counts alike."""

_NOTE = (
    f"\n\nOf the {PERIOD_DAYS} days up to the day, drawn from the facts as they are now, also for a"
    " day in the past."
    "\n\nA partition is the batch that arrived on a day. A run over several days draws the last of"
    " them, whose pictures take in all their batches, unless `all_days` is set. The days before it"
    " count as materialized with it, and their `report_of` names the day that was drawn."
)


def _upstream() -> Mapping[str, Collection[dg.AssetKey]]:
    """Give the assets from which the frames are read."""
    return {
        "revenue": [asset_key(FCT_REVENUE_DAILY)],
        "sold": [
            asset_key(table)
            for table in (FCT_ORDER_ITEMS, FCT_RETURNS, FCT_ADJUSTMENTS, DIM_PRODUCT)
        ],
        "cohort_ltv": [asset_key(FCT_COHORT_LTV)],
        "purchases": [asset_key(FCT_ORDERS), asset_key(DIM_CUSTOMER)],
        "inventory": [asset_key(FCT_INVENTORY_DAILY)],
        "items": [asset_key(FCT_ORDER_ITEMS)],
        "products": [asset_key(DIM_PRODUCT)],
        "quarantine": [*map(quarantined, FEEDS), relations()],
        "landed": all_staged(),
    }


class ReportsConfig(dg.Config):
    """The run's choice of reports to draw."""

    all_days: bool = Field(False, description="Draw every day of a range, not only the last.")


def report_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of the reports."""
    return [_reports(days)]


def report_key(name: str) -> dg.AssetKey:
    """The key of a report."""
    return key_of(GROUP, name)


def _reports(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    upstream = _upstream()
    specs = [
        _spec(
            report.name,
            report.title,
            {key for frame in report.frames for key in upstream[frame]},
        )
        for report in REPORTS.values()
    ]
    pdf = _spec(BUNDLE, "All reports in one PDF", map(report_key, REPORTS))

    @dg.multi_asset(
        name="reports",
        specs=[*specs, pdf],
        can_subset=True,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        # Reports only read the warehouse; of two runs the later one's pictures have to stay.
        pool=pool_of(GROUP),
    )
    def reports(
        context: dg.AssetExecutionContext, config: ReportsConfig, shop: dg.ResourceParam[Shop]
    ) -> Iterator[dg.MaterializeResult[None]]:
        names = [n for n in (*REPORTS, BUNDLE) if report_key(n) in context.selected_asset_keys]
        batch_days = days_of(context)
        to_draw = batch_days if config.all_days else batch_days[-1:]
        not_drawn = {
            day.isoformat(): {"report_of": str(batch_days[-1])}
            for day in batch_days[: -len(to_draw)]
        }
        shown: dict[str, dict[str, Mapping[str, Any]]] = {name: dict(not_drawn) for name in names}
        for number, day in enumerate(to_draw, start=1):
            files, sentences = _draw(shop, day, names)
            folder = write_files(shop.settings.home, day, files)
            shop.progress("drawing reports", number / len(to_draw))
            for name in names:
                metadata = _metadata(name, day, folder, sentences)
                if day == batch_days[-1] and name in REPORTS:
                    # Only for the last day, since a preview takes 13 kB a report in Dagster's log.
                    metadata["preview"] = _preview(files[f"{name}.png"])
                shown[name][day.isoformat()] = metadata
        for name in names:
            add_partition_metadata(context, report_key(name), shown[name])
            # In the order of `names`: Dagster wants what an asset depends on to come before it.
            yield dg.MaterializeResult(asset_key=report_key(name))

    return reports


def _spec(name: str, description: str, deps: Iterable[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        report_key(name),
        deps=list(deps),
        description=f"{description}.{_NOTE}",
        group_name=GROUP,
        kinds={"matplotlib"},
        owners=["team:data"],
    )


def _draw(
    shop: Shop, day: dt.date, names: Collection[str]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Draw the reports of these names; give their files by name, and their sentences."""
    start = day - dt.timedelta(days=PERIOD_DAYS - 1)
    with shop.warehouse() as connection, snapshot(connection):
        first_cohort = cohorts.earliest_month(day, latest_cohort(connection, day))
        frames = read_frames(connection, start=start, end=day, first_cohort=first_cohort)
        context = Context(
            store=shop.settings.store,
            currency=shop.settings.currency,
            start=start,
            end=day,
            as_of=last_batch_date(connection),
            return_days=shop.settings.return_days,
            returns_landed=returns_landed(connection),
        )
    files: dict[str, bytes] = {}
    sentences: dict[str, str] = {}
    for name in REPORTS.keys() & names:
        pictures = write_report(REPORTS[name], frames, context)
        files |= {f"{name}.png": pictures.png, f"{name}.svg": pictures.svg}
        sentences[name] = pictures.sentence
    if BUNDLE in names:
        files[f"{BUNDLE}.pdf"] = bundle(frames, context)
    return files, sentences


def _metadata(
    name: str, day: dt.date, folder: Path, sentences: Mapping[str, str]
) -> dict[str, Any]:
    """Give a drawn report's sentence, path and preview; of customers it has only counts."""
    if name == BUNDLE:
        return {"report_of": str(day), "pdf": dg.MetadataValue.path(folder / f"{name}.pdf")}
    return {
        "report_of": str(day),
        "sentence": sentences[name],
        "png": dg.MetadataValue.path(folder / f"{name}.png"),
        "svg": dg.MetadataValue.path(folder / f"{name}.svg"),
    }


def _preview(png: bytes) -> dg.MetadataValue[Any]:
    encoded = base64.b64encode(paper.preview(png)).decode()
    return dg.MetadataValue.md(f"![preview](data:image/png;base64,{encoded})")
