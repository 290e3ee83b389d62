"""Random small shops, loaded at once, agree with the model in every cell of every table."""

from pathlib import Path

import pytest

from ecommerce_tests.torture.torture_shop import TortureShop


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_the_model(seed: int, tmp_path: Path, database_url: str) -> None:
    shop = TortureShop(tmp_path, database_url, seed)
    shop.random.land_all(shop.landing)

    shop.load(shop.days[0], shop.days[-1])

    shop.assert_like_the_model()
