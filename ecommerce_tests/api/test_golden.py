"""The API's answers on the golden zone `plain` agree with the zone's expected tables."""

import datetime as dt
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest

from ecommerce_tests.api.golden import Golden, expected, ratio, total
from ecommerce_tests.api.live import items

AS_OF = "2024-03-29"


def as_text(row: dict[str, Any]) -> dict[str, str]:
    """Write an answer's item as the expected tables write a row."""
    return {
        name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in row.items()
    }


def test_daily_metrics_are_the_rows_of_the_table(plain_api: httpx.Client) -> None:
    rows = expected("fct_revenue_daily")

    answer = plain_api.get("/metrics/daily", params={"start": "2024-01-01", "end": AS_OF}).json()

    answered = [as_text(item) for item in answer["items"]]
    assert [{**item, "refunds_by_return_date": item["refunds"]} for item in answered] == answered
    assert [{name: item[name] for name in rows[0]} for item in answered] == rows
    assert answer["as_of"] == AS_OF
    assert answer["currency"] == "EUR"
    assert answer["refunds_basis"] == "return_date"


def test_daily_metrics_by_order_date_take_off_the_refunds_of_the_days_orders(
    plain_api: httpx.Client,
) -> None:
    rows = expected("fct_revenue_daily")

    answer = plain_api.get(
        "/metrics/daily", params={"start": "2024-01-01", "end": AS_OF, "refunds": "order_date"}
    ).json()

    assert answer["refunds_basis"] == "order_date"
    for item, row in zip(answer["items"], rows, strict=True):
        net = Decimal(row["gross_revenue"]) - Decimal(row["discounts"])
        assert item["refunds"] == row["refunds_by_order_date"]
        assert item["refunds_by_order_date"] == row["refunds_by_order_date"]
        assert item["refunds_by_return_date"] == row["refunds"]
        assert item["net_revenue"] == str(net - Decimal(row["refunds_by_order_date"]))


@pytest.mark.parametrize(
    ("parameters", "first", "last"),
    [
        ({}, "2024-02-29", AS_OF),
        ({"end": "2024-03-10"}, "2024-02-10", "2024-03-10"),
        ({"start": "2024-03-20"}, "2024-03-20", AS_OF),
        ({"start": "2024-01-01", "end": "2024-01-16"}, "2024-01-15", "2024-01-16"),
    ],
)
def test_days_that_are_not_given_are_counted_from_the_last_batch_date(
    plain_api: httpx.Client, parameters: dict[str, str], first: str, last: str
) -> None:
    answer = plain_api.get("/metrics/daily", params=parameters).json()

    assert [answer["items"][0]["date"], answer["items"][-1]["date"]] == [first, last]
    assert answer["start"] == parameters.get("start", first)
    assert answer["end"] == last


def test_dates_outside_of_the_warehouse_give_no_rows(plain_api: httpx.Client) -> None:
    for start, end in [("0001-01-01", "0001-01-31"), ("2031-01-01", "2031-12-31")]:
        period = {"start": start, "end": end}
        assert plain_api.get("/metrics/daily", params=period).json()["items"] == []
        summary = plain_api.get("/metrics/summary", params=period).json()
        assert summary["current"]["net_revenue"] == "0.00"
        assert summary["change"]["orders"] == {"absolute": 0, "relative": None}
        assert plain_api.get("/ltv/30", params=period).json()["items"] == []


@pytest.mark.parametrize("basis", ["return_date", "order_date"])
@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("plain", "2024-02-29", AS_OF),
        ("plain", "2024-02-01", "2024-02-07"),
        ("ledger", "2025-03-30", "2025-04-28"),
        ("ledger", "2025-04-05", "2025-04-12"),
    ],
)
def test_summary_counts_the_period_anew(
    request: pytest.FixtureRequest, zone: str, start: str, end: str, basis: str
) -> None:
    api: httpx.Client = request.getfixturevalue(f"{zone}_api")
    answer = api.get(
        "/metrics/summary", params={"start": start, "end": end, "refunds": basis}
    ).json()

    days = (dt.date.fromisoformat(end) - dt.date.fromisoformat(start)).days + 1
    last_before = dt.date.fromisoformat(start) - dt.timedelta(days=1)
    before = (str(last_before - dt.timedelta(days=days - 1)), str(last_before))
    same_age = str(dt.date.fromisoformat(answer["as_of"]) - dt.timedelta(days=days))
    current = Golden(zone).period(start, end, basis)
    previous = Golden(zone).period(*before, basis)
    to_date = Golden(zone).return_rate(*before, returned_by=same_age)
    assert answer["current"] == current
    assert answer["previous"] == {**previous, "return_rate_to_date": to_date}
    for name, change in answer["change"].items():
        earlier = to_date if name == "return_rate" else previous[name]
        if current[name] is None or earlier is None:
            assert change == {"absolute": None, "relative": None}
            continue
        absolute = Decimal(current[name]) - Decimal(earlier)
        assert Decimal(change["absolute"]) == absolute
        assert type(change["absolute"]) is type(current[name])
        size = abs(Decimal(earlier))
        relative = (absolute / size).quantize(Decimal("0.0001"), ROUND_HALF_UP) if size else None
        assert change["relative"] == (None if relative is None else str(relative))


@pytest.mark.parametrize("days", [7, 30, 90])
def test_cohorts_by_day_are_the_rows_of_the_table(plain_api: httpx.Client, days: int) -> None:
    rows = [row for row in expected("fct_cohort_ltv") if row["horizon_days"] == str(days)]
    parameters = {"by": "day", "include_partial": "true"}

    ltv = items(plain_api, f"/ltv/{days}", **parameters)
    retention = items(plain_api, f"/retention/{days}", **parameters)

    same = ("customers", "retained_customers", "retention_rate", "net_revenue", "ltv")
    wanted = [
        {
            "cohort": row["cohort_date"],
            "is_complete": str(row["complete_on"] <= AS_OF).lower(),
            **{name: row[name] for name in same},
        }
        for row in rows
    ]
    assert [as_text(item) for item in ltv] == wanted
    assert [{**item, "net_revenue": "", "ltv": ""} for item in retention] == [
        {**item, "net_revenue": "", "ltv": ""} for item in ltv
    ]
    complete = items(plain_api, f"/ltv/{days}", by="day")
    assert complete == [item for item in ltv if item["is_complete"]]


def test_groups_of_cohorts_sum_their_days_then_divide(plain_api: httpx.Client) -> None:
    start, end = "2024-01-17", "2024-02-20"
    rows = [
        row
        for row in expected("fct_cohort_ltv")
        if row["horizon_days"] == "30" and start <= row["cohort_date"] <= end
    ]
    for by, first_day in (("week", monday), ("month", lambda day: day.replace(day=1))):
        groups = defaultdict(list)
        for row in rows:
            groups[str(first_day(dt.date.fromisoformat(row["cohort_date"])))].append(row)

        answered = items(plain_api, "/ltv/30", start=start, end=end, by=by, include_partial="true")

        assert [item["cohort"] for item in answered] == sorted(groups)
        for item in answered:
            group = groups[item["cohort"]]
            customers = sum(int(row["customers"]) for row in group)
            retained = sum(int(row["retained_customers"]) for row in group)
            assert item["customers"] == customers
            assert item["retention_rate"] == ratio(retained, customers, 4)
            assert item["net_revenue"] == str(total(group, "net_revenue"))
            assert item["ltv"] == ratio(total(group, "net_revenue"), customers, 2)


def monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def test_a_group_is_complete_when_its_last_day_or_the_end_asked_for_is(
    plain_api: httpx.Client,
) -> None:
    # 29 February + 30 days is 30 March, the day after the last batch date.
    whole = items(plain_api, "/ltv/30", include_partial="true")
    assert {item["cohort"]: item["is_complete"] for item in whole} == {
        "2024-01-01": True,
        "2024-02-01": False,
        "2024-03-01": False,
    }
    cut = items(plain_api, "/ltv/30", end="2024-02-28")
    assert [item["cohort"] for item in cut] == ["2024-01-01", "2024-02-01"]


def test_inventory_alerts_are_those_of_the_table_greatest_shortfall_first(
    plain_api: httpx.Client,
) -> None:
    rows = expected("fct_inventory_daily")
    for day, warehouse in ((None, None), ("2024-02-10", None), ("2024-02-10", "north")):
        date = day or max(row["snapshot_date"] for row in rows)
        wanted = [
            row
            for row in rows
            if row["snapshot_date"] == date
            and row["is_alert"] == "true"
            and (warehouse is None or row["warehouse_id"] == warehouse)
        ]
        wanted.sort(
            key=lambda row: (
                int(row["available"]) - int(row["reorder_point"]),
                row["product_id"],
                row["warehouse_id"],
            )
        )
        given = {"date": day, "warehouse": warehouse, "limit": 7}
        answered = items(
            plain_api, "/inventory/alerts", **{k: v for k, v in given.items() if v is not None}
        )
        names = ("product_id", "warehouse_id", "on_hand", "allocated", "available", "reorder_point")
        assert [tuple(str(item[name]) for name in names) for item in answered] == [
            tuple(row[name] for name in names) for row in wanted
        ]
        assert wanted


def test_quarantine_has_every_record_once_newest_batch_first(plain_api: httpx.Client) -> None:
    rows = expected("quarantine")

    answered = items(plain_api, "/quarantine", limit=300)

    def flat(item: dict[str, Any]) -> tuple[Any, ...]:
        rules = ",".join(sorted({reason["rule"] for reason in item["reasons"]}))
        address = (item["feed"], item["batch_date"], item["source_file"], item["line_number"])
        return (*address, item["stage"], rules)

    wanted = [
        (
            *(row["feed"], row["batch_date"], row["source_file"], int(row["line_number"])),
            *(row["stage"], row["rules"]),
        )
        for row in rows
    ]
    # Sorting is stable: by feed, file and line within the newest batch first.
    wanted.sort(key=lambda row: (row[0], row[2], row[3]))
    wanted.sort(key=lambda row: row[1], reverse=True)
    assert [flat(item) for item in answered] == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        {"feed": "orders"},
        {"batch_date": "2024-01-15"},
        {"rule": "range"},
        {"stage": "relation", "feed": "order_items"},
        {"rule": "orphan", "stage": "row"},
    ],
)
def test_quarantine_can_be_narrowed_down(plain_api: httpx.Client, wanted: dict[str, str]) -> None:
    rows = [
        row
        for row in expected("quarantine")
        if all(
            value in row["rules"].split(",") if name == "rule" else row[name] == value
            for name, value in wanted.items()
        )
    ]

    answer = plain_api.get("/quarantine", params={**wanted, "limit": 1000}).json()

    assert answer["total"] == len(rows) == len(answer["items"])


def test_quarantine_summary_counts_by_feed_rule_and_batch(plain_api: httpx.Client) -> None:
    rows = expected("quarantine")
    counts = Counter(
        (row["feed"], rule, row["batch_date"]) for row in rows for rule in row["rules"].split(",")
    )

    answer = plain_api.get("/quarantine/summary").json()

    assert answer["records"] == len(rows)
    assert {
        (item["feed"], item["rule"], item["batch_date"]): item["records"]
        for item in answer["items"]
    } == dict(counts)


def test_orders_of_a_date_are_those_behind_its_figures(plain_api: httpx.Client) -> None:
    rows = [row for row in expected("fct_orders") if row["order_date"] == "2024-02-02"]
    rows.sort(key=lambda row: (row["ordered_at"], row["order_id"]))

    answered = items(plain_api, "/orders", date="2024-02-02", limit=4)

    assert [item["order_id"] for item in answered] == [row["order_id"] for row in rows]
    assert [item["net_amount"] for item in answered] == [row["net_amount"] for row in rows]
    recognised = items(plain_api, "/orders", date="2024-02-02", recognised="true")
    assert recognised == [item for item in answered if item["is_recognised"]]
    assert 0 < len(recognised) < len(answered)


def test_orders_with_a_return_on_a_date_are_those_behind_its_refunds(
    plain_api: httpx.Client,
) -> None:
    rows = [row for row in expected("fct_returns") if row["return_date"] == "2024-03-20"]

    answered = items(plain_api, "/orders", return_date="2024-03-20")

    assert {item["order_id"] for item in answered} == {row["order_id"] for row in rows}
    assert rows
