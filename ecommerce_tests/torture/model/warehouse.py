"""The whole warehouse of a landing zone: staged, quarantined, and the tables of `analytics`."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecommerce_tests.torture.model.customers import cohort_ltv, dim_customer
from ecommerce_tests.torture.model.orders import ledger_of
from ecommerce_tests.torture.model.products import Prices, dim_product, inventory_daily
from ecommerce_tests.torture.model.revenue import dim_date, revenue_daily
from ecommerce_tests.torture.model.settings import ModelSettings
from ecommerce_tests.torture.model.staging import Address, FeedDay, Staged, stage


@dataclass(frozen=True)
class Model:
    """Every table as a list of rows, as `docs/reference/tables.md` names their columns.

    `product_key` reads `product_id@valid_from`, in microseconds since 1970. `quarantine` gives
    the stage and the rules that each record breaks.
    """

    staged: Staged
    tables: dict[str, list[dict[str, Any]]] = field(repr=False)
    quarantine: dict[Address, tuple[str, set[str]]] = field(repr=False)

    @property
    def staged_counts(self) -> Counter[FeedDay]:
        """The number of staged records by feed and batch date."""
        counts = Counter({day: len(batch.records) for day, batch in self.staged.batches.items()})
        return +counts


def model_of(landing: Path, settings: ModelSettings) -> Model:
    """Compute the warehouse of all that has landed."""
    return model_of_staged(stage(landing, settings), settings)


def model_of_staged(staged: Staged, settings: ModelSettings) -> Model:
    """Compute the tables of what is staged."""
    prices = Prices(staged.latest("products"))
    ledger = ledger_of(staged, prices, settings)
    last_batch = max((day for _, day in staged.batches), default=None)
    customers = dim_customer(staged.latest("customers"), ledger)
    revenue = revenue_daily(ledger, customers, last_batch)
    tables = {
        "dim_date": dim_date([row["date"] for row in revenue]),
        "dim_customer": customers,
        "dim_product": dim_product(prices),
        "fct_orders": list(ledger.orders.values()),
        "fct_order_items": list(ledger.items.values()),
        "fct_returns": list(ledger.returns.values()),
        "fct_adjustments": list(ledger.adjustments.values()),
        "fct_inventory_daily": inventory_daily(staged.latest("inventory"), prices, settings),
        "fct_revenue_daily": revenue,
        "fct_cohort_ltv": cohort_ltv(ledger, customers),
    }
    quarantine = {
        address: ("row", broken)
        for batch in staged.batches.values()
        for address, broken in batch.quarantine.items()
    } | {address: ("relation", broken) for address, broken in ledger.broken.items()}
    return Model(staged, tables, quarantine)
