"""Reads amounts from JSON as text or number, fits them to a total, and writes them.

`money` divides cents.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ecommerce_assets.shops.documents import DocumentError
from ecommerce_assets.shops.money import Cents, price_text, to_cents


def decimal(value: Any) -> Decimal:
    """Read an amount, text or number; null and an empty text are 0.

    Raises:
        DocumentError: the value is not a number.
    """
    if value is None or value == "":
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DocumentError(f"{value!r} is no amount; export the document again.")
    return number


def cents(value: Any) -> Cents:
    """Read an amount in cents, rounded half away from zero."""
    return to_cents(decimal(value))


def amount(minor_units: Cents) -> str:
    """Write cents as an amount of a landing file: 1250 is 12.50."""
    return str(Decimal(minor_units).scaleb(-2))


def unit_price(gross: Cents, quantity: Decimal) -> str:
    """Write the price of one unit with four decimals; 0 if there are no units."""
    return price_text(Decimal(gross).scaleb(-2) / quantity) if quantity else "0"


def fit(exact: Sequence[Decimal], total: Cents) -> list[Cents]:
    """Round amounts to cents so that they add up to `total` cents.

    Each amount is first rounded half up. If their sum then differs from the total by at most one
    cent an amount, the amounts with the largest rounding error change by one cent, the earlier of
    equals first. If the sum differs by more, it belongs to another total, and nothing changes.
    """
    rounded = [to_cents(value) for value in exact]
    missing = total - sum(rounded)
    if not missing or abs(missing) > len(rounded):
        return rounded
    sign = 1 if missing > 0 else -1
    furthest = sorted(
        range(len(rounded)), key=lambda place: sign * (rounded[place] - exact[place] * 100)
    )
    for place in furthest[: abs(missing)]:
        rounded[place] += sign
    return rounded
