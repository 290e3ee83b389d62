"""The warehouse has imported Shopify orders as their sales agreements state, day by day."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from ecommerce_tests.shops.shopify.documents import (
    agreement,
    gid,
    graphql_line,
    graphql_order,
    money,
    sale,
)
from ecommerce_tests.shops.shopify.shop import Shop, agreed
from ecommerce_tests.small_shop import SmallShop

PLACED, EDITED, BACK = "2026-03-02T15:00:00Z", "2026-03-05T23:30:00Z", "2026-03-09T21:30:00Z"

# In Berlin the edit is of the 6th. 2nd: 2 × 10.00 − 1.00 and a gift card of 50.00; shipping 5.00.
# 6th: another line, 12.00. 9th: a unit back for 9.50, goodwill of 2.00 and the shipping.
ORDER = graphql_order(
    1,
    "86.00",
    graphql_line(31, "10.00", 2, currentQuantity=1),
    graphql_line(32, "12.00"),
    graphql_line(33, "50.00", isGiftCard=True),
    now="69.50",
    updatedAt="2026-03-10T09:00:00Z",
    agreements=[
        agreement(
            1,
            "ORDER",
            PLACED,
            sale(11, "ORDER", "PRODUCT", "19.00", 2, line=31, discount="1.0"),
            sale(12, "ORDER", "GIFT_CARD", "50.00", 1, line=33),
            sale(13, "ORDER", "SHIPPING", "5.00", 1),
        ),
        agreement(2, "ORDER_EDIT", EDITED, sale(14, "ORDER", "PRODUCT", "12.00", 1, line=32)),
        agreement(
            3,
            "REFUND",
            BACK,
            sale(15, "RETURN", "PRODUCT", "-9.50", -1, line=31),
            sale(16, "RETURN", "ADJUSTMENT", "-2.00"),
            sale(17, "RETURN", "SHIPPING", "-5.00", -1),
        ),
    ],
)


def as_it_was(day: str, agreements: int, total: str, lines: list[int]) -> dict[str, Any]:
    """The order's document after some of its agreements."""
    document = json.loads(json.dumps(ORDER))
    document["updatedAt"] = f"{day}T23:50:00Z"
    document["agreements"]["nodes"] = document["agreements"]["nodes"][:agreements]
    document["totalPriceSet"] = document["currentTotalPriceSet"] = money(total)
    wanted = {gid("LineItem", id_) for id_ in lines}
    edges = document["lineItems"]["edges"]
    document["lineItems"]["edges"] = [edge for edge in edges if edge["node"]["id"] in wanted]
    return document


def loaded(landing: Path, url: str) -> SmallShop:
    shop = SmallShop(landing, url, timezone="Europe/Berlin")
    shop.load()
    return shop


def test_the_days_of_the_agreements_are_the_days_of_the_figures(
    tmp_path: Path, database_url: str
) -> None:
    documents = Shop(tmp_path)
    assert agreed(documents.take(ORDER, timezone="Europe/Berlin"))
    shop = loaded(tmp_path / "out", database_url)
    figures = shop.rows(
        """
        select date::text, gross_revenue, discounts, refunds, net_revenue, shipping, other_sales
        from analytics.fct_revenue_daily
        where (gross_revenue, refunds, shipping, other_sales) <> (0, 0, 0, 0) order by date
        """
    )
    assert figures == [
        tuple(text if text[4:5] == "-" else Decimal(text) for text in row.split())
        for row in (
            "2026-03-02 20.00 1.00 0.00 19.00 5.00 50.00",
            "2026-03-06 12.00 0.00 0.00 12.00 0.00 0.00",
            "2026-03-09 0.00 0.00 11.50 -11.50 -5.00 0.00",
        )
    ]
    assert shop.rows("select count(*) from quarantine.records") == [(0,)]


def test_documents_that_land_day_by_day_make_the_facts_of_the_last(
    tmp_path: Path, database_url: str
) -> None:
    documents = Shop(tmp_path)
    first = as_it_was("2026-03-02", 1, "74.00", [31, 33])
    second = as_it_was("2026-03-06", 2, "86.00", [31, 32, 33])
    for name, document in (("first", first), ("second", second), ("third", ORDER)):
        assert agreed(documents.take(document, timezone="Europe/Berlin", out=name))
        shutil.copytree(tmp_path / name, tmp_path / "daily", dirs_exist_ok=True)
    tables = (
        "fct_orders",
        "fct_order_items",
        "fct_returns",
        "fct_adjustments",
        "fct_revenue_daily",
    )
    facts = {}
    for name in ("third", "daily"):
        shutil.rmtree(tmp_path / "zone", ignore_errors=True)
        shutil.copytree(tmp_path / name, tmp_path / "zone")
        shop = loaded(tmp_path / "zone", database_url)
        facts[name] = {
            table: shop.rows(f"select * from analytics.{table} order by 1, 2") for table in tables
        }
    assert facts["daily"] == facts["third"]
    assert len(facts["daily"]["fct_order_items"]) == 3
