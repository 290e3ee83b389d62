"""The products of a synthetic shop and how their prices change. What is in stock is in `stock`."""

import numpy as np

from ecommerce_assets.shops.synthetic.dice import Dice, Ints

CATEGORIES = ("Kitchen", "Garden", "Office", "Toys", "Textiles", "Lighting")
_THINGS = (
    ("Bowl", "Kettle", "Knife", "Jug", "Pan"),
    ("Spade", "Planter", "Lantern", "Bench", "Hose"),
    ("Notebook", "Stapler", "Tray", "Chair", "Pen"),
    ("Puzzle", "Kite", "Train", "Bear", "Blocks"),
    ("Blanket", "Cushion", "Towel", "Curtain", "Rug"),
    ("Lamp", "Bulb", "Candle", "Torch", "Shade"),
)
_LOOKS = ("Oak", "Steel", "Blue", "Round", "Folding", "Large", "Small", "Classic")


class Catalogue:
    """The products, by number from 0: `category`, `price` and `cost` in cents, `popularity`."""

    def __init__(self, count: int, dice: Dice) -> None:
        number = np.arange(count)
        self._dice = dice
        self.count = count
        self.category = number % len(CATEGORIES)
        step = dice.between(0, 99, count)
        self.price: Ints = 199 + step * step // 100 * 100
        self.cost: Ints = self.price * dice.between(35, 65, count) // 100
        self.popularity: Ints = 100_000 // (dice.between(0, count - 1, count) + 5)

    def names(self) -> list[str]:
        """What each product is called."""
        return [
            f"{_LOOKS[number // 30 % len(_LOOKS)]} "
            f"{_THINGS[number % len(CATEGORIES)][number // len(CATEGORIES) % 5]} {number + 1}"
            for number in range(self.count)
        ]

    def change(self) -> Ints:
        """Change some prices, and some costs alone; returns the products that changed."""
        dearer = self._dice.chance(8, self.count)
        costlier = self._dice.chance(4, self.count)
        percent = self._dice.between(85, 120, self.count)
        price = np.maximum(self.price * percent // 100 // 50 * 50 + 49, 99)
        self.price = np.where(dearer, price, self.price)
        self.cost = np.where(costlier, self.cost * 105 // 100, self.cost)
        return np.flatnonzero(dearer | costlier)
