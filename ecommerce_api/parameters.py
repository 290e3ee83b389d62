"""The query parameters that several endpoints share. An unknown parameter is an error.

If it were ignored, a mistyped `start` would silently give the figures of another period.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ecommerce_api.problems import ParameterError, ParameterFault

DEFAULT_DAYS = 30
MOST_DAYS = 1100
DEFAULT_LIMIT = 100
MOST_ROWS = 1000
_LONGEST_NUMBER = 12


def _day(value: Any) -> Any:
    # Pydantic would also accept a number, as seconds since 1970.
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is no date; write it as YYYY-MM-DD")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not in the calendar") from None


def _whole(value: Any) -> Any:
    # Pydantic would also accept 5.0, -0.0, 1_000, and numbers of thousands of digits.
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise ValueError("is no whole number")
    if len(value) > _LONGEST_NUMBER:
        raise ValueError(f"has more than {_LONGEST_NUMBER} characters")
    return value


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character, which no stored text does")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Day = Annotated[dt.date, BeforeValidator(_day)]
Text = Annotated[
    str,
    AfterValidator(_text),
    Field(min_length=1, max_length=255, json_schema_extra={"pattern": r"^[^\u0000]*$"}),
]


class Query(BaseModel):
    """The parameters of an endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """Which page of a list."""

    limit: Whole = Field(
        DEFAULT_LIMIT, ge=1, le=MOST_ROWS, description="How many at most.", examples=[100]
    )
    offset: Whole = Field(
        0, ge=0, le=2**31 - 1, description="How many to leave out first.", examples=[0]
    )


class PeriodQuery(Query):
    """A period by its first and last day, both inclusive."""

    start: Day | None = Field(None, description="The first day.", examples=["2024-03-01"])
    end: Day | None = Field(None, description="The last day.", examples=["2024-03-29"])

    def require_order(self) -> None:
        """Refuse an end before the start.

        Raises:
            ParameterError: the end is before the start.
        """
        if self.start is not None and self.end is not None:
            _require_order(self.start, self.end)


@dataclass(frozen=True)
class Period:
    """A period from `start` to `end`, both inclusive."""

    start: dt.date
    end: dt.date

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days + 1

    def before(self) -> "Period":
        """Give the period of the same length that ends on the day before."""
        return Period(days_before(self.start, self.days), days_before(self.start, 1))


def chosen_period(query: PeriodQuery, as_of: dt.date) -> Period:
    """Give the period of a query; a missing start or end is set from the last loaded batch date.

    Raises:
        ParameterError: the end is before the start, or the period is longer than allowed.
    """
    end = query.end or as_of
    start = query.start or days_before(end, DEFAULT_DAYS - 1)
    _require_order(start, end)
    period = Period(start, end)
    if period.days > MOST_DAYS:
        raise ParameterError(
            ParameterFault(
                parameter="start" if query.start else "end",
                value=str(query.start or query.end),
                message=f"asks for {period.days:,} days ({start} to {end}); "
                f"ask for {MOST_DAYS:,} at most",
            )
        )
    return period


def days_before(day: dt.date, days: int) -> dt.date:
    """Give the day so many days earlier, at the earliest the calendar's first day."""
    return dt.date.fromordinal(max(1, day.toordinal() - days))


def _require_order(start: dt.date, end: dt.date) -> None:
    if end < start:
        raise ParameterError(
            ParameterFault(parameter="end", value=str(end), message=f"is before start ({start})")
        )
