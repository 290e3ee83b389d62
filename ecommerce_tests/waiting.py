"""Waits for what another process or thread does, by looking again and again."""

from collections.abc import Callable
from typing import TypeVar

import tenacity

T = TypeVar("T")


def until(look: Callable[[], T | None], seconds: float = 240, *, pause: float = 0.05) -> T:
    """Look until something true is seen, and give it; `tenacity.RetryError` if it never is."""
    looking = tenacity.Retrying(
        retry=tenacity.retry_if_not_result(bool),
        wait=tenacity.wait_fixed(pause),
        stop=tenacity.stop_after_delay(seconds),
    )
    seen: T = looking(look)
    return seen
