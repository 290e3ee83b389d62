import pandas as pd

from ecommerce_assets.reports import what_sold
from ecommerce_tests.reports import drawn, shop_frames
from ecommerce_tests.reports.shop_frames import sold

CONTEXT = shop_frames.context()


def three_products() -> pd.DataFrame:
    return sold(
        ("P1", "Bowl", "Kitchen", 30_000, 10_000),
        ("P2", "Kite", "Toys", 50_000, 30_000),
        ("P3", "Cup", "Kitchen", 30_000, 12_000),
        (None, None, None, -10_000, 0),
    )


def test_products_and_categories_are_ranked_by_net_and_equal_ones_by_name() -> None:
    assert list(what_sold.by_product(three_products())["product_id"]) == ["P2", "P1", "P3"]
    categories = what_sold.by_category(three_products())
    assert list(categories["category"]) == ["Kitchen", "Toys"]
    assert list(categories["net_revenue"]) == [60_000, 50_000]
    assert list(categories["gross_margin"]) == [38_000, 20_000]


def test_bars_show_net_and_margin_and_the_share_of_all_net() -> None:
    products, categories = what_sold.draw(three_products(), CONTEXT).axes
    (net, margin) = products.containers
    assert [bar.get_width() for bar in net] == [500.0, 300.0, 300.0]
    assert [bar.get_width() for bar in margin] == [200.0, 200.0, 180.0]
    # Of 1,000.00: the refund without goods is part of the total.
    assert [text.get_text() for text in products.texts] == ["50.0%", "30.0%", "30.0%"]
    assert drawn.ticks(products.yaxis) == ["Kite · P2", "Bowl · P1", "Cup · P3"]
    assert drawn.ticks(categories.yaxis) == ["Kitchen", "Toys"]


def test_the_best_15_products_are_drawn() -> None:
    figure = what_sold.draw(shop_frames.year_of_frames()["sold"], CONTEXT)
    products, categories = figure.axes
    assert products.get_title(loc="left") == "The 15 best of 61"
    assert len(products.containers[0]) == 15
    assert "none given" in drawn.ticks(categories.yaxis)


def test_without_any_cost_no_margin_is_drawn() -> None:
    frame = sold(("P1", "Bowl", "Kitchen", 30_000, 0))
    assert drawn.legend(what_sold.draw(frame, CONTEXT)) == ["net revenue"]


def test_the_sentence_names_the_best_product_and_category() -> None:
    assert what_sold.sentence(three_products(), CONTEXT) == (
        "3 products brought net revenue of 1,000.00 EUR; most of all Kite · P2 (500.00 EUR), and "
        "of the categories Kitchen (60.0%)."
    )
    many = sold(*((f"P{n:02}", None, None, 1_000, 500) for n in range(40)))
    assert what_sold.sentence(many, CONTEXT) == (
        "40 products brought net revenue of 400.00 EUR, the 10 best of them 25.0%; most of all P00 "
        "(10.00 EUR)."
    )


def test_more_refunds_than_sales_have_no_shares() -> None:
    frame = sold(("P1", "Bowl", "Kitchen", -30_000, 0))
    assert what_sold.sentence(frame, CONTEXT) == "1 product brought net revenue of −300.00 EUR."
    assert not what_sold.draw(frame, CONTEXT).axes[0].texts


def test_nothing_sold() -> None:
    assert what_sold.sentence(sold(), CONTEXT) == "Nothing was sold in these days."
    assert "Nothing was sold in these days" in drawn.texts(what_sold.draw(sold(), CONTEXT))


def test_a_single_product_is_named_without_its_amount_again() -> None:
    frame = sold(("P1", "Bowl", "Kitchen", 30_000, 0))
    assert what_sold.sentence(frame, CONTEXT) == (
        "1 product brought net revenue of 300.00 EUR: Bowl · P1."
    )
