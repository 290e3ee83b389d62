"""The stock of a synthetic shop: units on hand, allocated and reordered."""

from collections import defaultdict

import numpy as np

from ecommerce_assets.shops.synthetic.outbox import by_day
from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers

WAREHOUSES = ("main", "north")
_SHARES = (70, 30)


class Stock:
    """One cell per warehouse and product: `warehouse * products + product`."""

    def __init__(self, popularity: Ints, units_per_day: int, random: RandomNumbers) -> None:
        self._random = random
        self.products = len(popularity)
        by_warehouse = [popularity * share for share in _SHARES]
        demand = np.concatenate(by_warehouse) * units_per_day
        # The reorder point is ten days' demand, and a reorder is thirty days' demand.
        total = popularity.sum() * 100
        self.reorder_point: Ints = demand * 10 // total + 2
        self._lot: Ints = demand * 30 // total + 6
        self.on_hand: Ints = self._lot + random.between(0, 99, len(demand)) * self._lot // 100
        self.allocated: Ints = np.zeros(len(demand), dtype=np.int64)
        self._on_order = np.zeros(len(demand), dtype=np.bool_)
        self._changes: defaultdict[int, list[tuple[Ints, Ints, Ints]]] = defaultdict(list)
        self._deliveries: defaultdict[int, list[Ints]] = defaultdict(list)

    @property
    def cells(self) -> int:
        """The number of cells."""
        return len(self.on_hand)

    def choose_warehouse(self, size: int) -> Ints:
        """Choose the warehouse that each of `size` orders ships from."""
        return self._random.pick(_SHARES, size)

    def receive(self, day: int) -> None:
        """Add a day's deliveries by suppliers to the units on hand."""
        for cells in self._deliveries.pop(day, []):
            self.on_hand[cells] += self._lot[cells]
            self._on_order[cells] = False

    def serve(self, cell: Ints, quantity: Ints) -> Ints:
        """Allocate units to each line; give the cells that supply them.

        A line for more units than are left gets the best stocked product of its warehouse.
        """
        order = np.argsort(cell, kind="stable")
        first = np.searchsorted(cell[order], cell[order], side="left")
        asked = np.cumsum(quantity[order])
        asked_before_cell = asked[first] - quantity[order][first]
        left = self.on_hand - self.allocated
        sold_out = np.empty(len(cell), dtype=np.bool_)
        sold_out[order] = asked - asked_before_cell > left[cell[order]]
        best = left.reshape(len(WAREHOUSES), -1).argmax(axis=1)
        warehouse = cell // self.products
        served = np.where(sold_out, warehouse * self.products + best[warehouse], cell)
        self.allocated += self._units(served, quantity)
        return served

    def plan(self, day: Ints, cell: Ints, off_shelf: Ints, released: Ints) -> None:
        """Plan, by day, decreases of units on hand and of allocated units (negative: increases)."""
        for when, rows in by_day(day):
            self._changes[when].append((cell[rows], off_shelf[rows], released[rows]))

    def close(self, day: int) -> None:
        """Apply the changes planned for a day, and reorder products below their reorder point."""
        for cell, off_shelf, released in self._changes.pop(day, []):
            self.on_hand -= self._units(cell, off_shelf)
            self.allocated -= self._units(cell, released)
        low = self.on_hand - self.allocated < self.reorder_point
        ordered = np.flatnonzero(low & ~self._on_order)
        self._on_order[ordered] = True
        # Most suppliers take a week; some let a product run out.
        slow = self._random.chance(100, len(ordered))
        quick_days = self._random.between(3, 9, len(ordered))
        due = day + np.where(slow, quick_days + 12, quick_days)
        for when in np.unique(due).tolist():
            self._deliveries[when].append(ordered[due == when])

    def _units(self, cell: Ints, quantity: Ints) -> Ints:
        units = np.zeros(self.cells, dtype=np.int64)
        np.add.at(units, cell, quantity)
        return units
