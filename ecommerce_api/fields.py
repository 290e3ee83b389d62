"""What all answers share: field types, exact division, and the envelope.

An amount is written with the decimals that it has: those of its column, or of `quotient`. No answer
rounds. The fields of one subject are in its module.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from ecommerce_assets.rules.money import half_up

Amount = Annotated[Decimal, WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2}$"})]
"""An amount in the store's currency."""

Price = Annotated[Decimal, WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{4}$"})]
"""A price for one unit in the store's currency."""

Rate = Price
"""A rate or a relative change, written with four decimals."""

Tenth = Annotated[Decimal, WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d$"})]
"""A number of days and tenths."""

Number = TypeVar("Number", int, Decimal)


def quotient(above: Decimal | int, below: Decimal | int, places: int) -> Decimal | None:
    """Divide exactly, rounded half up to `places` decimals; None if `below` is 0."""
    if not below:
        return None
    above_top, above_bottom = above.as_integer_ratio()
    below_top, below_bottom = below.as_integer_ratio()
    scaled = Fraction(above_top * below_bottom * 10**places, above_bottom * below_top)
    return Decimal(half_up(scaled)).scaleb(-places)


class Fields(BaseModel):
    """An object in an answer. Its validation errors show no values, so that logs have none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answer(Fields):
    """The envelope of every answer."""

    as_of: dt.date = Field(
        description="The last loaded batch date: what arrived after it is not in here.",
        examples=["2024-03-29"],
    )
    currency: str = Field(description="The currency of all amounts, ISO 4217.", examples=["EUR"])


class Listing(Answer):
    """An answer that is a list."""

    items: Sequence[Fields] = Field(description="The list.", examples=[[]])


class PagedListing(Listing):
    """An answer that is one page of a list; the `Link` header has the URLs of other pages."""

    total: int = Field(description="How many there are on all pages.", examples=[1])
