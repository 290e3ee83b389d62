"""Random small shops agree with the model in every cell, loaded at once or in pieces."""

import random
from pathlib import Path

import pytest

from ecommerce_tests.torture.histories import chunks_of
from ecommerce_tests.torture.torture_shop import TortureShop


@pytest.mark.parametrize("seed", range(8))
def test_loaded_at_once(seed: int, tmp_path: Path, database_url: str) -> None:
    shop = TortureShop(tmp_path, database_url, seed)
    shop.random.land_all(shop.landing)

    shop.load(shop.days[0], shop.days[-1])

    shop.assert_like_the_model()


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 3))]
)
def test_edited_and_loaded_in_pieces(seed: int, tmp_path: Path, database_url: str) -> None:
    rng = random.Random(seed)
    shop = TortureShop(tmp_path, database_url, seed)
    for share in (0.7, 0.4):
        shop.random.land_all(shop.landing, share)
        files = sorted(path for path in shop.landing.rglob("*") if path.is_file())
        for path in rng.sample(files, len(files) // 5):
            path.unlink()
        first = rng.randrange(len(shop.days))
        pieces = [(first, len(shop.days) - 1), *((day, day) for day in range(first))]
        rng.shuffle(pieces)
        with chunks_of(rng.choice((1, 2, 5))):
            for start, end in pieces:
                shop.load(shop.days[start], shop.days[end])
        shop.assert_like_the_model()
