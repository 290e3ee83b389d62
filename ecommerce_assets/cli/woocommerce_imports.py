"""`ecommerce import woocommerce`: turn documents of WooCommerce's API into a landing zone."""

import typer

from ecommerce_assets.cli.shop_imports import (
    FilesAndOut,
    Strict,
    print_counts,
    print_reconciliation,
    print_records,
    steps_bar,
)


def import_woocommerce(files_and_out: FilesAndOut, strict: Strict = False) -> None:
    """Turn documents of WooCommerce's REST API into a landing zone (docs/woocommerce.md)."""
    *files, folder = files_and_out
    if not files:
        raise typer.BadParameter("give at least one FILE, and then OUT")
    from ecommerce_assets.feeds.contract import Store
    from ecommerce_assets.settings import load_settings
    from ecommerce_assets.shops.woocommerce.importing import import_woocommerce

    settings = load_settings()
    with steps_bar() as progress:
        result = import_woocommerce(
            files,
            folder,
            store=Store(settings.timezone, settings.currency),
            return_days=settings.return_days,
            progress=progress,
        )
    print_records(f"{result.days} days in {folder}", result.records)
    print_counts("documents read", result.documents)
    print_counts("left out or noted", result.left_out)
    print_reconciliation(result.reconciliation)
    if strict and result.reconciliation.differences:
        raise typer.Exit(1)
