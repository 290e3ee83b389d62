"""Numbers and dates as text for the reports' sentences; rounding happens only here."""

import datetime as dt
from fractions import Fraction

from ecommerce_assets.rules.money import half_up


def money(cents: int, currency: str) -> str:
    """Write hundredths as `1,234.50 USD`."""
    sign = "−" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d} {currency}"


def tenths(number: int) -> str:
    """Write tenths as `1,234.5`."""
    sign = "−" if number < 0 else ""
    return f"{sign}{abs(number) // 10:,}.{abs(number) % 10}"


FEW = 20
"""Fewer things get no percentage, since a single one would change it by 5% or more."""


def share(part: int, whole: int) -> str:
    """Write `part` of `whole` as `12.3%`."""
    return f"{tenths(half_up(Fraction(1000 * part, whole)))}%"


def part_of(part: int, whole: int, noun: str) -> str:
    """Write `12 of the 345 orders (3.5%)`, `1 of the 4 orders`, `none of the 345 orders`."""
    things = f"of the {count(whole, noun)}"
    if part == 0:
        return f"none {things}"
    stated = f" ({share(part, whole)})" if whole >= FEW else ""
    return f"{part:,} {things}{stated}"


def count(number: int, noun: str) -> str:
    """Write `1 order`, `2,345 orders`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def change(now: int, before: int) -> str:
    """Write how `now` compares with `before`: `up 12.3%`, `down 4.0%`, `unchanged`."""
    if now == before:
        return "unchanged"
    direction = "up" if now > before else "down"
    if before == 0:
        return f"{direction} from nothing"
    return f"{direction} {share(abs(now - before), abs(before))}"


def capitalised(text: str) -> str:
    """Write the first letter as a capital."""
    return text[:1].upper() + text[1:]


def day(date: dt.date) -> str:
    """Write `5 March 2024`."""
    return f"{date.day} {date:%B %Y}"


def month(date: dt.date) -> str:
    """Write `March 2024`."""
    return f"{date:%B %Y}"


def period(start: dt.date, end: dt.date) -> str:
    """Write `1 March 2024 – 5 March 2024 (5 days)`, or the day if it is one."""
    if start == end:
        return day(start)
    return f"{day(start)} – {day(end)} ({count((end - start).days + 1, 'day')})"


def shortened(text: str, width: int) -> str:
    """Fit a text of the shop's into `width` characters of one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
