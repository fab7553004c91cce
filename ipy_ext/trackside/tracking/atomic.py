"""Whole-file writes that a reader sees either not at all or complete: written aside, then renamed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["aside", "encode_json", "write_bytes", "write_json"]

_number = itertools.count()
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def write_bytes(path: str | os.PathLike[str], data: bytes, *, mode: int = 0o600, sync: bool = False) -> None:
    """Put ``data`` in place of the file ``path`` in one step.

    ``mode`` is the exact mode of the new file. With ``sync`` the data and the name survive a loss of power. On any
    error the old file stays as it was and nothing is left beside it.
    """
    with aside(path) as new:
        _write_new(new, data, mode, sync)
    if sync:
        _sync_folder(Path(path).parent)


@contextlib.contextmanager
def aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the name of a new file that takes the place of ``path`` in one step once the block is through.

    On any error the old file stays as it was and nothing is left beside it.
    """
    target = Path(path)
    new = target.with_name(f".{target.name}.{os.getpid()}-{next(_number)}-{os.urandom(4).hex()}.tmp")
    try:
        yield new
        new.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def write_json(
    path: str | os.PathLike[str], value: object, *, mode: int = 0o600, sync: bool = False, indent: int | None = 2
) -> None:
    """Put ``value`` as JSON in place of the file ``path`` in one step; NaN and infinities become strings."""
    write_bytes(path, encode_json(value, indent=indent), mode=mode, sync=sync)


def encode_json(value: object, *, indent: int | None = None) -> bytes:
    """Return ``value`` as one JSON text with a newline, NaN and infinities spelt as strings.

    With ``indent`` each key of the outermost object has a line of its own; what is below it stays on that line, since
    only such text is made by the encoder written in C.
    """
    try:
        text = _dumps(value, indent)
    except ValueError:
        from trackside.tracking.values import spell_floats

        text = _dumps(spell_floats(value), indent)
    # A file name with undecodable bytes holds lone surrogates; backslashreplace spells them as JSON escapes.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _dumps(value: object, indent: int | None) -> str:
    encode = _ENCODER.encode
    if not indent or not isinstance(value, dict) or not value:
        return encode(value)
    lines = (encode({key: item})[1:-1] for key, item in value.items())
    return "{\n" + ",\n".join(" " * indent + line for line in lines) + "\n}"


def _write_new(path: Path, data: bytes, mode: int, sync: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if mode != 0o600:
            os.fchmod(descriptor, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
