"""A file in the pieces in which it travels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["pieces"]

_PIECE = 8 << 20
"""Bytes of one request: far below what a proxy lets through, far above what a request costs."""


def pieces(content: bytes | Path) -> Iterator[bytes]:
    """Yield what there is, piece by piece; an empty piece alone where there is nothing."""
    if isinstance(content, bytes):
        yield from (content[first : first + _PIECE] for first in range(0, len(content), _PIECE) or (0,))
        return
    with content.open("rb") as file:
        piece = file.read(_PIECE)
        yield piece
        while piece := file.read(_PIECE):
            yield piece
