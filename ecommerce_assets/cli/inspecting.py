"""`ecommerce quarantine` and `ecommerce restatements`: list records and changed figures."""

import csv
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from ecommerce_assets.cli.console import out, wide_table
from ecommerce_assets.cli.options import Export, From, To, day_range
from ecommerce_assets.errors import OperatorError

if TYPE_CHECKING:
    from ecommerce_assets.warehouse.quarantine import RuleCount

app = typer.Typer()


@app.command()
def quarantine(
    feed: Annotated[str | None, typer.Option(help="Only this feed's.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only those that break this rule.")] = None,
    from_: From = None,
    to: To = None,
    by_day: Annotated[bool, typer.Option("--by-day", help="Count each batch day.")] = False,
    export: Export = None,
) -> None:
    """Count the records in quarantine by feed and rule, or export them with their reasons."""
    from ecommerce_assets.feeds.contract import FEEDS
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.warehouse.database_url import database_url
    from ecommerce_assets.warehouse.quarantine import (
        QuarantineFilter,
        count_by_rule,
        count_records,
    )
    from ecommerce_assets.warehouse.quarantine import export as write
    from ecommerce_assets.warehouse.session import connect

    if feed is not None and feed not in FEEDS:
        raise OperatorError(f"--feed {feed} is no feed; the feeds are {', '.join(FEEDS)}.")
    settings = load_settings()
    selected = QuarantineFilter(feed, rule, *day_range(from_, to))
    with connect(database_url(settings), "ecommerce quarantine") as connection:
        if export is not None:
            if str(export) == "-":
                write(connection, selected, sys.stdout)
                return
            with export.open("w", newline="", encoding="utf-8") as file:
                written = write(connection, selected, file)
            out.print(f"{written:,} records written to {export}.")
            return
        counts = count_by_rule(connection, selected, by_day=by_day)
        total = count_records(connection, selected)
    if not counts:
        out.print("Nothing is in quarantine.")
        return
    table = wide_table(
        ["batch day" if by_day else "batch days", "feed"],
        ["rule"],
        ["records", settings.currency],
    )
    for count in counts:
        table.add_row(
            _days(count),
            count.feed,
            count.rule,
            f"{count.records:,}",
            _money(count.amount),
        )
    table.add_section()
    table.add_row("all, each record once", "", "", f"{total.records:,}", _money(total.amount))
    out.print(table)
    if not by_day:
        out.print("--by-day counts each day; --export FILE writes the records with their reasons.")


def _days(count: "RuleCount") -> str:
    if count.first == count.last:
        return f"{count.first}"
    return f"{count.days:,} from {count.first} to {count.last}"


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


@app.command()
def restatements(
    from_: From = None,
    to: To = None,
    figure: Annotated[str | None, typer.Option(help="Only this figure's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many are listed.")] = 100,
    export: Export = None,
) -> None:
    """List the figures of loaded days that later loads changed, the latest change first."""
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.warehouse.database_url import database_url
    from ecommerce_assets.warehouse.restatements import FIGURES, list_restatements
    from ecommerce_assets.warehouse.session import connect

    if figure is not None and figure not in FIGURES:
        raise OperatorError(f"--figure {figure} is no figure; they are {', '.join(FIGURES)}.")
    first, last = day_range(from_, to)
    with connect(database_url(load_settings()), "ecommerce restatements") as connection:
        found = list_restatements(
            connection,
            first=first,
            last=last,
            figure=figure,
            limit=None if export else limit,
        )
    header = ["restated_at", "batches", "date", "figure", "old_value", "new_value"]
    rows = [
        [
            f"{r.restated_at:%Y-%m-%d %H:%M:%S}",
            str(r.first_batch_date)
            if r.first_batch_date == r.last_batch_date
            else f"{r.first_batch_date} to {r.last_batch_date}",
            str(r.date),
            r.figure,
            "" if r.old_value is None else str(r.old_value),
            "" if r.new_value is None else str(r.new_value),
        ]
        for r in found
    ]
    if export is not None:
        if str(export) == "-":
            csv.writer(sys.stdout).writerows([header, *rows])
            return
        with export.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        out.print(f"{len(rows):,} restatements written to {export}.")
    elif not rows:
        out.print("No figure of a loaded day has changed.")
    else:
        table = wide_table(header[:2], header[2:4], header[4:])
        for row in rows:
            table.add_row(*row)
        out.print(table)
