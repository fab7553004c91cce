"""A trainer's configuration in brief: what a reader of runs compares, without dumps and without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

from trackside.tracking.values import fields_of, plain

__all__ = ["brief", "parameters"]

_LONGEST_TEXT = 200
_MOST_ITEMS = 16
_MOST_FIELDS = 100
_DEPTH = 3
_SECRET = re.compile(r"(^|[_-])(token|secret|password|passwd|credentials?|api_?key|access_?key)$", re.IGNORECASE)


def brief(config: Mapping[str, object]) -> dict[str, object]:
    """Return a configuration with long texts cut and big things named by their size.

    Fields named like secrets are left out, and so is None: it says that something was not set.
    """
    return {key: _brief(value, _DEPTH) for key, value in list(_told(config).items())[:_MOST_FIELDS]}


def _told(fields: Mapping[Any, object]) -> dict[str, object]:
    return {str(key): value for key, value in fields.items() if value is not None and not _SECRET.search(str(key))}


def _brief(value: object, depth: int) -> object:
    shape = getattr(value, "shape", ())
    if isinstance(shape, Sequence) and any(size != 1 for size in shape):
        return f"{type(value).__name__} of shape {tuple(shape)}"
    fields = fields_of(value)
    if fields is not None:
        if depth == 0 or len(fields) > _MOST_FIELDS:
            return f"{type(value).__name__} of {len(fields)}"
        return {key: _brief(item, depth - 1) for key, item in _told(fields).items()}
    if isinstance(value, (list, tuple, Set)):
        if depth == 0 or len(value) > _MOST_ITEMS:
            return f"{type(value).__name__} of {len(value)}"
        return [_brief(item, depth - 1) for item in value]
    found = plain(value)
    if isinstance(found, str) and len(found) > _LONGEST_TEXT:
        return found[: _LONGEST_TEXT - 1] + "…"
    return found


def parameters(model: Any) -> int | None:
    """Return the number of parameters of a model of Keras or torch, None while it is not built."""
    try:
        if hasattr(model, "count_params"):
            return int(model.count_params())
        return sum(int(each.numel()) for each in model.parameters())
    except (ValueError, RuntimeError):
        return None
