"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["delays"]


def delays(first: float = 0.1, longest: float = 5.0, *, rng: random.Random | None = None) -> Iterator[float]:
    """Yield seconds for ever: doubled each time up to ``longest``, each shortened at random by up to a half.

    The random part keeps a hundred kernels from coming back to a restarted server in the same instant.
    """
    rng = rng or random.Random()
    delay = min(first, longest)
    while True:
        yield delay * (1 - rng.random() / 2)
        delay = min(delay * 2, longest)
