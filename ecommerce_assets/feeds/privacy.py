"""Replaces e-mail addresses by hashes or masks."""

import hashlib
import hmac
import re

AT = r"(?:[@＠﹫]|[%=]40|\\u0040|&(?:\#0*64|\#[xX]0*40|commat);)"
"""Matches the `@` sign, which every address contains."""

_SIGN = re.compile(AT)
_CHAR = r"[^\s,;|]"
# The pattern starts at the start of a word only and does not backtrack, so the time is linear.
_ADDRESS = re.compile(
    rf'"[^"]*+"{AT}{_CHAR}++'
    rf"|(?<!{_CHAR}){AT}*+(?:(?!{AT}){_CHAR})++(?:\s*+{AT}\s*+{_CHAR}++)++"
)

MASK = "[e-mail address]"


class Hasher:
    """Hashes e-mail addresses: SHA-256, or HMAC-SHA-256 under the shop's key.

    Source: docs/reference/feeds.md, Personal data.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key.encode() if key else None

    def __call__(self, email: str) -> str:
        """Give the lower-case hexadecimal hash of the address, trimmed and in lower case."""
        address = email.strip().lower().encode("utf-8", "surrogatepass")
        if self._key is None:
            return hashlib.sha256(address).hexdigest()
        return hmac.digest(self._key, address, "sha256").hex()


def looks_like_address(text: str) -> bool:
    """Whether a text contains something like an e-mail address: text, `@`, text.

    The `@` may have white space beside it and may be written in full width, as `%40`, `=40`,
    `&#64;` or JSON's escape.
    """
    return _SIGN.search(text) is not None and _ADDRESS.search(text) is not None


def mask_addresses(text: str) -> str:
    """Replace everything that looks like an e-mail address by a mask."""
    return _ADDRESS.sub(MASK, text)
