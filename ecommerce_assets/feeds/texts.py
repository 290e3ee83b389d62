"""Texts of landed files as they are kept, listed or shown: escaped, cut, addresses masked.

What is done with a record does not belong here.
"""

import re

from ecommerce_assets.feeds.privacy import mask_addresses

HEAD = 10_000
"""Characters that are kept of a record above the limit."""

_NAME_HEAD = 255

BLANKS = re.compile(
    b"(?:"
    + b"|".join(re.escape(chr(c).encode()) for c in range(0x3001) if chr(c).isspace())
    + b")*+"
)
"""Matches the white space that Unicode has, as UTF-8."""


def visible(text: str) -> str:
    r"""Write what JSON or UTF-8 in PostgreSQL cannot hold as an escape one can see: ``\\u0000``."""
    text = text.replace("\0", "\\u0000")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def head(text: str, length: int = HEAD) -> str:
    """Give a text's first characters, with an ellipsis if there are more."""
    return text if len(text) <= length else f"{text[:length]}…"


def shown(name: str) -> str:
    """Give a file's or column's name as one may show it: one line, cut, addresses masked."""
    # Masked last: the ellipsis stands for the text behind an `@` that is cut off.
    masked = mask_addresses(head(name, _NAME_HEAD))
    return "".join(
        char if char.isprintable() or char == " " else ascii(char)[1:-1] for char in masked
    )
