"""Whatever bytes land, every record is staged or quarantined, or the file is refused in a sentence.

`python -m ecommerce_tests.torture.fuzz_readers` goes on for longer, with memory bounded.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from ecommerce_assets.feeds.contract import FEEDS, Feed
from ecommerce_assets.feeds.reading import EXTENSIONS
from ecommerce_tests.torture.fuzz_readers import VALUES, Fuzzer, check

feeds = st.sampled_from(list(FEEDS.values()))


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_a_hostile_file(seed: int) -> None:
    check(*Fuzzer(seed).file())


@given(st.sampled_from(EXTENSIONS), st.binary(max_size=300), feeds)
def test_any_bytes(extension: str, content: bytes, feed: Feed) -> None:
    check(f"d{extension}", content, feed)


@given(st.lists(st.sampled_from([*VALUES, "\n", ","]), max_size=60), feeds)
def test_any_text_below_a_header(texts: list[str], feed: Feed) -> None:
    check("d.csv", "".join([",".join(feed.columns), "\n", *texts]).encode(), feed)


def test_fields_of_ten_million_characters() -> None:
    feed = FEEDS["returns"]
    for unit in ("x", '"', "@", "\0", "é", " ", "[", "x@"):
        line = unit * (10**7 // len(unit))
        check("d.csv", f"{','.join(feed.columns)}\n{line}".encode(), feed)
        check("d.jsonl", line.encode(), feed)
