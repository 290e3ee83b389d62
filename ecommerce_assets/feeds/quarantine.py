"""Makes rows of `quarantine.records`: bad records with all their reasons, personal data hashed.

`feeds.judging` judges by the row rules, `rules.orders` by the relation rules.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.judging import Fault
from ecommerce_assets.feeds.privacy import AT, Hasher, looks_like_address, mask_addresses
from ecommerce_assets.feeds.texts import head, visible

ADDRESS = ["feed", "batch_date", "source_file", "line_number"]
COLUMNS = [*ADDRESS, "business_key", "stage", "reasons", "record"]


@dataclass(frozen=True)
class MalformedRecord:
    """A record of a batch that does not have the form of its file."""

    batch_date: pd.Timestamp
    source_file: str
    line_number: int
    text: str
    message: str


def no_quarantine() -> pd.DataFrame:
    """Make no rows, with the columns `COLUMNS`."""
    return pd.DataFrame(
        {
            **dict.fromkeys(COLUMNS, pd.Series(dtype="str")),
            "batch_date": pd.Series(dtype="datetime64[s]"),
            "line_number": pd.Series(dtype="int64"),
        }
    )


def row_quarantine(
    feed: Feed, hasher: Hasher, texts: pd.DataFrame, address: pd.DataFrame, faults: Sequence[Fault]
) -> pd.DataFrame:
    """Make a row for each record that breaks a row rule, with the columns `COLUMNS`."""
    reasons: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for fault in faults:
        values = texts[fault.column].iloc[fault.positions]
        for position, value in zip(fault.positions.tolist(), values, strict=True):
            reasons[position].append(
                _reason(fault.rule, fault.column, _kept(fault.column, value, hasher), fault.message)
            )
    positions = sorted(reasons)
    records = [_kept_record(record, hasher) for record in texts.iloc[positions].to_dict("records")]
    keys = pd.Series(
        ["|".join(record[name] or "" for name in feed.key) for record in records], dtype="str"
    )
    return _rows(
        address.iloc[positions].assign(
            feed=feed.name, business_key=keys.replace("", None).to_numpy(), stage="row"
        ),
        [reasons[position] for position in positions],
        records,
    )


def malformed_quarantine(feed: Feed, malformed: Sequence[MalformedRecord]) -> pd.DataFrame:
    """Make a row for each malformed record, its text masked, with the columns `COLUMNS`."""
    rows = pd.DataFrame(
        malformed, columns=["batch_date", "source_file", "line_number", "text", "message"]
    )
    return _rows(
        rows.assign(feed=feed.name, business_key=None, stage="row"),
        [[_reason("malformed", None, None, message)] for message in rows["message"]],
        [{"raw": visible(mask_addresses(text))} for text in rows["text"]],
    )


def relation_quarantine(
    broken: pd.DataFrame, records: pd.DataFrame, hasher: Hasher
) -> pd.DataFrame:
    """Make a row for each record that broke relation rules, with `COLUMNS` and `order_id`.

    `broken` has a row a record and rule (`rules.orders.Cluster`), `records` the JSON object that
    was staged at each address, in `record`. `order_id` is as by `kept_ids`.
    """
    reasons: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for *address, key, rule, message in broken[
        [*ADDRESS, "business_key", "rule", "message"]
    ].itertuples(index=False):
        reasons[tuple(address)].append(_reason(rule, None, _kept("", key, hasher), message))
    rows = broken.drop_duplicates(ADDRESS).merge(records, on=ADDRESS)
    rows["business_key"] = [_kept("", key, hasher) for key in rows["business_key"]]
    kept = [_kept_record(json.loads(record), hasher) for record in rows["record"]]
    addresses = rows[ADDRESS].itertuples(index=False, name=None)
    return _rows(
        rows.assign(stage="relation"), [reasons[address] for address in addresses], kept
    ).assign(order_id=kept_ids(rows["order_id"], hasher).to_numpy())


def kept_ids(ids: pd.Series, hasher: Hasher) -> pd.Series:
    """Give ids as quarantine stores them: those that look like an address are hashed."""
    suspects = ids.str.contains(AT)
    kept = ids.copy()
    kept[suspects] = [_kept("", suspect, hasher) for suspect in ids[suspects]]
    return kept


def _rows(rows: pd.DataFrame, reasons: Sequence[object], records: Sequence[object]) -> pd.DataFrame:
    columns = {
        "reasons": [json.dumps(reason, ensure_ascii=False) for reason in reasons],
        "record": [json.dumps(record, ensure_ascii=False) for record in records],
    }
    return rows.assign(**columns)[COLUMNS].astype(
        {"batch_date": "datetime64[s]", "line_number": "int64", "business_key": "str"}
    )


def _reason(rule: str, column: str | None, value: str | None, message: str) -> dict[str, Any]:
    cut = None if value is None else head(value)
    return {"rule": rule, "column": column, "value": cut, "message": message}


def _kept_record(record: Mapping[Any, object], hasher: Hasher) -> dict[str, str | None]:
    """Give a record's original values, with personal data hashed and marked as hashed."""
    return {
        ("email_sha256" if name == "email" else name): _kept(name, value, hasher)
        for name, value in record.items()
    }


def _kept(column: str, value: object, hasher: Hasher) -> str | None:
    """Give a value, hashed if it is, or looks like, an e-mail address."""
    if not isinstance(value, str):
        return None
    if column == "email" or looks_like_address(value):
        return hasher(value)
    return visible(value)
