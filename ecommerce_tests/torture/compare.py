"""Tables as sets of texts, so that those of the model, a file and a warehouse can be compared."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from ecommerce_tests.torture.model import Model
from ecommerce_tests.torture.model.contract import FEEDS

_DECIMALS = {
    "price": 4,
    "cost": 4,
    "unit_price": 4,
    "retention_rate": 4,
    "return_rate": 4,
}
"""Columns with other than two decimals; `cost` of a date has two."""

ANALYTICS = {
    table: columns.split()
    for table, columns in {
        "dim_date": "date year quarter month iso_year iso_week day_of_week is_weekend",
        "dim_customer": "customer_id email_sha256 country created_at first_order_date"
        " last_order_date orders net_revenue is_inferred",
        "dim_product": "product_key product_id name category price cost valid_from valid_to"
        " is_current",
        "fct_orders": "order_id customer_id status is_recognised ordered_at order_date paid_at"
        " fulfilled_at delivered_at lines units gross_amount discount_amount refund_amount"
        " net_amount other_amount shipping_amount shipping_refund_amount tax_amount channel country"
        " discount_code",
        "fct_order_items": "order_item_id order_id product_id product_key kind order_date sold_at"
        " sale_date is_recognised quantity unit_price gross_amount discount_amount"
        " order_discount_amount net_amount cost_amount",
        "fct_returns": "return_id order_item_id order_id product_id quantity returned_at"
        " return_date days is_refundable requested_amount refund_amount cost_amount reason",
        "fct_adjustments": "adjustment_id order_id kind adjusted_at adjustment_date amount reason",
        "fct_inventory_daily": "snapshot_date product_id warehouse_id product_key on_hand allocated"
        " available reorder_point is_alert",
        "fct_revenue_daily": "date orders units gross_revenue discounts refunds"
        " refunds_by_order_date net_revenue cost gross_margin uncosted_revenue other_sales"
        " order_value aov new_customers repeat_customers guest_orders returned_orders return_rate"
        " shipping tax",
        "fct_cohort_ltv": "cohort_date horizon_days customers retained_customers retention_rate"
        " net_revenue ltv complete_on",
    }.items()
}
"""The columns that `docs/reference/tables.md` promises."""


def text(table: str, column: str, value: Any) -> str:
    """Write a value as PostgreSQL does in CSV, in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC).isoformat(sep=" ").removesuffix("+00:00")
        return f"{moment.rstrip('0') if '.' in moment else moment}+00"
    if isinstance(value, Decimal):
        decimals = 2 if table == "fct_revenue_daily" and column == "cost" else None
        return f"{value:.{decimals or _DECIMALS.get(column, 2)}f}"
    return str(value)


def as_texts(
    table: str, rows: Iterable[Mapping[str, Any]], columns: Iterable[str]
) -> list[tuple[str, ...]]:
    """Give rows as sorted tuples of texts, in the order of the columns."""
    columns = list(columns)
    return sorted(tuple(text(table, name, row[name]) for name in columns) for row in rows)


def read_expected(path: Path) -> tuple[list[str], list[tuple[str, ...]]]:
    """Read the header and the sorted rows of a golden table."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, sorted(map(tuple, rows))


def quarantine_rows(model: Model) -> list[dict[str, Any]]:
    """The quarantine with the names of its rules, as the golden zones list it."""
    return [
        {**address._asdict(), "stage": stage, "rules": ",".join(sorted(broken))}
        for address, (stage, broken) in model.quarantine.items()
    ]


def staged_rows(model: Model) -> list[dict[str, Any]]:
    """How many records of each feed and day are staged."""
    return [
        {"feed": feed, "batch_date": day, "records": count}
        for (feed, day), count in model.staged_counts.items()
    ]


def differences(url: str, model: Model) -> dict[str, dict[str, list[tuple[str, ...]]]]:
    """Compare a warehouse with the model: per table the rows that only one of them has.

    Compared are the tables of `analytics` but for dates of `dim_date` beyond those of the revenue,
    what is staged, with every column, and the quarantine with the rules that its records break.
    """
    found = {}
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        for name, wanted, columns, query in _compared(model):
            ours = Counter(as_texts(name, wanted, columns))
            theirs = Counter(_copied(connection, query))
            if name == "dim_date":
                theirs &= ours
            if ours != theirs:
                found[name] = {
                    "only in the warehouse": sorted((theirs - ours).elements()),
                    "only in the model": sorted((ours - theirs).elements()),
                }
    return found


def _compared(model: Model) -> Iterator[tuple[str, list[dict[str, Any]], list[str], str]]:
    for table, columns in ANALYTICS.items():
        key = (
            "(select product_id || '@' || (extract(epoch from valid_from) * 1000000)::bigint"
            " from analytics.dim_product p where p.product_key = t.product_key)"
        )
        selected = ", ".join(key if name == "product_key" else name for name in columns)
        yield table, model.tables[table], columns, f"select {selected} from analytics.{table} t"
    for feed, of_feed in FEEDS.items():
        columns = ["batch_date", "source_file", "line_number", *of_feed.columns]
        rows = [
            {**address._asdict(), **record}
            for address, record in model.staged.records(feed).items()
        ]
        selected = ", ".join(columns).replace("email", "email_sha256")
        yield f"staging.{feed}", rows, columns, f"select {selected} from staging.{feed}"
    yield (
        "quarantine",
        quarantine_rows(model),
        ["feed", "batch_date", "source_file", "line_number", "stage", "rules"],
        """
        select feed, batch_date, source_file, line_number, stage, (
            select string_agg(distinct r ->> 'rule', ',' order by r ->> 'rule')
            from jsonb_array_elements(reasons) r
        ) from quarantine.records
        """,
    )


def _copied(connection: psycopg.Connection, query: str) -> list[tuple[str, ...]]:
    text = io.StringIO()
    with connection.cursor().copy(f"copy ({query}) to stdout (format csv)".encode()) as copy:
        for chunk in copy:
            text.write(bytes(chunk).decode())
    text.seek(0)
    return [
        tuple({"t": "true", "f": "false"}.get(value, value) for value in row)
        for row in csv.reader(text)
    ]
