"""Reads JSON lines as records of texts (docs/reference/feeds.md, Files)."""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ecommerce_assets.feeds.contract import Feed
from ecommerce_assets.feeds.parsing import Mask
from ecommerce_assets.feeds.records import (
    IGNORED_LISTED,
    RECORD_LIMIT,
    Malformed,
    Records,
    lay_out,
    listed,
)
from ecommerce_assets.feeds.texts import BLANKS, HEAD

_SURROGATE = ("\ud800", "\udfff")

_BLOCK = 4 << 20
"""The bytes of a file whose records are Python objects at one time."""


def read_jsonl(content: bytes, feed: Feed) -> Records:
    """Read JSON lines in valid UTF-8; numbers become texts as written."""
    texts: dict[str, list[pa.Array]] = {name: [] for name in feed.columns}
    masks: dict[str, list[Mask]] = {name: [] for name in feed.columns}
    block: list[dict[str, Any]] = []
    size = 0

    def take_block() -> None:
        for name in feed.columns:
            array, unfit = _texts([members.get(name) for members in block])
            texts[name].append(array)
            masks[name].append(unfit)
        block.clear()

    line_numbers: list[int] = []
    malformed: list[Malformed] = []
    ignored: dict[str, None] = {}
    line_number = 0
    for line in io.BytesIO(content):
        if BLANKS.fullmatch(line):
            continue
        line_number += 1
        if len(line) > RECORD_LIMIT:
            beginning = line[: 4 * HEAD].decode(errors="ignore")
            malformed.append(Malformed.too_large(line_number, beginning))
            continue
        text = line.decode()
        members = _json_object(text, feed)
        if members is None:
            malformed.append(Malformed(line_number, text.rstrip("\r\n")))
            continue
        if len(ignored) <= IGNORED_LISTED and not members.keys() <= feed.columns.keys():
            ignored.update((name, None) for name in members if name not in feed.columns)
        block.append(members)
        line_numbers.append(line_number)
        size += len(line)
        if size > _BLOCK:
            take_block()
            size = 0
    take_block()
    return Records(
        lay_out(
            feed,
            {name: pa.chunked_array(arrays) for name, arrays in texts.items()},
            len(line_numbers),
        ),
        np.array(line_numbers, dtype="int64"),
        {name: mask for name in masks if (mask := np.concatenate(masks[name])).any()},
        malformed,
        listed(ignored),
    )


def _texts(values: Sequence[Any]) -> tuple[pa.Array, Mask]:
    """Give values as texts, and which of them are neither text nor number."""
    unfit = np.zeros(len(values), dtype=bool)
    try:
        return pa.array(values, pa.string()), unfit
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        unfit[:] = [
            value is not None and not (isinstance(value, str) and _is_text(value))
            for value in values
        ]
        texts = [
            json.dumps(value) if is_unfit else value
            for value, is_unfit in zip(values, unfit, strict=True)
        ]
        return pa.array(texts, pa.string()), unfit


def _json_object(line: str, feed: Feed) -> dict[str, Any] | None:
    """Read an object with numbers as texts and trimmed names; None if the line is not an object."""
    try:
        value = _DECODER.decode(line)
        if not isinstance(value, dict):
            return None
        if value.keys() <= feed.columns.keys() or all(name == name.strip() for name in value):
            return value
        # Of names that are equal after trimming, the last counts.
        trimmed: dict[str, Any] = _TRIMMING_DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return trimmed


def _trimmed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.strip(): value for name, value in pairs}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)
_TRIMMING_DECODER = json.JSONDecoder(
    object_pairs_hook=_trimmed, parse_int=str, parse_float=str, parse_constant=_refuse
)


def _is_text(value: str) -> bool:
    """Whether a text is valid in UTF-8; JSON may contain half a surrogate pair."""
    return value.isascii() or not any(_SURROGATE[0] <= char <= _SURROGATE[1] for char in value)
