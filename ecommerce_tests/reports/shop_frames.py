"""Frames of a plausible shop for the tests of the reports, the same on every call."""

import datetime as dt

import numpy as np
import pandas as pd

from ecommerce_assets.reports.context import Context
from ecommerce_assets.rules.money import ratio
from ecommerce_assets.warehouse.tables import FCT_COHORT_LTV, FCT_REVENUE_DAILY, Kind, Table

OPENED = dt.date(2023, 10, 16)
END = dt.date(2025, 11, 30)

_FRAME_TYPES = {
    Kind.TEXT: "str",
    Kind.AMOUNT: "int64",
    Kind.COST: "int64",
    Kind.RATE: "Int64",
    Kind.DAY: "datetime64[s]",
    Kind.COUNT: "int64",
}
_NULLABLE = {"aov": "Int64", "return_rate": "Int64", "retention_rate": "int64"}


def context(start: dt.date = dt.date(2025, 9, 1), end: dt.date = END, **changes: object) -> Context:
    fields = {
        "store": "Corner Shop",
        "currency": "EUR",
        "start": start,
        "end": end,
        "as_of": end,
        "return_days": 30,
        "returns_landed": True,
    }
    return Context(**(fields | changes))


def framed(table: Table, rows: dict[str, object]) -> pd.DataFrame:
    """Make a frame of a table; columns that are not given are 0."""
    frame = pd.DataFrame(rows)
    return pd.DataFrame(
        {
            column: frame.get(column, pd.Series(0, index=frame.index)).astype(
                _NULLABLE.get(column, _FRAME_TYPES[kind])
            )
            for column, kind in table.columns.items()
        }
    )


def empty(table: Table) -> pd.DataFrame:
    return framed(table, {column: [] for column in table.columns})


def year_of_frames() -> dict[str, pd.DataFrame]:
    """All frames of the reports, of two years of a growing shop with seasons and some dirt."""
    return {
        "revenue": _revenue(),
        "sold": _sold(),
        "cohort_ltv": _cohort_ltv(),
        "purchases": _purchases(),
        **_stock(),
        **_quarantine(),
    }


def no_frames() -> dict[str, pd.DataFrame]:
    """All frames of the reports, without a row."""
    stock = {name: frame.iloc[:0] for name, frame in _stock().items()}
    quarantine = {name: frame.iloc[:0] for name, frame in _quarantine().items()}
    return {
        "revenue": empty(FCT_REVENUE_DAILY),
        "sold": sold().iloc[:0],
        "cohort_ltv": empty(FCT_COHORT_LTV),
        "purchases": _purchases().iloc[:0],
        **stock,
        **quarantine,
    }


def revenue_rows(
    days: pd.DatetimeIndex, orders: np.ndarray, gross: np.ndarray, **columns: object
) -> pd.DataFrame:
    """Make rows of `fct_revenue_daily` with their net, margin and order value in keeping."""
    rows = pd.DataFrame({"date": days, "orders": orders, "gross_revenue": gross, **columns})
    for column in ("discounts", "refunds", "cost"):
        if column not in rows:
            rows[column] = 0
    rows["net_revenue"] = rows["gross_revenue"] - rows["discounts"] - rows["refunds"]
    rows["gross_margin"] = rows["net_revenue"] - rows["cost"]
    rows["order_value"] = rows["gross_revenue"] - rows["discounts"]
    rows["aov"] = ratio(rows["order_value"], rows["orders"])
    return framed(FCT_REVENUE_DAILY, rows.to_dict("list"))


def _revenue() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    days = pd.date_range(OPENED, END, unit="s")
    at = np.arange(len(days))
    season = 1 + 0.25 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 340) / 365)
    weekday = np.array([1.1, 1.0, 0.95, 0.95, 1.05, 1.2, 0.75])[days.day_of_week]
    campaign = np.isin(days.strftime("%m-%d"), [f"11-{d}" for d in range(22, 30)])
    orders = rng.poisson((60 + 0.07 * at) * season * weekday * np.where(campaign, 2.1, 1))
    gross = (orders * rng.normal(6_200, 350, len(days))).astype("int64")
    discounts = (gross * np.where(campaign, 0.22, 0.04) * rng.uniform(0.7, 1.3, len(days))).astype(
        "int64"
    )
    settled = np.clip((len(days) - at) / 30, 0, 1)
    returned_orders = rng.poisson(orders * 0.07)
    new = rng.binomial(orders, 0.35)
    guests = rng.binomial(orders - new, 0.15)
    return revenue_rows(
        days,
        orders,
        gross,
        discounts=discounts,
        cost=(gross * rng.uniform(0.4, 0.46, len(days))).astype("int64"),
        uncosted_revenue=np.where(days < "2025-03-01", gross // 50, 0),
        refunds=(returned_orders * 5_100 * rng.uniform(0.6, 1.4, len(days))).astype("int64"),
        new_customers=new,
        guest_orders=guests,
        repeat_customers=orders - new - guests,
        returned_orders=returned_orders,
        return_rate=(10_000 * rng.binomial(orders, 0.07 * settled) / orders).astype("int64"),
    )


def sold(*rows: tuple[str | None, str | None, str | None, int, int]) -> pd.DataFrame:
    """One row a (product, name, category, net revenue, cost in hundredths)."""
    columns = ["product_id", "name", "category", "net_revenue", "cost"]
    frame = pd.DataFrame(list(rows), columns=columns)
    frame = frame.astype(dict.fromkeys(columns[:3], "str") | dict.fromkeys(columns[3:], "int64"))
    return frame.assign(gross_margin=frame["net_revenue"] - frame["cost"])


def _sold() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    nets = (900_000 / np.arange(1, 61) ** 0.8).astype("int64")
    categories = ["Kitchen", "Garden", "Office", "Textiles", None]
    products = [
        (f"P{n:03}", f"Sage Stoneware Bowl {n}", categories[n % 5], int(net), int(net * share))
        for n, net, share in zip(range(60), nets, rng.uniform(0.3, 0.6, 60), strict=True)
    ]
    return sold(*products, ("P999", "Late Kite", "Toys", -9_000, -4_000), (None, None, None, -5, 0))


def _cohort_ltv() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    days = pd.date_range(OPENED, END, unit="s")
    customers = rng.poisson(25 + 0.02 * np.arange(len(days)))
    loyalty = 1 + 0.2 * np.sin(np.arange(len(days)) / 60)
    rows = []
    for horizon, rate, value in ((7, 0.05, 5_400), (30, 0.13, 6_100), (90, 0.26, 7_600)):
        seen = np.clip((len(days) - 1 - np.arange(len(days))) / horizon, 0, 1)
        retained = rng.binomial(customers, np.clip(rate * loyalty * seen, 0, 1))
        money = (customers * value * (0.7 + 0.3 * seen) * loyalty**0.3).astype("int64")
        rows.append(
            pd.DataFrame(
                {
                    "cohort_date": days,
                    "horizon_days": horizon,
                    "customers": customers,
                    "retained_customers": retained,
                    "net_revenue": money,
                    "complete_on": days + pd.Timedelta(days=horizon),
                }
            )
        )
    return framed(FCT_COHORT_LTV, pd.concat(rows).to_dict("list"))


def _purchases() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    customers = 9_000
    first = pd.Series(pd.Timestamp(OPENED) + pd.to_timedelta(rng.integers(0, 777, customers), "D"))
    orders = pd.DataFrame({"customer_id": np.arange(customers), "first_order_date": first})
    later = orders.loc[orders.index.repeat(rng.poisson(0.9, customers))]
    gaps = pd.to_timedelta(rng.exponential(110, len(later)).astype("int64") + 1, "D")
    later = later.assign(order_date=later["first_order_date"] + gaps)
    purchases = pd.concat([orders.assign(order_date=first), later], ignore_index=True)
    purchases["customer_id"] = purchases["customer_id"].map("c{:05d}".format).astype("str")
    days = ["first_order_date", "order_date"]
    purchases[days] = purchases[days].astype("datetime64[s]")
    return purchases[purchases["order_date"] <= pd.Timestamp(END)]


def _stock() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(10)
    kinds = ["Mug", "Bowl", "Lamp", "Candle holder with glass and brass foot", "Notebook", "Bag"]
    colours = ["blue", "red", "white", "black", "green"]
    names = [f"{kind}, {colour}, no. {n}" for n in (1, 2) for kind in kinds for colour in colours]
    ids = [f"SKU-{n:04d}" for n in range(len(names))]
    count = len(ids)
    reorder_point = rng.integers(10, 120, count)
    available = (reorder_point * rng.uniform(-0.05, 2.2, count)).astype("int64")
    inventory = pd.DataFrame(
        {
            "snapshot_date": pd.Series([pd.Timestamp(END)] * count, dtype="datetime64[s]"),
            "product_id": pd.Series(ids, dtype="str"),
            "warehouse_id": pd.Series(["main"] * count, dtype="str"),
            "on_hand": available + 5,
            "allocated": 5,
            "available": available,
            "reorder_point": reorder_point,
            "is_alert": available < reorder_point,
        }
    )
    lines = 4_000
    items = pd.DataFrame(
        {
            # The last three products do not sell.
            "product_id": pd.Series(rng.choice(ids[:-3], lines), dtype="str"),
            "is_recognised": rng.random(lines) > 0.03,
            "quantity": rng.integers(1, 4, lines),
        }
    )
    products = pd.DataFrame(
        {"product_id": pd.Series(ids, dtype="str"), "name": pd.Series(names, dtype="str")}
    )
    return {"inventory": inventory, "items": items, "products": products}


def _quarantine() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(11)
    days = pd.date_range(END - dt.timedelta(days=500), END, unit="s")
    often = {
        "orphan": 4.0,
        "required": 2.5,
        "type": 2.0,
        "order_flow": 1.1,
        "currency": 0.8,
        "enum": 0.7,
        "precision": 0.5,
        "malformed": 0.4,
        "range": 0.4,
        "future": 0.2,
        "return_exceeds_line": 0.2,
        "unpaid_return": 0.15,
        "discount_exceeds_gross": 0.1,
        "return_before_order": 0.05,
    }
    counts = {rule: rng.poisson(rate, len(days)) for rule, rate in often.items()}
    counts["type"][-40] = 900
    by_rule = pd.DataFrame(counts, index=days).rename_axis("batch_date")
    quarantine = by_rule.reset_index().melt("batch_date", var_name="rule", value_name="records")
    quarantine = quarantine[quarantine["records"] > 0].reset_index(drop=True)
    quarantine["rule"] = quarantine["rule"].astype("str")
    landed = pd.DataFrame(
        {
            "batch_date": days,
            "records": rng.integers(900, 1_400, len(days)) + by_rule.sum(axis=1).to_numpy(),
            "quarantined": (by_rule.sum(axis=1) * 0.95).astype("int64").to_numpy(),
        }
    )
    return {"quarantine": quarantine, "landed": landed}
