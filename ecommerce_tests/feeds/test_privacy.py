"""Texts that look like e-mail addresses are found in every spelling of `@`, in linear time."""

import time

import pytest

from ecommerce_assets.feeds.privacy import MASK, looks_like_address, mask_addresses
from ecommerce_assets.feeds.texts import HEAD, head, shown


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.com",
        "anna＠example.com",
        "anna﹫example.com",
        "anna%40example.com",
        "anna=40example.com",
        "anna&#64;example.com",
        "anna&#x40;example.com",
        "anna&commat;example.com",
        r"anna\u0040example.com",
        "anna @example.com",
        "anna@ example.com",
        "anna @ example.com",
        '"an na"@example.com',
        "@anna@example.com",
        "anna @ example.com @ b",
    ],
)
def test_an_address_is_masked(address: str) -> None:
    assert looks_like_address(address)
    assert mask_addresses(f"C1,{address},x") == f"C1,{MASK},x"


@pytest.mark.parametrize("text", ["@", "@home", "2 pieces, @", "a,@,b", "100%", "a=4", "&#64;x"])
def test_an_at_sign_without_text_on_both_sides_stays(text: str) -> None:
    assert mask_addresses(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("x", '"', "@", "%4", "=4", "&#0", "&#064", '"x', "\\u004", "x ", "a@ ", "x@"),
        "x" + " " * 1_000,
    ],
)
def test_a_long_text_takes_linear_time(text: str) -> None:
    started = time.process_time()
    mask_addresses(text * (1_000_000 // len(text)))

    # It took hours, and takes half a second.
    assert time.process_time() - started < 30


def test_an_address_at_the_end_of_a_head_is_masked_too() -> None:
    text = "x " * (HEAD // 2 - 3) + "anna@example.com"

    assert "anna@" not in mask_addresses(head(text))


def test_a_name_is_shown_on_one_line_without_an_address() -> None:
    assert shown("a\nb\0c\x1b[2J\ud800") == r"a\nb\x00c\x1b[2J\ud800"
    assert shown("anna@example.com") == MASK
    assert len(shown("x" * 10**6)) < 300
