"""The contract of each feed, as one Pandera schema of its parsed values (docs/reference/feeds.md).

A column's metadata holds the way its values are written; `feeds.parsing` reads it. `feeds.judging`
finds the records that break a check.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pandas as pd
import pandera.pandas as pa

from ecommerce_assets.rules.calendar import day_start
from ecommerce_assets.rules.money import line_gross

STATUSES = ("created", "paid", "fulfilled", "delivered", "returned", "cancelled")
LINE_KINDS = ("product", "gift_card", "other")
ADJUSTMENT_KINDS = ("refund", "shipping")
ORDER_FLOW = "order_flow"
"""A row rule that a shop may tolerate (`Store.tolerated`)."""

LIMIT = 10**9
"""The limit of amounts, prices and whole numbers; only whole numbers may equal it."""
LINE_GROSS_LIMIT = 10**12
"""The limit of a line's gross, whether given by the shop or computed."""
EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")
LONGEST_ID = 255


class Writing(StrEnum):
    """The way a value is written; its parsed type is the dtype of the schema."""

    MOMENT = "moment"
    DATE = "date"
    AMOUNT = "amount"
    """Two decimals; parsed to whole hundredths."""
    PRICE = "price"
    """Four decimals; parsed to whole ten-thousandths."""
    WHOLE = "whole"
    TEXT = "text"


DECIMALS = MappingProxyType({Writing.AMOUNT: 2, Writing.PRICE: 4})


@dataclass(frozen=True)
class Store:
    """The settings by which a record is judged.

    A moment without an offset is local time in `source_timezone`. A record that only breaks rules
    in `tolerated` is staged.
    """

    timezone: str
    currency: str
    source_timezone: str = "UTC"
    tolerated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Feed:
    """A feed: its name, business key, columns, and the checks of whole records.

    `columns` has each column's way of writing, whether it is required, and the checks of its value.
    `record_checks` are the checks that compare values; `title` is the column that each blames.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, pa.Column]
    record_checks: Callable[[Store], list[pa.Check]]

    @property
    def required(self) -> list[str]:
        """The columns that every file of this feed has."""
        return [name for name, column in self.columns.items() if not column.nullable]

    def writing(self, column: str) -> Writing:
        """The way the values of `column` are written."""
        metadata = self.columns[column].metadata or {}
        return Writing(metadata["writing"])

    def written(self, *writings: Writing) -> list[str]:
        """The columns that are written in one of these ways."""
        return [name for name in self.columns if self.writing(name) in writings]

    def schema(self, store: Store) -> pa.DataFrameSchema:
        """The schema of staged records with `batch_date`, for a store's currency and zone.

        Every check's `name` is its rule.
        """
        return pa.DataFrameSchema(
            {**self.columns, "batch_date": pa.Column("datetime64[s]")},
            checks=[*self.record_checks(store), *self._future(store)],
        )

    def _future(self, store: Store) -> list[pa.Check]:
        return [
            pa.Check(
                _not_after_tomorrow(name, store.timezone),
                name="future",
                title=name,
                error="is later than the day after the batch date",
            )
            for name in self.written(Writing.MOMENT, Writing.DATE)
        ]


def _not_after_tomorrow(column: str, timezone: str) -> Callable[[pd.DataFrame], pd.Series]:
    def check(records: pd.DataFrame) -> pd.Series:
        # Days are few and records many: find each day's end once.
        codes, batches = pd.factorize(records["batch_date"])
        ends = batches.to_series() + pd.Timedelta(days=2)
        if records[column].dt.tz is not None:
            ends = day_start(ends, timezone)
        end = ends.take(codes).set_axis(records.index)
        return records[column].isna() | (records[column] < end)

    return check


def _column(dtype: str, writing: Writing, required: bool, checks: list[pa.Check]) -> pa.Column:
    return pa.Column(dtype, checks, nullable=not required, metadata={"writing": writing})


def _moment(*, required: bool = False) -> pa.Column:
    early = pa.Check(lambda at: at >= EARLIEST, name="range", error="is before 1990-01-01 (UTC)")
    return _column("datetime64[us, UTC]", Writing.MOMENT, required, [early])


def _date() -> pa.Column:
    early = pa.Check(
        lambda day: day >= EARLIEST.tz_localize(None), name="range", error="is before 1990-01-01"
    )
    return _column("datetime64[s]", Writing.DATE, True, [early])


def _money(writing: Writing, *, required: bool, limit: int, signed: bool = False) -> pa.Column:
    size = limit * 10 ** DECIMALS[writing]
    power = "10⁹" if limit == LIMIT else "10¹²"
    checks = [
        pa.Check(
            lambda value: value.abs() < size, name="range", error=f"is {power} or more in size"
        )
    ]
    if not signed:
        checks.insert(0, pa.Check.ge(0, name="range", error="is below 0"))
    return _column("Int64", writing, required, checks)


def _amount(
    *,
    required: bool = False,
    default: int | None = None,
    limit: int = LIMIT,
    signed: bool = False,
) -> pa.Column:
    column = _money(Writing.AMOUNT, required=required, limit=limit, signed=signed)
    column.default = default
    return column


def _price(*, required: bool = False) -> pa.Column:
    return _money(Writing.PRICE, required=required, limit=LIMIT)


def _whole(*, at_least: int | None = None) -> pa.Column:
    checks = [
        pa.Check(lambda value: value.abs() <= LIMIT, name="range", error="is beyond 10⁹ in size")
    ]
    if at_least is not None:
        checks.append(pa.Check.ge(at_least, name="range", error=f"is below {at_least}"))
    return _column("Int64", Writing.WHOLE, True, checks)


def _text(
    *, required: bool = False, one_of: tuple[str, ...] = (), default: str | None = None
) -> pa.Column:
    checks = []
    if one_of:
        checks.append(
            pa.Check.isin(one_of, name="enum", error=f"is not one of {', '.join(one_of)}")
        )
    column = _column("str", Writing.TEXT, required, checks)
    column.default = default
    return column


def _id(*, required: bool = True, default: str | None = None) -> pa.Column:
    long = pa.Check(
        lambda text: text.str.len() <= LONGEST_ID,
        name="range",
        error=f"is longer than {LONGEST_ID} characters",
    )
    column = _column("str", Writing.TEXT, required, [long])
    column.default = default
    return column


def _no_record_checks(_: Store) -> list[pa.Check]:
    return []


def _order_checks(store: Store) -> list[pa.Check]:
    flow = ["ordered_at", "paid_at", "fulfilled_at", "delivered_at"]

    def not_before_earlier(column: str) -> Callable[[pd.DataFrame], pd.Series]:
        def check(orders: pd.DataFrame) -> pd.Series:
            earlier = orders[flow[: flow.index(column)]].max(axis=1)
            return ~(orders[column] < earlier)

        return check

    return [
        *(
            pa.Check(
                not_before_earlier(column),
                name=ORDER_FLOW,
                title=column,
                error="is before an earlier step of the order",
            )
            for column in flow[1:]
            if ORDER_FLOW not in store.tolerated
        ),
        pa.Check(
            lambda orders: orders["currency"].isna() | (orders["currency"] == store.currency),
            name="currency",
            title="currency",
            error=f"is not the store's currency {store.currency}",
        ),
    ]


def _order_item_checks(_: Store) -> list[pa.Check]:
    def gross(items: pd.DataFrame) -> pd.Series:
        """The line gross in cents; null if a value it is computed from is null or out of range."""
        given = items["gross_amount"].notna()
        fits = (
            (items["quantity"].abs() <= LIMIT)
            & (given | (items["unit_price"].abs() < LIMIT * 10**4))
        ).fillna(False)
        gross = pd.Series(pd.NA, index=items.index, dtype="Int64")
        gross[fits] = line_gross(
            items.loc[fits, "quantity"].astype("int64"),
            items.loc[fits, "unit_price"].fillna(0).astype("int64"),
            items.loc[fits, "gross_amount"],
            ceiling=LINE_GROSS_LIMIT * 100,
        )
        return gross

    return [
        pa.Check(
            lambda items: (gross(items) < LINE_GROSS_LIMIT * 100).fillna(True).astype(bool),
            name="range",
            title="quantity",
            error="makes a line gross of 10¹² or more",
        ),
        pa.Check(
            lambda items: (
                (items["discount_amount"].fillna(0) <= gross(items)).fillna(True).astype(bool)
            ),
            name="range",
            title="discount_amount",
            error="is above the line's gross",
        ),
    ]


def _feed(
    name: str,
    key: str,
    record_checks: Callable[[Store], list[pa.Check]] = _no_record_checks,
    /,
    **columns: Any,
) -> Feed:
    columns["ingested_at"] = _moment(required=True)
    return Feed(name, tuple(key.split()), MappingProxyType(columns), record_checks)


FEEDS: Mapping[str, Feed] = MappingProxyType(
    {
        feed.name: feed
        for feed in (
            _feed(
                "customers",
                "customer_id",
                customer_id=_id(),
                email=_text(),
                country=_text(),
                created_at=_moment(required=True),
            ),
            _feed(
                "products",
                "product_id updated_at",
                product_id=_id(),
                updated_at=_moment(required=True),
                name=_text(required=True),
                category=_text(),
                price=_price(required=True),
                cost=_price(),
            ),
            _feed(
                "orders",
                "order_id",
                _order_checks,
                order_id=_id(),
                customer_id=_id(required=False),
                status=_text(required=True, one_of=STATUSES),
                ordered_at=_moment(required=True),
                paid_at=_moment(),
                fulfilled_at=_moment(),
                delivered_at=_moment(),
                currency=_text(),
                order_discount=_amount(default=0),
                shipping_amount=_amount(default=0),
                tax_amount=_amount(default=0),
                channel=_text(),
                country=_text(),
                discount_code=_text(),
            ),
            _feed(
                "order_items",
                "order_item_id",
                _order_item_checks,
                order_item_id=_id(),
                order_id=_id(),
                product_id=_id(),
                kind=_text(one_of=LINE_KINDS, default="product"),
                quantity=_whole(at_least=0),
                unit_price=_price(required=True),
                gross_amount=_amount(limit=LINE_GROSS_LIMIT),
                discount_amount=_amount(default=0),
                sold_at=_moment(),
            ),
            _feed(
                "returns",
                "return_id",
                return_id=_id(),
                order_item_id=_id(),
                order_id=_id(),
                quantity=_whole(at_least=1),
                returned_at=_moment(required=True),
                refund_amount=_amount(required=True),
                reason=_text(),
            ),
            _feed(
                "adjustments",
                "adjustment_id",
                adjustment_id=_id(),
                order_id=_id(),
                adjusted_at=_moment(required=True),
                amount=_amount(required=True, signed=True),
                kind=_text(one_of=ADJUSTMENT_KINDS, default="refund"),
                reason=_text(),
            ),
            _feed(
                "inventory",
                "snapshot_date product_id warehouse_id",
                snapshot_date=_date(),
                product_id=_id(),
                warehouse_id=_id(required=False, default="main"),
                on_hand=_whole(),
                allocated=_whole(at_least=0),
                reorder_point=_whole(at_least=0),
            ),
        )
    }
)
