"""Amounts of shops' documents, whatever JSON has them as: read, fitted to a total, and written.

Sums and shares of cents are in `money`.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ecommerce_assets.shops.documents import DocumentError
from ecommerce_assets.shops.money import Cents, price_text, to_cents


def decimal(value: Any) -> Decimal:
    """Read an amount, text or number; null and an empty text are 0.

    Raises:
        DocumentError: it is no number.
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
    """Read an amount in cents, half a cent rounded away from zero."""
    return to_cents(decimal(value))


def amount(minor_units: Cents) -> str:
    """Write cents as an amount of a landing file: 1250 is 12.50."""
    return str(Decimal(minor_units).scaleb(-2))


def unit_price(gross: Cents, quantity: Decimal) -> str:
    """Write the price of one unit, to four decimals; that of no units is 0."""
    return price_text(Decimal(gross).scaleb(-2) / quantity) if quantity else "0"


def fit(exact: Sequence[Decimal], total: Cents) -> list[Cents]:
    """Round amounts to cents so that they add up to `total` cents.

    Each is rounded half up by itself. Where the sum then misses the total by no more than a cent an
    amount, those furthest from their exact value on that side take a cent each, the first of
    equals first. A sum that is further off was never the total's: it stays as it is.
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
