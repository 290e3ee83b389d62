"""The breakdown and its totals equal sums of the golden zones' tables, value by value."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ecommerce_tests.api.golden import Golden, Row, ratio
from ecommerce_tests.api.live import items
from ecommerce_tests.api.test_errors import problem

MONEY = ("gross_revenue", "discounts", "refunds", "net_revenue", "cost", "gross_margin")
DIMENSIONS = ("product", "category", "country", "channel", "discount_code", "customer")
PERIODS = [
    ("plain", "2024-02-29", "2024-03-29"),
    ("plain", "2024-01-01", "2024-02-10"),
    ("ledger", "2025-03-01", "2025-05-31"),
    ("ledger", "2025-03-04", "2025-05-20"),
    ("ledger", "2025-04-05", "2025-04-12"),
]


@pytest.fixture(params=PERIODS, ids=lambda period: "-".join(period))
def asked(request: pytest.FixtureRequest) -> tuple[Golden, httpx.Client, dict[str, str]]:
    zone, start, end = request.param
    return Golden(zone), request.getfixturevalue(f"{zone}_api"), {"start": start, "end": end}


@pytest.mark.parametrize("basis", ["return_date", "order_date"])
@pytest.mark.parametrize("by", DIMENSIONS)
def test_each_value_is_told_by_the_facts(
    asked: tuple[Golden, httpx.Client, dict[str, str]], by: str, basis: str
) -> None:
    golden, api, period = asked

    answer = api.get(
        "/metrics/breakdown", params={"by": by, "refunds": basis, "limit": 1000, **period}
    ).json()

    summary = api.get("/metrics/summary", params={"refunds": basis, **period}).json()["current"]
    assert answer["totals"] == {name: summary[name] for name in answer["totals"]}
    for name in ("units", *MONEY):
        summed = sum(Decimal(item[name]) for item in answer["items"])
        assert summed == Decimal(answer["totals"][name])
    wanted = worked_out(golden, by, basis, **period)
    assert answer["total"] == len(answer["items"]) == len(wanted)
    for item, row in zip(answer["items"], wanted, strict=True):
        net = Decimal(answer["totals"]["net_revenue"])
        assert item == {**row, "share": ratio(Decimal(row["net_revenue"]), net, 4)}


def worked_out(golden: Golden, by: str, basis: str, start: str, end: str) -> list[dict[str, Any]]:
    """Work the items out of the expected facts, greatest net first, then by value."""
    orders = golden.orders()
    first = {row["customer_id"]: row["first_order_date"] for row in golden.rows("dim_customer")}
    products = {row["product_id"]: row for row in golden.rows("dim_product")}

    def value(row: Row) -> str:
        order, product_id = orders[row["order_id"]], row.get("product_id", "")
        if by == "product":
            return product_id
        if by == "category":
            return products[product_id]["category"] if product_id in products else ""
        if by != "customer":
            return order[by]
        if not order["customer_id"]:
            return "guest"
        return "new" if first[order["customer_id"]] == order["order_date"] else "repeat"

    def is_within(row: Row, date: str) -> bool:
        order_date = orders[row["order_id"]]["order_date"]
        return start <= (order_date if basis == "order_date" else row[date]) <= end

    found: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"orders": set(), "units": 0, **dict.fromkeys(MONEY, Decimal("0.00"))}
    )
    for row in golden.sold():
        if start <= row["sale_date"] <= end:
            of_value = found[value(row)]
            of_value["units"] += int(row["quantity"])
            of_value["gross_revenue"] += Decimal(row["gross_amount"])
            of_value["discounts"] += Decimal(row["discount_amount"])
            of_value["discounts"] += Decimal(row["order_discount_amount"])
            of_value["cost"] += Decimal(row["cost_amount"] or 0)
        if start <= orders[row["order_id"]]["order_date"] <= end:
            found[value(row)]["orders"].add(row["order_id"])
    for row in golden.came_back():
        if is_within(row, "return_date"):
            found[value(row)]["refunds"] += Decimal(row["refund_amount"])
        if start <= row["return_date"] <= end:
            found[value(row)]["cost"] -= Decimal(row["cost_amount"] or 0)
    for row in golden.refunds():
        if is_within(row, "adjustment_date"):
            found[value(row)]["refunds"] += Decimal(row["amount"])
    for of_value in found.values():
        of_value["orders"] = len(of_value["orders"])
        sold = of_value["gross_revenue"] - of_value["discounts"]
        of_value["net_revenue"] = sold - of_value["refunds"]
        of_value["gross_margin"] = of_value["net_revenue"] - of_value["cost"]
    return [
        {
            **of_value,
            **{name: str(of_value[name]) for name in MONEY},
            "value": name or None,
            "name": products[name]["name"] if by == "product" and name in products else None,
        }
        for name, of_value in sorted(
            found.items(), key=lambda each: (-each[1]["net_revenue"], not each[0], each[0])
        )
        if any(of_value[figure] for figure in ("orders", "units", *MONEY))
    ]


def test_pages_have_all_values_once(ledger_api: httpx.Client) -> None:
    period = {"by": "product", "start": "2025-03-01", "end": "2025-05-31"}
    whole = ledger_api.get("/metrics/breakdown", params={**period, "limit": 1000}).json()

    assert items(ledger_api, "/metrics/breakdown", **period, limit=7) == whole["items"]
    beyond = ledger_api.get("/metrics/breakdown", params={**period, "offset": 5000}).json()
    assert beyond["items"] == []
    assert beyond["total"] == whole["total"]
    assert beyond["totals"] == whole["totals"]


def test_a_period_without_sales_has_no_values(ledger_api: httpx.Client) -> None:
    period = {"by": "country", "start": "2020-01-01", "end": "2020-01-31"}

    answer = ledger_api.get("/metrics/breakdown", params=period).json()

    assert answer["items"] == []
    assert answer["total"] == 0
    assert answer["totals"]["net_revenue"] == "0.00"


def test_it_must_be_said_by_what(plain_api: httpx.Client) -> None:
    told = problem(plain_api.get("/metrics/breakdown"), 422)
    assert told["errors"][0]["parameter"] == "by"
    told = problem(plain_api.get("/metrics/breakdown?by=weather"), 422)
    assert told["errors"][0]["message"].startswith("is not one of 'product', 'category',")


@pytest.mark.parametrize("basis", ["return_date", "order_date"])
def test_the_days_of_a_value_add_up_to_its_row(ledger_api: httpx.Client, basis: str) -> None:
    period = {"start": "2025-03-01", "end": "2025-05-31", "refunds": basis}
    for by in DIMENSIONS:
        rows = ledger_api.get("/metrics/breakdown", params={"by": by, **period}).json()["items"]
        for row in rows[:4] + [row for row in rows if row["value"] is None]:
            value = {} if row["value"] is None else {"value": row["value"]}

            answer = ledger_api.get(
                "/metrics/breakdown/daily", params={"by": by, **period, **value}
            ).json()

            assert (answer["by"], answer["value"]) == (by, row["value"])
            assert answer["name"] == row["name"]
            for name in ("orders", "units", *MONEY):
                summed = sum(Decimal(day[name]) for day in answer["items"])
                assert summed == Decimal(row[name]), (by, row["value"], name)
            dates = [day["date"] for day in answer["items"]]
            assert dates == sorted(set(dates))
            assert all(period["start"] <= date <= period["end"] for date in dates)


def test_a_value_that_nothing_sold_of_has_no_days(ledger_api: httpx.Client) -> None:
    asked = {"by": "category", "value": "Weather", "start": "2025-03-01", "end": "2025-05-31"}

    assert ledger_api.get("/metrics/breakdown/daily", params=asked).json()["items"] == []
