"""Reads moments, texts and countries of Medusa's documents."""

import datetime as dt
from typing import Any

from ecommerce_assets.shops.connecting.client import ShopError
from ecommerce_assets.shops.spool import Json


def moment(document: Json, name: str) -> dt.datetime | None:
    """Read a moment, which Medusa writes in UTC; None if it is missing.

    Raises:
        ShopError: the value is not a moment.
    """
    text = document.get(name)
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(str(text)).astimezone(dt.UTC)
    except ValueError:
        raise ShopError(
            f"Medusa's {document.get('id')} has {name}={text!r}, which is no moment."
        ) from None


def latest(*moments: dt.datetime | None) -> dt.datetime:
    """The latest of some moments, at least one of which is not None."""
    return max(at for at in moments if at is not None)


def text(value: Any) -> str | None:
    """A text on one line; an empty one is null."""
    return " ".join(str(value).split()) or None if value is not None else None


def country(address: Json | None) -> str | None:
    """An address's country code in capitals, as the feeds have it."""
    code = (address or {}).get("country_code")
    return str(code).upper() if code else None
