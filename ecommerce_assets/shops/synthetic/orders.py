"""One day's orders of a synthetic shop, and when each reaches a status. Lines are in `lines`."""

from dataclasses import dataclass

import numpy as np

from ecommerce_assets.shops.synthetic.customers import HOME
from ecommerce_assets.shops.synthetic.random_numbers import Flags, Ints, RandomNumbers
from ecommerce_assets.shops.synthetic.seasons import HELLO, NO_CODE, THANKS, Campaign

DAY = 86_400
NEVER = 2**62
"""The moment of an event that does not happen; moments are seconds since 1970."""

CHANNELS = ("online store", "app", "instagram", "marketplace")
MARKETPLACE = 3

_CHANNEL_WEIGHTS = (62, 18, 9, 8, 3)
"""The last weight is of orders by telephone, which have no channel."""
_ORDERS_BY_HOUR = (8, 5, 3, 2, 2, 4, 9, 18, 32, 45, 52, 55, 58, 54, 50, 48, 50, 56, 64, 72, 76, 66)
RETURN_DAYS = (0, 0, *range(6, 34, 2), *range(34, 6, -2), *[2] * 31)
"""Weights of the days from delivery to return: most within 30 days, some up to 60."""

FREE_SHIPPING_FROM = 69_00
SHIPPING = 4_90
SHIPPING_ABROAD = 9_90
TAX_PERCENT = 20


@dataclass(frozen=True)
class Orders:
    """A day's orders, an element each; amounts in cents."""

    number: Ints
    customer: Ints
    channel: Ints
    """A position in `CHANNELS`; below 0: none."""
    country: Ints
    value: Ints
    """The sum of all lines less line discounts."""
    discount: Ints
    code: Ints
    """A position in `seasons.CODES`, or `NO_CODE`."""
    shipping: Ints
    tax: Ints
    ordered_at: Ints
    paid_at: Ints
    fulfilled_at: Ints
    delivered_at: Ints
    returned_at: Ints
    """The moment when the whole order is returned."""
    cancelled_at: Ints
    read_after: Ints
    """Seconds from a change of an order until the export reads it."""

    @property
    def moments(self) -> list[Ints]:
        """The moments at which each of `STATUSES` is reached."""
        return [
            self.ordered_at,
            self.paid_at,
            self.fulfilled_at,
            self.delivered_at,
            self.returned_at,
            self.cancelled_at,
        ]


@dataclass(frozen=True)
class Buyers:
    """The buyers of a day's orders, an element each."""

    customer: Ints
    is_new: Flags
    country: Ints
    """The shipping country."""
    channel: Ints


def times_of_day(size: int, random: RandomNumbers) -> Ints:
    """Choose the times of orders, in seconds since midnight, ascending."""
    return np.sort(random.pick(_ORDERS_BY_HOUR, size) * 3600 + random.between(0, 3599, size))


def channels_of(size: int, random: RandomNumbers) -> Ints:
    """Choose the channel of each of `size` orders."""
    channel = random.pick(_CHANNEL_WEIGHTS, size)
    return np.where(channel < len(CHANNELS), channel, -1)


def flow(
    number: Ints,
    buyers: Buyers,
    value: Ints,
    goods_value: Ints,
    ordered_at: Ints,
    campaign: Campaign | None,
    random: RandomNumbers,
) -> Orders:
    """Choose the amounts of orders, and when each is paid, sent, returned or cancelled.

    Discounts apply to `goods_value`, which is `value` without gift cards and extras.
    """
    size = len(number)
    discount, code = _discounts(buyers, goods_value, campaign, random)

    # 0 is delivered, 1 is never paid, 2 is cancelled after payment.
    fate = random.pick((950, 30, 20), size)
    at_once = random.chance(780, size)
    paid_at = ordered_at + np.where(
        at_once, random.between(30, 900, size), random.between(3600, 3 * DAY, size)
    )
    fulfilled_at = paid_at + random.between(2 * 3600, 2 * DAY, size)
    delivered_at = fulfilled_at + random.between(DAY // 2, 5 * DAY, size)
    returned_at = delivered_at // DAY * DAY + random.pick(RETURN_DAYS, size) * DAY
    returned_at += random.between(DAY // 2, DAY - 1, size)
    comes_back = random.chance(25, size) & (fate == 0) & (goods_value > 0)
    cancelled_at = np.where(
        fate == 1,
        ordered_at + random.between(3 * DAY, 7 * DAY, size),
        paid_at + random.between(600, 3600, size),
    )
    postage = np.where(buyers.country == HOME, SHIPPING, SHIPPING_ABROAD)
    return Orders(
        number=number,
        customer=buyers.customer,
        channel=buyers.channel,
        country=buyers.country,
        value=value,
        discount=discount,
        code=code,
        shipping=np.where((value >= FREE_SHIPPING_FROM) | (goods_value == 0), 0, postage),
        tax=(value - discount) * TAX_PERCENT // 100,
        ordered_at=ordered_at,
        paid_at=np.where(fate == 1, NEVER, paid_at),
        fulfilled_at=np.where(fate == 0, fulfilled_at, NEVER),
        delivered_at=np.where(fate == 0, delivered_at, NEVER),
        returned_at=np.where(comes_back, returned_at, NEVER),
        cancelled_at=np.where(fate == 0, NEVER, cancelled_at),
        read_after=random.between(60, 3600, size),
    )


def _discounts(
    buyers: Buyers, goods_value: Ints, campaign: Campaign | None, random: RandomNumbers
) -> tuple[Ints, Ints]:
    """Choose the discount of each order, and the code that gave it or its line discounts."""
    size = len(goods_value)
    has_voucher = random.chance(np.where(buyers.is_new, 120, 20), size) & (goods_value > 0)
    discount = np.where(has_voucher, np.minimum(5_00, goods_value // 2), 0)
    code = np.where(has_voucher, np.where(buyers.is_new, HELLO, THANKS), NO_CODE)
    if campaign and campaign.code != NO_CODE:
        used = goods_value > 0
        if not campaign.on_lines:
            used &= random.chance(450, size)
            discount = np.where(used, goods_value * campaign.percent // 100, discount)
        code = np.where(used, campaign.code, code)
    return discount, code
