"""Source text of cells, given to ``linecache`` so that tracebacks and ``inspect`` find it, and what cells are called."""

from __future__ import annotations

import linecache

__all__ = ["label_of", "remember"]

_labels: dict[str, str] = {}


def remember(file: str, label: str, text: str) -> None:
    """Let code compiled from ``file``, which need not exist, show these lines; people read the label."""
    _labels[file] = label
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)


def label_of(file: str) -> str | None:
    """Return what people call the cell that this code comes from: ``Cell In[3]``; None for a real file."""
    return _labels.get(file)
