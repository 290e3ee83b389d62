"""JSON lines as records of texts (docs/reference/feeds.md, Files). Values are not parsed here."""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.records import Malformed, Records, lay_out

_SURROGATE = ("\ud800", "\udfff")


def read_jsonl(text: str, feed: Feed) -> Records:
    """Read JSON lines; numbers count as their text."""
    columns: dict[str, list[str | None]] = {name: [] for name in feed.columns}
    unfit: dict[str, list[int]] = {}
    line_numbers: list[int] = []
    malformed: list[Malformed] = []
    ignored: dict[str, None] = {}
    lines = (line for line in text.split("\n") if line.strip())
    for line_number, line in enumerate(lines, start=1):
        members = _json_object(line)
        if members is None:
            malformed.append(Malformed(line_number, line.rstrip("\r")))
            continue
        for name, values in columns.items():
            value = members.pop(name, None)
            if value is not None and not (isinstance(value, str) and _is_text(value)):
                unfit.setdefault(name, []).append(len(line_numbers))
                value = json.dumps(value)
            values.append(value)
        ignored.update(dict.fromkeys(members))
        line_numbers.append(line_number)
    masks = {name: np.zeros(len(line_numbers), dtype=bool) for name in unfit}
    for name, positions in unfit.items():
        masks[name][positions] = True
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return Records(lay_out(feed, texts, line_numbers), masks, malformed, list(ignored))


def _json_object(line: str) -> dict[str, Any] | None:
    """Read an object with numbers as their text and trimmed names; None if it is none."""
    try:
        value = json.loads(
            line, object_pairs_hook=_trimmed, parse_int=str, parse_float=str, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _trimmed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.strip(): value for name, value in pairs}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_text(value: str) -> bool:
    """Whether UTF-8 can hold a text: JSON may escape half a surrogate pair."""
    return value.isascii() or not any(_SURROGATE[0] <= char <= _SURROGATE[1] for char in value)
