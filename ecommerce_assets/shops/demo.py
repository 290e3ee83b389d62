"""The shop that `make run` shows where none has landed yet. Real data is never touched."""

import datetime as dt
from pathlib import Path

from ecommerce_assets.cli.console import progress_bar
from ecommerce_assets.settings import load_settings
from ecommerce_assets.shop import Shop
from ecommerce_assets.shops.simulate import simulate

_DAYS = 470
"""A year and a report's 91 days, so that it has the same days a year before, and a week."""


def simulate_if_empty(shop: Shop) -> None:
    """Write a shop up to yesterday into the landing zone, if it is a folder without files."""
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
