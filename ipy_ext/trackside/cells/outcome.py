"""What a job leaves of its code's end: the values of its ``--out`` names, one file each, and the exception."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path

from trackside.cells.buffers import Aside, write_buffers
from trackside.cells.lineage import path_to
from trackside.cells.locals import frames_of
from trackside.cells.secrecy import hidden, mask
from trackside.cells.shortly import short_repr
from trackside.cells.tracebacks import message_of
from trackside.tracking.atomic import write_json

__all__ = ["EXCEPTION", "EXCEPTION_VALUE", "MANIFEST", "clear_outcome", "write_exception", "write_results"]

MANIFEST = "manifest.json"
EXCEPTION = "exception.json"
EXCEPTION_VALUE = "exception.pkl"


def write_results(folder: Path, names: Iterable[str], namespace: Mapping[str, object]) -> list[str]:
    """Write the values of these names into the folder, and return a sentence for each that could not be written."""
    wanted = list(names)
    if not wanted:
        return []
    folder.mkdir(mode=0o700, exist_ok=True)
    manifest = {name: _write_result(folder, name, namespace) for name in wanted}
    write_json(folder / MANIFEST, manifest)
    return [str(entry["error"]) for entry in manifest.values() if "error" in entry]


def _write_result(folder: Path, name: str, namespace: Mapping[str, object]) -> dict[str, object]:
    if name not in namespace:
        return {"error": f"{name!r} does not come back: the job bound no such name."}
    value = namespace[name]
    described: dict[str, object] = {"type": type(value).__qualname__, "repr": short_repr(value, hidden)}
    try:
        return {**described, **_write_value(folder, name, value)}
    except Exception as error:  # noqa: BLE001 (any __reduce__ of the user's may fail; the other names still come)
        return {**described, "error": f"{name!r} does not come back: {hidden(_reason(name, value, error))}."}


def _reason(name: str, value: object, error: Exception) -> str:
    from trackside.cells.pickler import Refused

    if isinstance(error, Refused):
        return f"{path_to(value, error.value, name) or name} is {error.refusal.what}"
    return f"it could not be written ({' '.join(str(error).split()) or type(error).__name__})"


def _write_value(folder: Path, name: str, value: object) -> dict[str, object]:
    """Write ``<name>.pkl`` and, for large data, ``<name>.bin``; each appears whole or not at all."""
    from trackside.cells.pickler import ValuePickler

    buffers: list[pickle.PickleBuffer] = []
    data_file = folder / f"{name}.bin"
    data_file.unlink(missing_ok=True)
    with Aside(folder / f"{name}.pkl") as file:
        ValuePickler(file, buffers.append).write(value)
        size = file.tell()
    if not buffers:
        return {"file": f"{name}.pkl", "size": size}
    with Aside(data_file) as file:
        places = write_buffers(file, buffers)
    size += sum(length for _, length in places)
    return {"file": f"{name}.pkl", "size": size, "data": data_file.name, "buffers": places}


def write_exception(folder: Path, error: BaseException, traceback: str, *, value: bool = False) -> None:
    """Write ``exception.json``, with the variables of its frames; with ``value`` also the exception itself, where it can be pickled."""
    folder.mkdir(mode=0o700, exist_ok=True)
    kind = type(error)
    name = (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )
    told = {"type": name, "message": hidden(message_of(error)), "traceback": hidden(traceback)}
    write_json(folder / EXCEPTION, told)  # before the user's code is asked for texts, which may be the end of the job
    write_json(folder / EXCEPTION, {**told, "frames": [frame._asdict() for frame in frames_of(error)]})
    if value:
        _write_exception_value(folder / EXCEPTION_VALUE, error)


def _write_exception_value(path: Path, error: BaseException) -> None:
    from trackside.cells.pickler import ValuePickler

    try:
        with Aside(path) as file:
            ValuePickler(file, lambda _: None).write(error.with_traceback(None))
        if mask().places(path.read_bytes()):
            path.unlink()
            return
        with path.open("rb") as file:
            pickle.load(file)  # noqa: S301 (just written; some exceptions are written but cannot be read back)
    except Exception:  # noqa: BLE001 (exception.json says what it was)
        path.unlink(missing_ok=True)


def clear_outcome(folder: Path) -> None:
    """Take away what an earlier attempt said about its end."""
    for name in (MANIFEST, EXCEPTION, EXCEPTION_VALUE):
        (folder / name).unlink(missing_ok=True)
