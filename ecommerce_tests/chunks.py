"""Loads in small pieces, so that a few records take as many steps as millions do."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ecommerce_assets.assets import batches
from ecommerce_assets.warehouse import touched


@contextmanager
def chunks_of(keys: int) -> Iterator[None]:
    """Let loads compute so many keys at once, and read files a few, or one, at a time.

    The graph takes the sizes when it is built, so it has to be built within the block.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "BYTES_AT_ONCE", min(keys * 500, batches.BYTES_AT_ONCE))
        for name, value in list(vars(touched).items()):
            if isinstance(value, touched.Queue):
                patch.setattr(touched, name, dataclasses.replace(value, chunk=keys))
        yield
