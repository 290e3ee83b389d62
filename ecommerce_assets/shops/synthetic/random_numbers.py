"""Random draws made of whole numbers alone, so that a seed gives the same on every machine."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class RandomNumbers:
    """Draws from one stream: the same calls in the same order give the same values."""

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def between(self, low: int, high: int, size: int) -> Ints:
        """Whole numbers from `low` up to `high`, both included."""
        return self._generator.integers(low, high, size=size, endpoint=True)

    def chance(self, per_mille: int | Ints, size: int) -> Flags:
        """True in `per_mille` of a thousand."""
        return self.between(1, 1000, size) <= per_mille

    def pick(self, weights: Sequence[int] | Ints, size: int) -> Ints:
        """Positions in `weights`, each as often as its weight says."""
        bounds = np.cumsum(weights)
        drawn = self._generator.integers(0, bounds[-1], size=size)
        return np.searchsorted(bounds, drawn, side="right")

    def recent(self, count: int | Ints, size: int) -> Ints:
        """Positions among `count`, the later the likelier: half of them in the last quarter."""
        step = self.between(0, 2**20 - 1, size)
        return count - 1 - ((step * step >> 20) * count >> 20)
