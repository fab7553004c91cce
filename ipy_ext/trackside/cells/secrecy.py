"""What a job does not write down: the values of its secrets, in its outputs, its exception and what describes its results."""

from __future__ import annotations

import os
from collections.abc import Iterable

from trackside.tracking.masking import NO_MASK, Mask, mask_of

__all__ = ["hidden", "keep_secret", "mask"]

_mask = NO_MASK


def keep_secret(names: Iterable[str]) -> None:
    """Hide the values that these variables have now, from here on; the code that runs later may change them."""
    global _mask
    _mask = mask_of(names, dict(os.environ))


def mask() -> Mask:
    """Return the mask of this job; outside a job it hides nothing."""
    return _mask


def hidden(text: str) -> str:
    """Return the text with stars in place of this job's secrets."""
    return _mask.text(text)
