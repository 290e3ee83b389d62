"""Prepares texts of landed files for storage and display: escaped, cut, addresses masked."""

import re

from ecommerce_assets.feeds.privacy import mask_addresses

HEAD = 10_000
"""The number of stored characters of a record above the limit."""

_NAME_HEAD = 255

BLANKS = re.compile(
    b"(?:"
    + b"|".join(re.escape(chr(c).encode()) for c in range(0x3001) if chr(c).isspace())
    + b")*+"
)
"""Matches Unicode white space in UTF-8."""


def visible(text: str) -> str:
    r"""Write what JSON or UTF-8 in PostgreSQL cannot hold as an escape one can see: ``\\u0000``."""
    text = text.replace("\0", "\\u0000")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def head(text: str, length: int = HEAD) -> str:
    """Give a text's first characters, with an ellipsis if there are more."""
    return text if len(text) <= length else f"{text[:length]}…"


def shown(name: str) -> str:
    """Give a file's or column's name for display: on one line, cut, addresses masked."""
    # The mask comes last, so that the ellipsis counts as the text after an `@` that is cut.
    masked = mask_addresses(head(name, _NAME_HEAD))
    return "".join(
        char if char.isprintable() or char == " " else ascii(char)[1:-1] for char in masked
    )
