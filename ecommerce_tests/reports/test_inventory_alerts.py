import datetime as dt

import pandas as pd

from ecommerce_assets.reports import inventory_alerts
from ecommerce_tests.reports import drawn, shop_frames

CONTEXT = shop_frames.context(end=dt.date(2025, 3, 31))


def stock(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    """One row a (product, warehouse, available, reorder point)."""
    frame = pd.DataFrame(
        rows, columns=["product_id", "warehouse_id", "available", "reorder_point"]
    ).astype({"product_id": "str", "warehouse_id": "str"})
    return frame.assign(
        snapshot_date=pd.Series([pd.Timestamp("2025-03-31")] * len(frame), dtype="datetime64[s]"),
        is_alert=frame["available"] < frame["reorder_point"],
    )


def sold(*rows: tuple[str, int, bool]) -> pd.DataFrame:
    """One row a (product, quantity, recognised)."""
    columns = ["product_id", "quantity", "is_recognised"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"product_id": "str", "quantity": "int64", "is_recognised": "bool"}
    )


def named(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["product_id", "name"]).astype("str")


SHORT = stock(
    ("mug", "north", 3, 10),
    ("mug", "south", 11, 10),
    ("lamp", "north", -2, 5),
    ("lamp", "south", 1, 2),
    ("bowl", "north", 9, 9),
    ("bag", "north", 4, 12),
)
SALES = sold(("mug", 20, True), ("mug", 8, True), ("mug", 100, False), ("lamp", 5, True))
NAMES = named(("mug", "Blue mug"), ("lamp", "Lamp"), ("bowl", "Bowl"))


def test_one_row_a_product_in_alert_the_shortest_first() -> None:
    alerts = inventory_alerts.alerts_by_product(SHORT, SALES)
    rows = [tuple(row) for row in alerts.astype(object).itertuples(index=False)]
    assert rows == [
        # Two warehouses in alert: 7 and 1 short; -1 available in all.
        ("bag", 8, 4, 0, pd.NA),
        ("lamp", 8, -1, 5, 0),
        # 14 available in both warehouses, 28 sold in 28 days.
        ("mug", 7, 14, 28, 140),
    ]


def test_shortfall_and_cover_are_drawn_by_product() -> None:
    short, cover = inventory_alerts.draw(SHORT, SALES, NAMES, CONTEXT).axes
    assert [bar.get_width() for bar in short.patches] == [8, 8, 7]
    assert [bar.get_width() for bar in cover.patches] == [0, 0, 14]
    assert drawn.ticks(short.yaxis) == ["bag", "Lamp · lamp", "Blue mug · mug"]
    assert [text.get_text() for text in cover.texts] == ["none sold", "0.0", "14.0"]
    assert (short.get_xlabel(), cover.get_xlabel()) == ("units", "days until nothing is available")


def test_a_slow_seller_does_not_flatten_the_others() -> None:
    slow = stock(("mug", "main", 50, 60), ("bag", "main", 2, 60))
    sales = sold(("mug", 1, True), ("bag", 28, True))
    cover = inventory_alerts.draw(slow, sales, NAMES, CONTEXT).axes[1]
    assert [bar.get_width() for bar in cover.patches] == [2, 60]
    assert [text.get_text() for text in cover.texts] == ["2.0", "1,400.0 (bar cut)"]


def test_only_the_shortest_twenty_are_drawn_and_the_page_says_so() -> None:
    many = stock(*((f"p{n:02d}", "main", 0, n + 1) for n in range(33)))
    figure = inventory_alerts.draw(many, SALES, NAMES, CONTEXT)
    assert drawn.ticks(figure.axes[0].yaxis) == [f"p{n:02d}" for n in range(32, 12, -1)]
    assert any("the 20 shortest of 33" in text for text in drawn.texts(figure))


def test_names_are_drawn_as_they_are_on_one_line() -> None:
    names = named(("mug", "$x_1^$ <b>\nA very long name of a mug"), ("lamp", "灯 lamp"))
    figure = inventory_alerts.draw(SHORT, SALES, names, CONTEXT)
    assert drawn.ticks(figure.axes[0].yaxis) == [
        "bag",
        "… lamp · lamp",
        "$x_1^$ <b> A very long na… · mug",
    ]
    drawn.render(figure)


def test_the_sentence_names_the_shortest_and_counts_what_runs_out() -> None:
    assert inventory_alerts.sentence(SHORT, SALES, NAMES, CONTEXT) == (
        "On 31 March 2025 3 of 4 products were below the reorder point, by 23 units together, "
        "most of all bag (by 8); 1 will last less than 7 days."
    )


def test_nothing_short_and_nothing_counted() -> None:
    plenty = stock(("mug", "main", 50, 10))
    assert inventory_alerts.sentence(plenty, SALES, NAMES, CONTEXT) == (
        "On 31 March 2025 none of 1 product was below its reorder point."
    )
    assert "No product is short" in drawn.texts(
        inventory_alerts.draw(plenty, SALES, NAMES, CONTEXT)
    )
    nothing = plenty.iloc[:0]
    assert inventory_alerts.sentence(nothing, SALES, NAMES, CONTEXT) == (
        "No stock was counted up to 31 March 2025."
    )
    assert "No stock was counted" in drawn.texts(
        inventory_alerts.draw(nothing, SALES, NAMES, CONTEXT)
    )
