"""The products of a synthetic shop and their prices. Stock is in `stock`."""

import numpy as np

from ecommerce_assets.shops.synthetic.orders import NEVER
from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers

CATEGORIES = ("Kitchen", "Garden", "Office", "Toys", "Textiles", "Lighting", "Gift Cards", "Extras")
GOODS_CATEGORIES = 6
"""The number of categories of goods, which come first in `CATEGORIES`."""

# Names and usual prices in cents.
_THINGS = (
    (
        ("Stoneware Bowl", 16_90),
        ("Espresso Cup", 11_90),
        ("Chopping Board", 32_90),
        ("Milk Jug", 18_90),
        ("Paring Knife", 24_90),
        ("Tea Kettle", 49_90),
        ("Storage Jar", 13_90),
        ("Salad Servers", 19_90),
        ("Casserole Dish", 64_90),
        ("Egg Cup", 6_90),
    ),
    (
        ("Flower Pot", 14_90),
        ("Watering Can", 29_90),
        ("Hand Trowel", 17_90),
        ("Garden Apron", 34_90),
        ("Bird Feeder", 24_90),
        ("Plant Stand", 44_90),
        ("Seed Tin", 9_90),
        ("Secateurs", 27_90),
        ("Folding Bench", 89_90),
        ("Kneeling Pad", 12_90),
    ),
    (
        ("Notebook", 12_90),
        ("Desk Tray", 22_90),
        ("Fountain Pen", 29_90),
        ("Pencil Case", 15_90),
        ("Weekly Planner", 18_90),
        ("Desk Lamp", 69_90),
        ("Magazine Rack", 26_90),
        ("Pin Board", 19_90),
        ("Paper Weight", 14_90),
        ("Card Set", 8_90),
    ),
    (
        ("Building Blocks", 29_90),
        ("Cuddly Bear", 24_90),
        ("Picture Puzzle", 16_90),
        ("Pull-Along Duck", 19_90),
        ("Train Set", 39_90),
        ("Kite", 22_90),
        ("Stacking Rings", 14_90),
        ("Doll's House", 84_90),
        ("Skipping Rope", 9_90),
        ("Memory Game", 13_90),
    ),
    (
        ("Linen Cushion", 27_90),
        ("Wool Blanket", 79_90),
        ("Bath Towel", 21_90),
        ("Tea Towel", 9_90),
        ("Table Runner", 24_90),
        ("Cotton Rug", 69_90),
        ("Bed Throw", 54_90),
        ("Napkin Set", 17_90),
        ("Tote Bag", 14_90),
        ("Bathrobe", 59_90),
    ),
    (
        ("Pillar Candle", 12_90),
        ("Table Lamp", 74_90),
        ("Tealight Holder", 8_90),
        ("Lantern", 26_90),
        ("Candle Snuffer", 11_90),
        ("Pendant Shade", 49_90),
        ("Fairy Lights", 17_90),
        ("Scented Candle", 22_90),
        ("Night Light", 19_90),
        ("Candlestick", 16_90),
    ),
)
_ADJECTIVES = ("Sage", "Clay", "Ink", "Sand", "Ochre", "Chalk", "Moss", "Slate", "Rose", "Charcoal")
LARGEST_RANGE = 600
"""The number of names for goods: 10 things in each category with 10 adjectives."""

_RETURNED_PER_MILLE = (22, 18, 20, 25, 48, 32)
"""How many of a thousand lines of a category are returned alone."""

GIFT_CARDS = (25_00, 50_00, 100_00)
_EXTRAS = (("Gift Wrapping", 3_90, 1_10), ("Tip for the Workshop", 2_00, 0))


class Catalogue:
    """The products, by number from 0: `goods` of them are goods; gift cards and extras follow.

    `category` is a position in `CATEGORIES`, `price` and `cost` (`NEVER`: not given) are
    cents, `popularity` and `returned_per_mille` are of the goods alone.
    """

    def __init__(self, goods: int, random: RandomNumbers) -> None:
        self._random = random
        self.goods = goods
        number = np.arange(goods)
        category, place = number % GOODS_CATEGORIES, number // GOODS_CATEGORIES
        usual_price = np.array([[price for _, price in things] for things in _THINGS])
        # A thing has the same price with every adjective.
        list_price = (
            usual_price * random.between(85, 120, usual_price.size).reshape(-1, 10) // 100
        )[category, place % 10]
        self._margin = random.between(48, 68, goods)
        self._cost: Ints = list_price * (100 - self._margin) // 100
        # The costs of a few products are exported only weeks after their first sale.
        unknown = number % 40 == 17
        extra_prices = [*GIFT_CARDS, *(price for _, price, _ in _EXTRAS)]
        extra_costs = [*(NEVER for _ in GIFT_CARDS), *(cost for _, _, cost in _EXTRAS)]
        extra_categories = [6] * len(GIFT_CARDS) + [7] * len(_EXTRAS)
        self.category: Ints = np.append(category, extra_categories)
        self.price: Ints = np.append(_rounded_price(list_price), extra_prices)
        self.cost: Ints = np.append(np.where(unknown, NEVER, self._cost), extra_costs)
        rank = random.between(0, goods - 1, goods)
        self.popularity: Ints = 1_000_000_000 // ((rank + 5) * (list_price + 10_00))
        disliked = random.chance(30, goods)
        usually = np.array(_RETURNED_PER_MILLE)[category]
        self.returned_per_mille: Ints = np.where(disliked, 4 * usually, usually)

    @property
    def count(self) -> int:
        """The number of products."""
        return len(self.price)

    @property
    def gift_cards(self) -> Ints:
        """The products that are gift cards."""
        return self.goods + np.arange(len(GIFT_CARDS))

    @property
    def extras(self) -> Ints:
        """The products that are services: gift wrapping, tips."""
        return self.goods + len(GIFT_CARDS) + np.arange(len(_EXTRAS))

    def names(self) -> list[str]:
        """The name of each product."""
        return [
            *(_name(number) for number in range(self.goods)),
            *(f"Gift Card {cents // 100}" for cents in GIFT_CARDS),
            *(name for name, _, _ in _EXTRAS),
        ]

    def change(self) -> Ints:
        """Change some goods' prices, and some costs alone; give the products that changed."""
        repriced = self._random.chance(6, self.goods)
        costlier = self._random.chance(5, self.goods)
        percent = self._random.between(90, 108, self.goods)
        self._cost = np.where(
            costlier, self._cost * self._random.between(98, 107, self.goods) // 100, self._cost
        )
        usual = self._cost * 100 // (100 - self._margin)
        goods = slice(self.goods)
        cost_exported = (self.cost[goods] == NEVER) & self._random.chance(30, self.goods)
        self.price[goods] = np.where(
            repriced, _rounded_price(usual * percent // 100), self.price[goods]
        )
        self.cost[goods] = np.where(costlier | cost_exported, self._cost, self.cost[goods])
        return np.flatnonzero(repriced | costlier | cost_exported)


def _rounded_price(cents: Ints) -> Ints:
    """Round prices down so that they end in .90 or .40: 12.90."""
    return np.maximum(cents // 50 * 50 + 40, 190)


def _name(number: int) -> str:
    """Name a good by an adjective and a thing; each pair is used once."""
    category, place = number % GOODS_CATEGORIES, number // GOODS_CATEGORIES
    thing, again = place % 10, place // 10
    adjective = _ADJECTIVES[(category * 7 + thing * 3 + again) % len(_ADJECTIVES)]
    return f"{adjective} {_THINGS[category][thing][0]}"
