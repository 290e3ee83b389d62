"""The settings that shape figures, and the dates that follow from them."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from zoneinfo import ZoneInfo

UTC = dt.UTC
CENT = Decimal("0.01")
RATE = Decimal("0.0001")
EXACT = Context(prec=20_000, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class ModelSettings:
    """What `ECOMMERCE_…` says of a shop; `today` is the store's date."""

    currency: str = "EUR"
    timezone: str = "UTC"
    source_timezone: str = "UTC"
    return_days: int = 30
    tolerate: frozenset[str] = frozenset()
    hash_key: str | None = None
    refuse_share: float = 0.5
    today: dt.date = dt.date(2026, 6, 1)

    def business_date(self, moment: dt.datetime) -> dt.date:
        """The calendar date of a moment in the store's time zone."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def end_of(self, day: dt.date) -> dt.datetime:
        """The first moment after a business day; its last instant is a microsecond before."""
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
        zone = ZoneInfo(self.timezone)
        # A clock change may skip midnight or repeat it. Of its two readings, the later one that is
        # the end of this day counts.
        ends = (midnight.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        instant = dt.timedelta(microseconds=1)
        return max(end for end in ends if self.business_date(end - instant) == day)


def half_up(value: Decimal, unit: Decimal = CENT) -> Decimal:
    """Round to a unit, halves away from zero."""
    return value.quantize(unit, context=EXACT)


def share(part: Decimal | int, whole: int, unit: Decimal) -> Decimal | None:
    """Divide and round half up; null where there is nothing to divide by."""
    return half_up(Decimal(part) / whole, unit) if whole else None
