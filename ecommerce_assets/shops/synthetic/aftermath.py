"""The returns and adjustments of a day's orders of a synthetic shop."""

from dataclasses import dataclass

import numpy as np

from ecommerce_assets.shops.synthetic.catalogue import Catalogue
from ecommerce_assets.shops.synthetic.lines import GIFT_CARD, PRODUCT, Lines
from ecommerce_assets.shops.synthetic.orders import DAY, NEVER, RETURN_DAYS, Orders
from ecommerce_assets.shops.synthetic.random_numbers import Flags, Ints, RandomNumbers

RETURN_REASONS = ("broken", "not as described", "wrong size", "wrong colour", "changed my mind")
ADJUSTMENT_KINDS = ("refund", "shipping")
ADJUSTMENT_REASONS = ("goodwill", "refunded twice", "arrived late", "delivered again")
_REFUND, _SHIPPING = range(2)
_GOODWILL, _TWICE, _LATE, _AGAIN = range(4)

_LATE_AFTER = 4 * DAY
"""Some orders that take longer than this get their shipping refunded."""


@dataclass(frozen=True)
class Returns:
    """The returns of a day's orders; `row` is a position in `Lines`."""

    row: Ints
    quantity: Ints
    refund: Ints
    returned_at: Ints
    reason: Ints
    is_exchange: Flags
    """Whether the customer gets another good in exchange."""


@dataclass(frozen=True)
class Adjustments:
    """The adjustments of a day's orders; `order` is a position in `Orders`."""

    order: Ints
    kind: Ints
    """A position in `ADJUSTMENT_KINDS`."""
    amount: Ints
    adjusted_at: Ints
    reason: Ints
    """A position in `ADJUSTMENT_REASONS`."""
    first_amount: Ints
    """The amount of the first version; equal to `amount` if that was right."""
    corrected_at: Ints
    """The moment of the second version, with `amount`; `NEVER` for most."""


def returns_of(
    orders: Orders, lines: Lines, catalogue: Catalogue, random: RandomNumbers
) -> Returns:
    """Choose the whole orders and single lines that are returned; each line at most once.

    Gift cards are returned with the whole order or, rarely, alone; extras never are.
    """
    order = lines.order
    delivered_at = orders.delivered_at[order]
    single_at = delivered_at // DAY * DAY + random.pick(RETURN_DAYS, len(order)) * DAY
    single_at += random.between(DAY // 2, DAY - 1, len(order))
    per_mille = np.where(lines.kind == GIFT_CARD, 10, 0)
    is_product = lines.kind == PRODUCT
    per_mille[is_product] = catalogue.returned_per_mille[lines.product[is_product]]
    whole = (orders.returned_at[order] != NEVER) & (is_product | (lines.kind == GIFT_CARD))
    single = random.chance(per_mille, len(order)) & (orders.returned_at[order] == NEVER)
    single &= (delivered_at != NEVER) & (lines.taken_off_at == NEVER)
    row = np.flatnonzero(whole | single)
    quantity = lines.quantity[row]
    part = 1 + random.between(0, 999, len(row)) * quantity // 1000
    back = np.where(whole[row], quantity, part)
    worth = lines.gross[row] - lines.discount[row]
    # The line's part of the order discount, rounded up, so that no refund exceeds the payment.
    share = -(-orders.discount[order[row]] * worth // orders.value[order[row]])
    # An exchanged line has no part of the order discount.
    can_exchange = single[row] & is_product[row] & (orders.discount == 0)[order[row]]
    return Returns(
        row=row,
        quantity=back,
        refund=(worth - share) * back // quantity,
        returned_at=np.where(whole[row], orders.returned_at[order[row]], single_at[row]),
        reason=random.pick((20, 20, 15, 15, 30), len(row)),
        is_exchange=can_exchange & random.chance(180, len(row)),
    )


def adjustments_of(orders: Orders, random: RandomNumbers) -> Adjustments:
    """Choose the refunds without goods, and those of them that are charged again."""
    delivered = np.flatnonzero((orders.delivered_at != NEVER) & (orders.value > 0))
    goodwill = delivered[random.chance(12, len(delivered))]
    given = orders.value[goodwill] * random.between(10, 30, len(goodwill)) // 100 // 50 * 50
    twice = random.chance(80, len(goodwill))
    paid_postage = delivered[orders.shipping[delivered] > 0]
    transit = orders.delivered_at[paid_postage] - orders.fulfilled_at[paid_postage]
    late = paid_postage[(transit > _LATE_AFTER) & random.chance(150, len(paid_postage))]
    again = paid_postage[random.chance(4, len(paid_postage))]
    given = np.maximum(given, 2_00)
    parts = (
        (_REFUND, _GOODWILL, goodwill, given, 1),
        (_REFUND, _TWICE, goodwill[twice], -given[twice], 16),
        (_SHIPPING, _LATE, late, orders.shipping[late], 1),
        (_SHIPPING, _AGAIN, again, -orders.shipping[again], 8),
    )
    sizes = [len(order) for _, _, order, _, _ in parts]
    order = np.concatenate([order for _, _, order, _, _ in parts])
    size = len(order)
    after = np.repeat([days for *_, days in parts], sizes) + random.between(0, 12, size)
    delivered_on = orders.delivered_at[order] // DAY * DAY
    adjusted_at = delivered_on + after * DAY + random.between(DAY // 3, DAY * 3 // 4, size)
    amount = np.concatenate([amount for _, _, _, amount, _ in parts])
    mistyped = random.chance(40, size)
    return Adjustments(
        order=order,
        kind=np.repeat([kind for kind, *_ in parts], sizes),
        amount=amount,
        adjusted_at=adjusted_at,
        reason=np.repeat([reason for _, reason, *_ in parts], sizes),
        first_amount=np.where(mistyped, amount + 1_00, amount),
        corrected_at=np.where(mistyped, adjusted_at + random.between(3600, 2 * DAY, size), NEVER),
    )
