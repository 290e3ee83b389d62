"""Simulates the shop that `make run` shows when no file has landed yet."""

import datetime as dt
from pathlib import Path

from ecommerce_assets.cli.console import progress_bar
from ecommerce_assets.settings import load_settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.shops.simulate import simulate

_DAYS = 470
"""A year, a report's 91 days and a week, so that a report can compare with a year before."""


def simulate_if_empty(shop: Shop) -> None:
    """Write a simulated shop up to yesterday into the landing zone, if that has no files."""
    landing = shop.settings.landing_url
    if "://" in landing or (Path(landing).exists() and shop.landing.listing().days()):
        return
    print(f"Nothing has landed in {landing}: simulating a shop there.", flush=True)
    with progress_bar("simulating") as progress:
        simulate(
            Path(landing),
            start=shop.today - dt.timedelta(days=_DAYS),
            days=_DAYS,
            orders_per_day=50,
            seed=1,
            dirty=0.01,
            currency=shop.settings.currency,
            progress=progress,
        )


if __name__ == "__main__":
    simulate_if_empty(Shop(load_settings()))
