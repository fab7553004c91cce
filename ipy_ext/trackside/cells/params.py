"""Values that a cell or a notebook gets by name: bound in a cell, written into a notebook as papermill does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackside.tracking.values import restore_floats

__all__ = ["inject", "params_of"]

_TAG, _INJECTED = "parameters", "injected-parameters"


def params_of(spec: Mapping[str, object]) -> dict[str, object]:
    """Return the values by name."""
    params = spec.get("params")
    return {name: restore_floats(value) for name, value in params.items()} if isinstance(params, dict) else {}


def inject(cells: list[dict[str, Any]], params: Mapping[str, object]) -> None:
    """Put a cell that binds the values behind the one tagged ``parameters``, at the top where there is none.

    One that was put there before is replaced.
    """
    if not params:
        return
    cells[:] = [cell for cell in cells if _INJECTED not in _tags(cell)]
    at = next((place + 1 for place, cell in enumerate(cells) if _TAG in _tags(cell)), 0)
    source = "".join(["# Parameters\n", *(f"{name} = {_written(value)}\n" for name, value in params.items())])
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {"tags": [_INJECTED]}, "source": source.rstrip()}
    if any("id" in each for each in cells):  # format 4.5 has them, older ones must not
        cell["id"] = _INJECTED
    cells.insert(at, {**cell, "outputs": [], "execution_count": None})


def _tags(cell: Mapping[str, Any]) -> list[str]:
    tags = (cell.get("metadata") or {}).get("tags")
    return tags if isinstance(tags, list) else []


def _written(value: object) -> str:
    """Return a value as Python writes it, also where that is no number that Python has a sign for."""
    text = repr(value)
    return f'float("{text}")' if text in ("nan", "inf", "-inf") else text
