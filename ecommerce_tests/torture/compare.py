"""Tables as sets of texts, so that those of the model, a file and a warehouse can be compared."""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ecommerce_tests.torture.model import Model

_DECIMALS = {
    "price": 4,
    "cost": 4,
    "unit_price": 4,
    "retention_rate": 4,
    "return_rate": 4,
}
"""Columns with other than two decimals; `cost` of a date has two."""


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
