"""The report of inventory alerts: products below their reorder point, and their days of cover.

Source: docs/reference/rules.md, Inventory.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ecommerce_assets.reports import canvas, wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.inventory import SALES_DAYS, tenths_of_days_of_cover

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Inventory alerts"
SOON_DAYS = 7
_PRODUCTS_DRAWN = 20
_FILL, _EDGE = "#7FB2D6", "#2B5C85"
_DAYS_DRAWN = 60
"""Longer bars are cut, since one slow seller would make all other bars tiny."""


def alerts_by_product(inventory: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Give one row a product with an alert, the greatest shortfall first, then by `product_id`.

    `inventory` is `fct_inventory_daily` of one snapshot date, `items` the `fct_order_items` of the
    28 days up to it. `shortfall` sums `reorder_point` − `available` over the product's warehouses
    in alert. `available` sums all its warehouses, since a sale names none. `units_sold` are of
    recognised orders, and `tenths_of_days_of_cover` follows from the two (`rules.inventory`).
    """
    short = inventory[inventory["is_alert"].astype(bool)]
    shortfall = (short["reorder_point"] - short["available"]).groupby(short["product_id"]).sum()
    products = shortfall.index
    sold = items[items["is_recognised"].astype(bool)]
    units = sold.groupby("product_id")["quantity"].sum().reindex(products, fill_value=0)
    available = inventory.groupby("product_id")["available"].sum().reindex(products)
    cover = [tenths_of_days_of_cover(*pair) for pair in zip(available, units, strict=True)]
    return (
        pd.DataFrame(
            {
                "shortfall": shortfall,
                "available": available,
                "units_sold": units,
                "tenths_of_days_of_cover": pd.array(cover, dtype="Int64"),
            }
        )
        .rename_axis("product_id")
        .reset_index()
        .sort_values(["shortfall", "product_id"], ascending=[False, True], ignore_index=True)
    )


@canvas.styled
def draw(
    inventory: pd.DataFrame, items: pd.DataFrame, products: pd.DataFrame, context: Context
) -> "Figure":
    """Draw the shortfall and the days of cover of the 20 products with the greatest shortfall.

    `inventory`: the rows of `fct_inventory_daily` of the latest snapshot date up to the period's
    end. `items`: the rows of `fct_order_items` with an order date in the 28 days up to that date.
    `products`: `product_id` and `name` of the current rows of `dim_product`.
    """
    alerts = alerts_by_product(inventory, items)
    drawn = alerts.head(_PRODUCTS_DRAWN)
    figure = canvas.page(TITLE, context, _subject(inventory, alerts))
    short, cover = figure.subplots(1, 2, sharey=True)
    short.set_title("Units short of the reorder point")
    cover.set_title(f"Days of cover at the sales of {SALES_DAYS} days")
    short.set_xlabel("units")
    cover.set_xlabel("days until nothing is available")
    for axes in (short, cover):
        axes.grid(visible=False)
        axes.grid(visible=True, axis="x")
    if drawn.empty:
        for axes in (short, cover):
            axes.set(xticks=[], yticks=[])
            canvas.explain_empty(
                axes,
                "No stock was counted" if inventory.empty else "No product is short",
            )
        return figure
    _bars(short, drawn["shortfall"].astype("float64"), [f"{n:,}" for n in drawn["shortfall"]])
    days = drawn["tenths_of_days_of_cover"].fillna(0).astype("float64") / 10
    texts = [_cover_text(tenths) for tenths in drawn["tenths_of_days_of_cover"]]
    _bars(cover, days.clip(upper=_DAYS_DRAWN), texts, hatch="///")
    names = _names(drawn["product_id"], products)
    canvas.place_axis(short, [canvas.drawable(name) for name in names])
    short.xaxis.set_major_formatter(lambda value, _: canvas.short_number(value))
    return figure


def _subject(inventory: pd.DataFrame, alerts: pd.DataFrame) -> str:
    if inventory.empty:
        return "no stock counted"
    on = wording.day(inventory["snapshot_date"].max())
    return (
        f"stock of {on} · the {_PRODUCTS_DRAWN} shortest of {len(alerts):,}"
        if len(alerts) > _PRODUCTS_DRAWN
        else f"stock of {on}"
    )


def _bars(axes: "Axes", lengths: pd.Series, texts: list[str], hatch: str = "") -> None:
    bars = axes.barh(
        np.arange(len(lengths)), lengths, height=0.7, color=_FILL, edgecolor=_EDGE, hatch=hatch
    )
    axes.bar_label(bars, texts, padding=3, fontsize=8.5, color=canvas.INK)
    axes.set_xlim(0, max(1.0, float(lengths.max())) * 1.15)


def _cover_text(tenths: Any) -> str:
    if pd.isna(tenths):
        return "none sold"
    return wording.tenths(tenths) + (" (bar cut)" if tenths > 10 * _DAYS_DRAWN else "")


def _names(product_ids: pd.Series, products: pd.DataFrame) -> list[str]:
    names = products.drop_duplicates("product_id").set_index("product_id")["name"]
    return [
        f"{wording.shortened(names[key], 26)} · {wording.shortened(key, 14)}"
        if key in names.index
        else wording.shortened(key, 30)
        for key in product_ids
    ]


def sentence(
    inventory: pd.DataFrame, items: pd.DataFrame, products: pd.DataFrame, context: Context
) -> str:
    """State how many products have alerts, the greatest shortfall, and how many last a week.

    `inventory`, `items`, `products`: as for `draw`.
    """
    if inventory.empty:
        return f"No stock was counted up to {wording.day(context.end)}."
    counted = wording.count(inventory["product_id"].nunique(), "product")
    on = wording.day(inventory["snapshot_date"].max())
    alerts = alerts_by_product(inventory, items)
    if alerts.empty:
        return f"On {on} none of {counted} was below its reorder point."
    soon = int((alerts["tenths_of_days_of_cover"] < 10 * SOON_DAYS).fillna(value=False).sum())
    most = alerts.iloc[0]
    name = _names(alerts["product_id"].head(1), products)[0]
    return (
        f"On {on} {len(alerts):,} of {counted} {'was' if len(alerts) == 1 else 'were'} below the "
        f"reorder point, by {wording.count(int(alerts['shortfall'].sum()), 'unit')} together, most "
        f"of all {name} (by {int(most['shortfall']):,}); {soon:,} will last less than {SOON_DAYS} "
        "days."
    )
