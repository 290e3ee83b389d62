import platform
import subprocess
import sys

import pytest

GROWN_BY = """
import sys
import psutil
from ecommerce_assets.memory import give_back_freed_memory

if sys.argv[1] == "given back":
    give_back_freed_memory()
bytearray(30 << 20)  # glibc takes blocks of up to this size from its heaps from now on
before = psutil.Process().memory_info().rss
blocks = [(bytearray(1 << 20), bytearray(1000)) for _ in range(300)]
small = [kept for _, kept in blocks]
del blocks
print((psutil.Process().memory_info().rss - before) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_freed_memory_goes_back_though_small_blocks_between_are_kept() -> None:
    def megabytes_kept(what: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", GROWN_BY, what], stdout=subprocess.PIPE, text=True, check=True
        )
        return int(done.stdout)

    assert megabytes_kept("given back") < 20
    assert megabytes_kept("kept") > 200, "the case does not show the difference any more"
