"""The checks of staged feeds: they read staging and quarantine, and judge each batch day.

Reporting to Dagster does not belong here.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import psycopg
from psycopg import sql

from ecommerce_assets.checks.thresholds import is_above
from ecommerce_assets.feeds.contract import FEEDS, LIMIT, Feed, Writing
from ecommerce_assets.rules.plausibility import WEEKS, recent_volume, usual_volume
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.frames import read
from ecommerce_assets.warehouse.tables import STAGING, Kind

FEWEST_RECORDS = 20
"""A smaller change of a day's volume is no news."""


@dataclass(frozen=True)
class FeedMeasures:
    """The measures of a feed's batch days; each frame has one row a day.

    `files` has `landed`, `staged` and `quarantined`; `profile` has what `_profile` selects.
    `landed` counts records by day, back to the earliest day that a judged day is compared with.
    `never_filled` are the optional columns without a value in any staged record: the shop does not
    export them.
    """

    feed: Feed
    files: pd.DataFrame
    profile: pd.DataFrame
    landed: pd.Series
    never_filled: frozenset[str]


@dataclass(frozen=True)
class FeedCheck:
    """A check of those feeds to which it applies.

    `judge` gives `passed` by day, with the figures that decide it.
    """

    name: str
    is_error: bool
    description: str
    judge: Callable[[FeedMeasures, Settings], pd.DataFrame]
    applies: Callable[[Feed], bool] = lambda _: True


def optional_columns(feed: Feed) -> list[str]:
    """The staged columns of a feed that may be null."""
    return [
        "email_sha256" if name == "email" else name
        for name, column in feed.columns.items()
        if column.nullable and column.default is None
    ]


def measure(connection: psycopg.Connection, feed: Feed, days: Sequence[dt.date]) -> FeedMeasures:
    """Measure batch days of a feed; the cost grows with their records, not with the warehouse."""
    index = pd.DatetimeIndex(pd.to_datetime(pd.Series(days, dtype="object"))).as_unit("s")
    profile = _profile(connection, feed, days).set_index("batch_date").reindex(index)
    return FeedMeasures(
        feed,
        _files(connection, feed, days).set_index("batch_date").reindex(index, fill_value=0),
        profile,
        _landed(connection, feed, days),
        _never_filled(connection, feed, profile),
    )


def _files(connection: psycopg.Connection, feed: Feed, days: Sequence[dt.date]) -> pd.DataFrame:
    """Count landed records from the log of staged files, and held records from the tables.

    Pruned records count in neither.
    """
    query = sql.SQL(
        """
        select batch_date, sum(landed)::bigint as landed, sum(staged)::bigint as staged,
               sum(quarantined)::bigint as quarantined
        from (
            select batch_date, records - pruned as landed, 0 as staged, 0 as quarantined
            from ops.staged_files where feed = %(feed)s and batch_date = any(%(days)s)
            union all
            select batch_date, 0, count(*), 0 from {staging}
            where batch_date = any(%(days)s) group by batch_date
            union all
            select batch_date, 0, 0, count(*) from quarantine.records
            where feed = %(feed)s and stage = 'row' and batch_date = any(%(days)s)
            group by batch_date
        ) counts
        group by batch_date
        """
    ).format(staging=_staging(feed))
    kinds = {
        "batch_date": Kind.DAY,
        **dict.fromkeys(("landed", "staged", "quarantined"), Kind.COUNT),
    }
    return _read(connection, query, kinds, feed, days)


def _profile(connection: psycopg.Connection, feed: Feed, days: Sequence[dt.date]) -> pd.DataFrame:
    """Measure nulls, extremes and out-of-range records in one scan, and duplicates in another."""
    columns = STAGING[feed.name].columns
    figures: dict[str, tuple[sql.Composable, Kind]] = {
        "records": (sql.SQL("count(*)"), Kind.COUNT),
        "out_of_range": (
            sql.SQL(f"count(*) filter (where {_OUT_OF_RANGE[feed.name]})"),
            Kind.COUNT,
        ),
    }
    if feed.name == "orders":
        figures["out_of_order"] = (
            sql.SQL(f"count(*) filter (where {_TIMES_OUT_OF_ORDER})"),
            Kind.COUNT,
        )
    for name in optional_columns(feed):
        nulls = sql.SQL("count(*) - count({})").format(sql.Identifier(name))
        figures[f"nulls_{name}"] = (nulls, Kind.COUNT)
    for name in feed.written(Writing.AMOUNT, Writing.PRICE, Writing.WHOLE):
        for extreme in ("min", "max"):
            value = sql.SQL("{}({})::text").format(sql.SQL(extreme), sql.Identifier(name))
            figures[f"{extreme}_{name}"] = (value, Kind.TEXT)
    query = sql.SQL(
        """
        select profile.*, coalesce(repeats.repeats, 0) as repeats
        from (
            select batch_date, {figures} from {staging}
            where batch_date = any(%(days)s) group by batch_date
        ) profile
        left join (
            select batch_date, sum(times - 1)::bigint as repeats from (
                select batch_date, count(*) as times from {staging}
                where batch_date = any(%(days)s) group by batch_date, {key}, ingested_at
                having count(*) > 1
            ) versions group by batch_date
        ) repeats using (batch_date)
        """
    ).format(
        figures=sql.SQL(", ").join(
            sql.SQL("{} as {}").format(value, sql.Identifier(name))
            for name, (value, _) in figures.items()
        ),
        staging=_staging(feed),
        key=sql.SQL(", ").join(sql.Identifier(name) for name in feed.key if name in columns),
    )
    kinds = {
        "batch_date": Kind.DAY,
        **{name: kind for name, (_, kind) in figures.items()},
        "repeats": Kind.COUNT,
    }
    return _read(connection, query, kinds, feed, days)


def _never_filled(
    connection: psycopg.Connection, feed: Feed, profile: pd.DataFrame
) -> frozenset[str]:
    """Find the optional columns without any value, among those that are null on a whole day."""
    empty = [
        name
        for name in optional_columns(feed)
        if (profile[f"nulls_{name}"] == profile["records"]).any()
    ]
    if not empty:
        return frozenset()
    query = sql.SQL("select {}").format(
        sql.SQL(", ").join(
            sql.SQL("not exists (select from {} where {} is not null)").format(
                _staging(feed), sql.Identifier(name)
            )
            for name in empty
        )
    )
    row = connection.execute(query).fetchone() or ()
    return frozenset(
        name for name, is_never_filled in zip(empty, row, strict=True) if is_never_filled
    )


def _landed(connection: psycopg.Connection, feed: Feed, days: Sequence[dt.date]) -> pd.Series:
    frame = read(
        connection,
        """
        select batch_date, sum(records)::bigint as records from ops.staged_files
        where feed = %s and batch_date between %s and %s group by batch_date
        """,
        {"batch_date": Kind.DAY, "records": Kind.COUNT},
        [feed.name, days[0] - dt.timedelta(weeks=WEEKS), days[-1]]
        if days
        else [feed.name, None, None],
    )
    return frame.set_index("batch_date")["records"].sort_index()


def _read(
    connection: psycopg.Connection,
    query: sql.Composed,
    kinds: Mapping[str, Kind],
    feed: Feed,
    days: Sequence[dt.date],
) -> pd.DataFrame:
    parameters = {"feed": feed.name, "days": list(days)}
    return read(connection, query.as_string(connection), kinds, parameters)


def _staging(feed: Feed) -> sql.Identifier:
    return sql.Identifier("staging", feed.name)


def _amounts(*names: str) -> str:
    return " or ".join(f"{name} < 0 or {name} >= {LIMIT}" for name in names)


# The row rules quarantine all of these, so a record found here was changed in the table.
_OUT_OF_RANGE = {
    "customers": "created_at < '1990-01-01'",
    "products": _amounts("price", "cost"),
    "orders": _amounts("order_discount", "shipping_amount", "tax_amount"),
    "order_items": "quantity < 0 or gross_amount < 0 or discount_amount > case"
    " when quantity = 0 then 0 else coalesce(gross_amount, round(quantity * unit_price, 2)) end or "
    + _amounts("unit_price", "discount_amount"),
    "returns": "quantity < 1 or " + _amounts("refund_amount"),
    "adjustments": f"abs(amount) >= {LIMIT}",
    "inventory": "allocated < 0 or reorder_point < 0",
}


# Staged only where ECOMMERCE_TOLERATE=order_flow lets such orders in.
_TIMES_OUT_OF_ORDER = """
    paid_at < ordered_at
    or fulfilled_at < greatest(ordered_at, paid_at)
    or delivered_at < greatest(ordered_at, paid_at, fulfilled_at)
"""


def _conservation(measures: FeedMeasures, _: Settings) -> pd.DataFrame:
    files = measures.files
    return files.assign(passed=files["landed"] == files["staged"] + files["quarantined"])


def _quarantine_share(measures: FeedMeasures, settings: Settings) -> pd.DataFrame:
    files = measures.files[["landed", "quarantined"]]
    share = _share(files["quarantined"], files["landed"])
    return files.assign(
        share=share,
        threshold=settings.warn_quarantine_share,
        passed=~is_above(files["quarantined"], files["landed"], settings.warn_quarantine_share),
    )


def _volume(measures: FeedMeasures, settings: Settings) -> pd.DataFrame:
    landed = measures.files["landed"]
    days = pd.DatetimeIndex(landed.index)
    usual = usual_volume(measures.landed, days)
    recent = recent_volume(measures.landed, days)
    # A season or campaign differs from the weekdays before it, but not from the days before it.
    far_off = _is_far(landed, usual, settings) & (recent.isna() | _is_far(landed, recent, settings))
    return pd.DataFrame(
        {
            "landed": landed,
            "usual": usual,
            "recent": recent,
            "threshold": settings.warn_volume_change,
            "passed": ~far_off,
        }
    )


def _is_far(landed: pd.Series, expected: pd.Series, settings: Settings) -> pd.Series:
    change = (landed - expected).abs()
    return (change > settings.warn_volume_change * expected) & (change >= FEWEST_RECORDS)


def _nulls(measures: FeedMeasures, settings: Settings) -> pd.DataFrame:
    records = measures.profile["records"].fillna(0)
    results = pd.DataFrame({"passed": True}, index=records.index)
    for name in optional_columns(measures.feed):
        share = _share(measures.profile[f"nulls_{name}"].fillna(0), records)
        results[name] = share
        if name in measures.never_filled:
            continue
        allowed = settings.warn_null_share.get(f"{measures.feed.name}.{name}", 1.0)
        results["passed"] &= ~is_above(measures.profile[f"nulls_{name}"], records, allowed)
    return results


def _ranges(measures: FeedMeasures, _: Settings) -> pd.DataFrame:
    figures = measures.profile.filter(regex="^(out_of_range|min_|max_)")
    return figures.assign(passed=figures["out_of_range"].fillna(0) == 0)


def _duplicates(measures: FeedMeasures, settings: Settings) -> pd.DataFrame:
    figures = measures.profile[["records", "repeats"]].fillna(0)
    share = _share(figures["repeats"], figures["records"])
    return figures.assign(
        share=share,
        threshold=settings.warn_duplicate_share,
        passed=~is_above(figures["repeats"], figures["records"], settings.warn_duplicate_share),
    )


def _order_times(measures: FeedMeasures, settings: Settings) -> pd.DataFrame:
    figures = measures.profile[["records", "out_of_order"]].fillna(0)
    share = _share(figures["out_of_order"], figures["records"])
    return figures.assign(
        share=share,
        threshold=settings.warn_quarantine_share,
        passed=(share <= settings.warn_quarantine_share) | (figures["records"] < FEWEST_RECORDS),
    )


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part.astype("float64") / whole.where(whole > 0)).astype("float64").fillna(0.0)


FEED_CHECKS = (
    FeedCheck(
        "conservation",
        True,
        "Every landed record is either staged or in quarantine: landed = staged + quarantined.",
        _conservation,
    ),
    FeedCheck(
        "quarantine_share",
        False,
        "No more of the day's records broke row rules than ECOMMERCE_WARN_QUARANTINE_SHARE allows.",
        _quarantine_share,
    ),
    FeedCheck(
        "volume",
        False,
        "As many records as usual: their number is not further from the median of the same weekday"
        f" of the last {WEEKS} weeks than the share ECOMMERCE_WARN_VOLUME_CHANGE.",
        _volume,
    ),
    FeedCheck(
        "nulls",
        False,
        "The share of nulls of each optional column; those in ECOMMERCE_WARN_NULL_SHARE have a"
        " threshold, unless the shop never exports them.",
        _nulls,
        lambda feed: bool(optional_columns(feed)),
    ),
    FeedCheck(
        "ranges",
        True,
        "Every staged value lies in the range that the feed allows; smallest and largest values.",
        _ranges,
    ),
    FeedCheck(
        "duplicate_versions",
        False,
        "No more records repeat a business key at the same `ingested_at` than"
        " ECOMMERCE_WARN_DUPLICATE_SHARE allows: which of them counts only their address decides.",
        _duplicates,
    ),
    FeedCheck(
        "order_times",
        False,
        "No more orders were paid, fulfilled or delivered before an earlier step than the share"
        " ECOMMERCE_WARN_QUARANTINE_SHARE; any are staged only with ECOMMERCE_TOLERATE=order_flow.",
        _order_times,
        lambda feed: feed.name == "orders",
    ),
)


def feeds_of(check: FeedCheck) -> list[Feed]:
    """The feeds that a check applies to."""
    return [feed for feed in FEEDS.values() if check.applies(feed)]
