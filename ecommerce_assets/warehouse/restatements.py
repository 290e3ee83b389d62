"""The log of restatements: figures of loaded days that a later load changed (docs/operating.md)."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import sql

from ecommerce_assets.warehouse import temporary
from ecommerce_assets.warehouse.tables import FCT_REVENUE_DAILY

FIGURES = tuple(name for name in FCT_REVENUE_DAILY.columns if name != "date")
"""The logged figures: every column of `fct_revenue_daily` except its date."""

_RATIOS = ("aov", "return_rate")


@dataclass(frozen=True)
class Cause:
    """The run that changes figures, and the batch days that it covers."""

    run_id: str
    first_batch_date: dt.date
    last_batch_date: dt.date


@dataclass(frozen=True)
class Restatement:
    """A figure of a date before and after; `None` is the ratio of a date without orders."""

    restated_at: dt.datetime
    run_id: str
    first_batch_date: dt.date
    last_batch_date: dt.date
    date: dt.date
    figure: str
    old_value: Decimal | None
    new_value: Decimal | None


@contextmanager
def logging_restatements(
    connection: psycopg.Connection, cause: Cause, dates: str, **parameters: object
) -> Iterator[None]:
    """Log the changes that a block makes to `fct_revenue_daily` of `dates`, in a transaction.

    `dates` is a condition on its column `date`. Only dates up to the last batch date that was
    complete before are logged. A date without a row counts as a date without orders.
    """
    rows = sql.SQL("select * from analytics.fct_revenue_daily where {}").format(sql.SQL(dates))
    temporary.fill(connection, "figures_before", rows, parameters)
    yield
    connection.execute(
        sql.SQL(
            """
            insert into ops.restatements (
                run_id, first_batch_date, last_batch_date, date, figure, old_value, new_value
            )
            select %(run_id)s,
                   coalesce(batches.first, %(first_batch)s), coalesce(batches.last, %(last_batch)s),
                   date, figure, old_value, new_value
            from figures_before b full join ({rows}) a using (date)
            cross join lateral (values {pairs}) f (figure, old_value, new_value)
            cross join (
                select min(batch_date) as first, max(batch_date) as last from ops.touched_batches
            ) batches
            where old_value is distinct from new_value
              and date <= (select last_batch_date from ops.complete_figures)
            order by date
            """
        ).format(rows=rows, pairs=sql.SQL(", ").join(map(_pair, FIGURES))),
        {
            **parameters,
            "run_id": cause.run_id,
            "first_batch": cause.first_batch_date,
            "last_batch": cause.last_batch_date,
        },
    )


def _pair(figure: str) -> sql.Composable:
    value = "{row}.{figure}" if figure in _RATIOS else "coalesce({row}.{figure}, 0)"
    old, new = (
        sql.SQL(value).format(row=sql.Identifier(row), figure=sql.Identifier(figure))
        for row in ("b", "a")
    )
    return sql.SQL("({}, {}::numeric, {}::numeric)").format(sql.Literal(figure), old, new)


def figures_are_complete(connection: psycopg.Connection, cause: Cause) -> None:
    """Store the last batch date up to which a run has computed the figures."""
    connection.execute(
        """
        update ops.complete_figures set last_batch_date = (
            select max(f.batch_date) from ops.staged_files f
            where f.batch_date <= greatest(last_batch_date, %s)
        )
        """,
        [cause.last_batch_date],
    )
    connection.execute("delete from ops.touched_batches")


def list_restatements(
    connection: psycopg.Connection,
    *,
    first: dt.date | None = None,
    last: dt.date | None = None,
    figure: str | None = None,
    run_id: str | None = None,
    limit: int | None = None,
) -> Sequence[Restatement]:
    """List the log, latest first: of dates from `first` to `last`, of a figure, of a run."""
    cursor = connection.execute(
        """
        select restated_at, run_id, first_batch_date, last_batch_date, date, figure,
               old_value, new_value
        from ops.restatements
        where (%(first)s::date is null or date >= %(first)s)
          and (%(last)s::date is null or date <= %(last)s)
          and (%(figure)s::text is null or figure = %(figure)s)
          and (%(run_id)s::text is null or run_id = %(run_id)s)
        order by restated_at desc, date desc, figure
        limit %(limit)s
        """,
        {"first": first, "last": last, "figure": figure, "run_id": run_id, "limit": limit},
    )
    return [Restatement(*row) for row in cursor]


def restated_dates(connection: psycopg.Connection, run_id: str) -> list[dt.date]:
    """The dates with figures that a run changed, ascending."""
    return [
        date
        for (date,) in connection.execute(
            "select distinct date from ops.restatements where run_id = %s order by date", [run_id]
        )
    ]
