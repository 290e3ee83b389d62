"""Texts for CSV files that people open in a spreadsheet, which runs what looks like a formula.

How a value is written otherwise does not belong here.
"""

import unicodedata

_STARTS_A_FORMULA = tuple("=+-@|＝＋－＠")
_NOT_SEEN = {"Cc", "Cf", "Zl", "Zp", "Zs"}


def inert(text: str) -> str:
    """Give a text that no spreadsheet takes for a formula: an apostrophe before one that it might.

    Spreadsheets skip white space, controls and invisible characters, such as U+200B, before it.
    """
    start = next((char for char in text if unicodedata.category(char) not in _NOT_SEEN), "")
    is_risky = start in _STARTS_A_FORMULA or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if is_risky else text
