"""The report of net revenue and gross margin by product and by category.

Refunds without goods belong to no product (docs/reference/rules.md, Adjustments).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecommerce_assets.reports import canvas, daily, wording
from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.money import sums

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "What sold"
_PRODUCTS_DRAWN = 15
_CATEGORIES_DRAWN = 10
_BEST = 10
_NET, _MARGIN = "#A6CEE3", "#08306B"
_AMOUNTS = ["net_revenue", "gross_margin"]


def by_category(sold: pd.DataFrame) -> pd.DataFrame:
    """Sum products by category, ordered by net from the greatest, then by name.

    One row a `category` (empty: none given), with `net_revenue` and `gross_margin` in hundredths.
    Refunds without a product are left out.
    """
    products = sold[sold["product_id"].notna()]
    named = products.assign(category=products["category"].fillna(""))
    return _ranked(sums(named, "category", _AMOUNTS).reset_index(), "category")


def by_product(sold: pd.DataFrame) -> pd.DataFrame:
    """Order products by net from the greatest, then by `product_id`, without other refunds."""
    return _ranked(sold[sold["product_id"].notna()], "product_id")


def _ranked(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows.sort_values(["net_revenue", name], ascending=[False, True], ignore_index=True)


@canvas.styled
def draw(sold: pd.DataFrame, context: Context) -> "Figure":
    """Draw the net revenue and gross margin of the products and categories with the most net.

    `sold`: a row a product sold or returned in the period, with its current `name` and `category`,
    `net_revenue`, `cost` and `gross_margin`; `product_id` is null for refunds without goods.
    """
    products, categories = by_product(sold), by_category(sold)
    net = daily.total(sold["net_revenue"])
    figure = canvas.page(TITLE, context)
    best, kinds = figure.subplots(1, 2, width_ratios=[3, 2])
    # Without any known cost, all of net would be drawn as margin.
    has_costs = bool(sold["cost"].ne(0).any())
    more = len(products) > _PRODUCTS_DRAWN
    best.set_title(f"The {_PRODUCTS_DRAWN} best of {len(products):,}" if more else "By product")
    kinds.set_title("By category")
    for axes, rows, most in (
        (best, products, _PRODUCTS_DRAWN),
        (kinds, categories, _CATEGORIES_DRAWN),
    ):
        axes.grid(visible=False)
        axes.grid(visible=True, axis="x")
        axes.set_xlabel(context.currency)
        if rows.empty:
            axes.set(xticks=[], yticks=[])
            canvas.explain_empty(axes, "Nothing was sold in these days")
            continue
        names = _names(rows) if axes is best else _categories(rows)
        _bars(axes, rows.head(most), net, has_costs=has_costs)
        canvas.place_axis(axes, [canvas.drawable(name) for name in names[:most]])
        axes.xaxis.set_major_formatter(lambda value, _: canvas.short_number(value))
    if len(products):
        canvas.legend(figure, *best.get_legend_handles_labels())
    return figure


def _bars(axes: "Axes", rows: pd.DataFrame, net: int, *, has_costs: bool) -> None:
    places = np.arange(len(rows))
    values = rows["net_revenue"].astype("float64") / 100
    axes.barh(places, values, height=0.7, color=_NET, label="net revenue")
    if has_costs:
        margins = rows["gross_margin"].astype("float64") / 100
        axes.barh(places, margins, height=0.28, color=_MARGIN, label="gross margin")
    for place, value, cents in zip(places, values, rows["net_revenue"], strict=True):
        if net > 0:
            axes.annotate(
                wording.share(int(cents), net),
                # Left of a bar below 0 the names are.
                (max(value, 0.0), place),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=canvas.INK,
            )
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.15 * (high - low or 1.0)
    axes.set_xlim(low - (room if low < 0 else 0), high + room)


def _names(products: pd.DataFrame) -> list[str]:
    pairs = zip(products["product_id"], products["name"], strict=True)
    return [
        wording.shortened(key, 30)
        if pd.isna(name)
        else f"{wording.shortened(name, 26)} · {wording.shortened(key, 14)}"
        for key, name in pairs
    ]


def _categories(categories: pd.DataFrame) -> list[str]:
    return [wording.shortened(name, 20) or "none given" for name in categories["category"]]


def sentence(sold: pd.DataFrame, context: Context) -> str:
    """State the net revenue of the products and of the category with the most.

    `sold`: as for `draw`.
    """
    products, categories = by_product(sold), by_category(sold)
    net = daily.total(sold["net_revenue"])
    if products.empty:
        return "Nothing was sold in these days."
    money = wording.money(net, context.currency)
    best = products.iloc[0]
    text = f"{wording.count(len(products), 'product')} brought net revenue of {money}"
    if net <= 0:
        return f"{text}."
    if len(products) == 1:
        return f"{text}: {_names(products)[0]}."
    if len(products) > _BEST:
        brought = daily.total(products.head(_BEST)["net_revenue"])
        text += f", the {_BEST} best of them {wording.share(brought, net)}"
    text += (
        f"; most of all {_names(products.head(1))[0]} "
        f"({wording.money(int(best['net_revenue']), context.currency)})"
    )
    if len(categories) > 1:
        first = categories.iloc[0]
        text += (
            f", and of the categories {_categories(categories.head(1))[0]} "
            f"({wording.share(int(first['net_revenue']), net)})"
        )
    return f"{text}."
