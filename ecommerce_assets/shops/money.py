"""Converts amounts between decimals and cents, and divides cents.

`rules.money` has the arithmetic of the warehouse's figures.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

Cents = int

_CENT = Decimal("0.01")
_PRICE = Decimal("0.0001")


def to_cents(amount: Decimal) -> Cents:
    """Give an amount in cents, rounded half up."""
    return int(amount.quantize(_CENT, ROUND_HALF_UP).scaleb(2))


def amount_text(amount: Decimal) -> str:
    """Write an amount for a feed; more than two decimals stay, and the feed's rules judge them."""
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    return str(rounded) if rounded == amount else f"{amount.normalize():f}"


def price_text(price: Decimal) -> str:
    """Write a price for a feed, rounded half up to four decimals."""
    return str(price.quantize(_PRICE, ROUND_HALF_UP))


def share_out(total: Cents, weights: Sequence[int]) -> list[Cents]:
    """Divide `total` in proportion to `weights`, in cents that add up to it exactly.

    The largest remainders get the cents left over, the earlier of equals first. If no weight is
    above 0, the first part gets all.
    """
    whole = sum(weights)
    if whole <= 0:
        return [total if place == 0 else 0 for place in range(len(weights))]
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    ranked = sorted(range(len(weights)), key=lambda place: (-remainders[place], place))
    for place in ranked[: total - sum(parts)]:
        parts[place] += 1
    return parts
