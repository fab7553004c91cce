"""Values as wandb writes them: JSON, under a key or a path of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["merge", "parse", "parts", "put"]


def parse(text: str) -> object:
    """Return the value of a JSON text, NaN and infinities included; of what is none, the text itself."""
    try:
        if text[:1] in "-0123456789NI":
            return int(text) if text.lstrip("-").isdigit() else float(text)
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def merge(into: dict[str, object], changes: Any) -> None:
    """Apply the updates and removals of a record of configuration or summary."""
    for item in changes.update:
        put(into, item)
    for item in changes.remove:
        level, last = _level(into, list(item.nested_key) or [item.key])
        level.pop(last, None)


def put(into: dict[str, object], item: Any) -> None:
    """Set one value under its key or its path of keys."""
    level, last = _level(into, list(item.nested_key) or [item.key])
    level[last] = parse(item.value_json)


def _level(into: dict[str, object], path: list[str]) -> tuple[dict[str, object], str]:
    """Return the dict that holds the last key of a path, and that key; dicts on the way are made."""
    for key in path[:-1]:
        below = into.get(key)
        if not isinstance(below, dict):
            below = into[key] = {}
        into = below
    return into, path[-1]


def parts(values: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values at any depth by keys such as ``a/b``; a dict with a ``_type`` is one value, a medium."""
    for key, value in values.items():
        if isinstance(value, dict) and "_type" not in value:
            yield from parts(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value
