"""One day's orders of a synthetic shop, with all that will happen to them. Stock is not known."""

from dataclasses import dataclass

import numpy as np

from ecommerce_assets.shops.synthetic.dice import Dice, Ints
from ecommerce_assets.shops.synthetic.seasons import Campaign

DAY = 86_400
NEVER = 2**62
"""The moment of what does not happen; moments are seconds since 1970."""

STATUSES = ("created", "paid", "fulfilled", "delivered", "returned", "cancelled")
REASONS = ("too big", "too small", "broken", "not as described", "changed my mind")

_ORDERS_BY_HOUR = (8, 5, 3, 2, 2, 4, 9, 18, 32, 45, 52, 55, 58, 54, 50, 48, 50, 56, 64, 72, 76, 66)
_LINES = (35, 30, 18, 11, 6)
_QUANTITIES = (62, 22, 9, 4, 3)
_RETURN_DAYS = (0, 0, *range(6, 34, 2), *range(34, 6, -2), *[2] * 31)
"""How many come back so many days after delivery: most within 30, some up to 60."""

FREE_SHIPPING_FROM = 50_00
SHIPPING = 4_90
TAX_PERCENT = 20


@dataclass(frozen=True)
class Orders:
    """A day's orders, an element each; amounts in cents."""

    number: Ints
    customer: Ints
    value: Ints
    """Their lines less line discounts."""
    discount: Ints
    shipping: Ints
    tax: Ints
    ordered_at: Ints
    paid_at: Ints
    fulfilled_at: Ints
    delivered_at: Ints
    returned_at: Ints
    """When the whole order comes back."""
    cancelled_at: Ints
    read_after: Ints
    """Seconds until the export reads what happened to an order."""

    @property
    def moments(self) -> list[Ints]:
        """When each of `STATUSES` is reached."""
        return [
            self.ordered_at,
            self.paid_at,
            self.fulfilled_at,
            self.delivered_at,
            self.returned_at,
            self.cancelled_at,
        ]


@dataclass(frozen=True)
class Lines:
    """The lines of a day's orders, an element each; `order` is a position in `Orders`."""

    order: Ints
    line: Ints
    """From 1 within the order."""
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints
    taken_off_at: Ints


@dataclass(frozen=True)
class Returns:
    """The returns that a day's orders will see; `row` is a position in `Lines`."""

    row: Ints
    quantity: Ints
    refund: Ints
    returned_at: Ints
    reason: Ints


def times_of_day(size: int, dice: Dice) -> Ints:
    """Seconds since midnight at which orders are placed, ascending."""
    return np.sort(dice.pick(_ORDERS_BY_HOUR, size) * 3600 + dice.between(0, 3599, size))


def lines_of(size: int, dice: Dice) -> tuple[Ints, Ints, Ints]:
    """For each line of `size` orders: the position of its order, its number in it, its quantity."""
    lines = dice.pick(_LINES, size) + 1
    order = np.repeat(np.arange(size), lines)
    first = np.cumsum(lines) - lines
    line = np.arange(len(order)) - first[order] + 1
    return order, line, dice.pick(_QUANTITIES, len(order)) + 1


def line_discounts(gross: Ints, category: Ints, campaign: Campaign | None, dice: Dice) -> Ints:
    """A campaign's on its category, and a tenth off a few goods with a scratch."""
    scratched = dice.chance(10, len(gross))
    discount = np.where(scratched, gross * 10 // 100, 0)
    if campaign and campaign.on_lines:
        meant = (campaign.category is None) | (category == campaign.category)
        discount = np.where(meant, gross * campaign.percent // 100, discount)
    return discount


def flow(
    number: Ints,
    customer: Ints,
    value: Ints,
    ordered_at: Ints,
    campaign: Campaign | None,
    dice: Dice,
) -> Orders:
    """Decide the amounts of orders, and when each is paid, sent, returned or cancelled."""
    size = len(number)
    voucher = np.where(dice.chance(40, size), np.minimum(500, value // 2), 0)
    with_code = dice.chance(450, size)
    discount = voucher
    if campaign and not campaign.on_lines:
        discount = np.where(with_code, value * campaign.percent // 100, voucher)

    # 0 arrives, 1 is never paid, 2 is cancelled after payment.
    fate = dice.pick((950, 30, 20), size)
    at_once = dice.chance(780, size)
    paid_at = ordered_at + np.where(
        at_once, dice.between(30, 900, size), dice.between(3600, 3 * DAY, size)
    )
    fulfilled_at = paid_at + dice.between(2 * 3600, 2 * DAY, size)
    delivered_at = fulfilled_at + dice.between(DAY // 2, 5 * DAY, size)
    returned_at = delivered_at // DAY * DAY + dice.pick(_RETURN_DAYS, size) * DAY
    returned_at += dice.between(DAY // 2, DAY - 1, size)
    comes_back = dice.chance(35, size) & (fate == 0)
    cancelled_at = np.where(
        fate == 1,
        ordered_at + dice.between(3 * DAY, 7 * DAY, size),
        paid_at + dice.between(600, 3600, size),
    )
    return Orders(
        number=number,
        customer=customer,
        value=value,
        discount=discount,
        shipping=np.where(value >= FREE_SHIPPING_FROM, 0, SHIPPING),
        tax=(value - discount) * TAX_PERCENT // 100,
        ordered_at=ordered_at,
        paid_at=np.where(fate == 1, NEVER, paid_at),
        fulfilled_at=np.where(fate == 0, fulfilled_at, NEVER),
        delivered_at=np.where(fate == 0, delivered_at, NEVER),
        returned_at=np.where(comes_back, returned_at, NEVER),
        cancelled_at=np.where(fate == 0, NEVER, cancelled_at),
        read_after=dice.between(60, 3600, size),
    )


def taken_off(orders: Orders, order: Ints, line: Ints, dice: Dice) -> Ints:
    """When the customer takes a line off the order before paying; `NEVER` for most."""
    can = (line > 1) & (orders.discount == 0)[order] & (orders.returned_at == NEVER)[order]
    at = orders.ordered_at[order] + 20
    before = at < orders.paid_at[order]
    return np.where(can & before & dice.chance(8, len(order)), at, NEVER)


def returns_of(orders: Orders, lines: Lines, dice: Dice) -> Returns:
    """Decide which whole orders and single lines come back; a line does so once at most."""
    order = lines.order
    delivered_at = orders.delivered_at[order]
    single_at = delivered_at // DAY * DAY + dice.pick(_RETURN_DAYS, len(order)) * DAY
    single_at += dice.between(DAY // 2, DAY - 1, len(order))
    whole = orders.returned_at[order] != NEVER
    single = dice.chance(30, len(order)) & ~whole
    single &= (delivered_at != NEVER) & (lines.taken_off_at == NEVER)
    row = np.flatnonzero(whole | single)
    quantity = lines.quantity[row]
    part = 1 + dice.between(0, 999, len(row)) * quantity // 1000
    back = np.where(whole[row], quantity, part)
    worth = quantity * lines.price[row] - lines.discount[row]
    # The line's part of the order discount, rounded up: nobody asks for more than was paid.
    share = -(-orders.discount[order[row]] * worth // orders.value[order[row]])
    return Returns(
        row=row,
        quantity=back,
        refund=(worth - share) * back // quantity,
        returned_at=np.where(whole[row], orders.returned_at[order[row]], single_at[row]),
        reason=dice.pick((20, 20, 15, 15, 30), len(row)),
    )
