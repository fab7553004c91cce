"""Where inside a value another one sits, as a person would write it: ``model.layers[0].lock``."""

from __future__ import annotations

import itertools
import types
from collections import deque
from collections.abc import Iterator, Mapping

__all__ = ["path_to"]

_LIMIT = 200_000
_LEAVES = (str, bytes, bytearray, int, float, complex, bool, type(None), types.ModuleType, types.CodeType)


def path_to(root: object, target: object, name: str) -> str | None:
    """Return how the value called ``name`` leads to ``target`` (the same object), None when no way is found."""
    seen = {id(root)}
    todo = deque([(root, name)])
    for _ in range(_LIMIT):
        if not todo:
            break
        value, path = todo.popleft()
        if value is target:
            return path
        for child, child_path in _children(value, path):
            if child is target:
                return child_path
            if id(child) not in seen and not isinstance(child, _LEAVES):
                seen.add(id(child))
                todo.append((child, child_path))
    return None


def _children(value: object, path: str) -> Iterator[tuple[object, str]]:
    if isinstance(value, Mapping):
        for key, item in _items(value):
            yield item, f"{path}[{_short(key)}]"
            yield key, f"{path}'s key {_short(key)}"
    elif isinstance(value, (list, tuple, deque)):
        for number, item in enumerate(value):
            yield item, f"{path}[{number}]"
    elif isinstance(value, (set, frozenset)):
        yield from ((item, f"{path}'s element") for item in value)
    elif isinstance(value, types.FunctionType):
        yield from _function_children(value, path)
    elif isinstance(value, types.MethodType):
        yield value.__self__, f"{path}.__self__"
    yield from _attributes(value, path)


def _items(value: Mapping[object, object]) -> Iterator[tuple[object, object]]:
    try:
        yield from value.items()
    except Exception:  # noqa: BLE001 (a mapping of the user's may do anything)
        return


def _function_children(function: types.FunctionType, path: str) -> Iterator[tuple[object, str]]:
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield cell.cell_contents, f"{path}'s variable {variable}"
        except ValueError:
            continue
    for default in itertools.chain(function.__defaults__ or (), (function.__kwdefaults__ or {}).values()):
        yield default, f"{path}'s default value"


def _attributes(value: object, path: str) -> Iterator[tuple[object, str]]:
    own = getattr(value, "__dict__", None)
    if isinstance(own, (dict, types.MappingProxyType)):
        yield from ((item, f"{path}.{name}") for name, item in list(own.items()))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                yield object.__getattribute__(value, name), f"{path}.{name}"
            except AttributeError:
                continue
    if type(value).__name__ == "partial":
        yield from ((getattr(value, name, None), f"{path}.{name}") for name in ("func", "args", "keywords"))


def _short(key: object) -> str:
    text = repr(key) if isinstance(key, (str, int, float, bytes, bool, tuple)) else f"<{type(key).__name__}>"
    return text if len(text) <= 40 else f"{text[:37]}…"
