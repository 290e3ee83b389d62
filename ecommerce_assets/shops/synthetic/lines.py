"""The lines of one day's orders of a synthetic shop: goods, gift cards, extras."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from ecommerce_assets.shops.synthetic.catalogue import Catalogue
from ecommerce_assets.shops.synthetic.orders import MARKETPLACE, NEVER, Orders
from ecommerce_assets.shops.synthetic.random_numbers import Flags, Ints, RandomNumbers
from ecommerce_assets.shops.synthetic.seasons import Campaign

KINDS = ("product", "gift_card", "other")
PRODUCT, GIFT_CARD, OTHER = range(3)

LINES_PER_ORDER = 16
"""The range of line numbers within an order, from 1: up to 5 goods, then the numbers below."""
_GIFT_CARD_LINE, _FIRST_EXTRA_LINE, _FIRST_EXCHANGE_LINE = 6, 7, 10

_LINES = (35, 30, 18, 11, 6)
_QUANTITIES = (62, 22, 9, 4, 3)


@dataclass(frozen=True)
class Lines:
    """The lines of a day's orders, an element each; `order` is a position in `Orders`.

    Lines of goods come before all others.
    """

    order: Ints
    line: Ints
    """From 1 within the order."""
    kind: Ints
    """A position in `KINDS`."""
    product: Ints
    quantity: Ints
    price: Ints
    gross: Ints
    gross_given: Flags
    """Whether the record has a `gross_amount`."""
    discount: Ints
    taken_off_at: Ints


@dataclass(frozen=True)
class BasketLines:
    """The lines of customers' baskets, an element each; `order` is a position in `Orders`."""

    order: Ints
    line: Ints
    kind: Ints
    product: Ints
    quantity: Ints


def goods_of(size: int, catalogue: Catalogue, random: RandomNumbers) -> BasketLines:
    """Choose the goods of `size` orders: one to five lines; a few orders have none."""
    lines = np.where(random.chance(4, size), 0, random.pick(_LINES, size) + 1)
    order = np.repeat(np.arange(size), lines)
    first = np.cumsum(lines) - lines
    return BasketLines(
        order=order,
        line=np.arange(len(order)) - first[order] + 1,
        kind=np.full(len(order), PRODUCT),
        product=random.pick(catalogue.popularity, len(order)),
        quantity=random.pick(_QUANTITIES, len(order)) + 1,
    )


def extras_of(
    size: int, goods: BasketLines, date: dt.date, catalogue: Catalogue, random: RandomNumbers
) -> BasketLines:
    """Choose gift cards (one for each order without goods), gift wrapping and tips."""
    season = 3 if date.month == 12 and date.day < 25 else 1
    has_goods = np.bincount(goods.order, minlength=size) > 0
    parts = [(GIFT_CARD, _GIFT_CARD_LINE, random.chance(5 * season, size) | ~has_goods)]
    for place, per_mille in enumerate((30 * season, 12)):
        parts.append((OTHER, _FIRST_EXTRA_LINE + place, random.chance(per_mille, size) & has_goods))
    orders = [np.flatnonzero(has) for _, _, has in parts]
    cards = catalogue.gift_cards[random.pick((35, 45, 20), len(orders[0]))]
    extras = [
        np.full(len(of), extra) for of, extra in zip(orders[1:], catalogue.extras, strict=True)
    ]
    order = np.concatenate(orders)
    sizes = [len(of) for of in orders]
    return BasketLines(
        order=order,
        line=np.repeat([line for _, line, _ in parts], sizes),
        kind=np.repeat([kind for kind, _, _ in parts], sizes),
        product=np.concatenate([cards, *extras]),
        quantity=np.ones(len(order), dtype=np.int64),
    )


def exchange_line(line: Ints) -> Ints:
    """Give the number of the line that is sent in exchange for a line of goods."""
    return line + _FIRST_EXCHANGE_LINE - 1


def gross_of(
    quantity: Ints, price: Ints, channel: Ints, random: RandomNumbers
) -> tuple[Ints, Flags]:
    """Give the gross of lines, and whether the export has it as `gross_amount`.

    The marketplace's export has it. It subtracts tax from each total, so that several units may
    cost a cent more or less than their quantity × the rounded price.
    """
    given = channel == MARKETPLACE
    cent_off = np.where(given & (quantity > 1), random.pick((20, 60, 20), len(price)) - 1, 0)
    return quantity * price + cent_off, given


def line_discounts(
    gross: Ints, category: Ints, campaign: Campaign | None, random: RandomNumbers
) -> Ints:
    """Give the discounts of lines: a campaign's on its category, and 10 % on damaged goods."""
    damaged = random.chance(10, len(gross))
    discount = np.where(damaged, gross * 10 // 100, 0)
    if campaign and campaign.on_lines:
        meant = (campaign.category is None) | (category == campaign.category)
        discount = np.where(meant, gross * campaign.percent // 100, discount)
    return discount


def taken_off(orders: Orders, basket: BasketLines, random: RandomNumbers) -> Ints:
    """Give the moment when a customer removes a line before paying; `NEVER` for most."""
    order = basket.order
    can = (basket.line > 1) & (orders.discount == 0)[order] & (orders.returned_at == NEVER)[order]
    at = orders.ordered_at[order] + 20
    before = at < orders.paid_at[order]
    return np.where(can & before & random.chance(8, len(order)), at, NEVER)
