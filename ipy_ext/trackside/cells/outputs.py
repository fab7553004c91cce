"""Rich outputs of a job's code, one record each in ``outputs.jsonl``; large ones in files of their own."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from trackside.cells.secrecy import mask
from trackside.tracking.folder import RunFolder
from trackside.tracking.values import spell_floats

__all__ = ["OutputLog", "Record"]

Record = dict[str, object]
LARGE = 256 * 1024
"""Bytes above which the data of one MIME type goes into a file."""
FOLDER = "outputs"
_DEAD = frozenset({"application/vnd.jupyter.widget-view+json"})
_ENDINGS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "text/html": "html",
    "text/markdown": "md",
    "text/latex": "tex",
    "text/plain": "txt",
}


class OutputLog:
    """Appends outputs of one run.

    A record is ``{"_timestamp", "output_type", "data", "metadata"}``, with ``transient`` for a display id, and with
    ``files``, ``{mime: {"path": below artifacts/, "size": bytes}}``, for what is too large to stand in ``data``; an
    error is ``{"_timestamp", "output_type": "error", "ename", "evalue", "traceback"}``. ``tap`` sees each record before
    its large data is taken out.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._number = 0
        self._broken = False
        self.tap: Callable[[Record], None] | None = None

    def display(
        self,
        output_type: str,
        data: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        transient: Mapping[str, object] | None = None,
    ) -> None:
        """Add a ``display_data``, ``execute_result`` or ``update_display_data``; views of widgets are left out."""
        alive = {mime: _as_text(value) for mime, value in data.items() if mime not in _DEAD}
        record: Record = {"output_type": output_type, "data": alive, "metadata": dict(metadata or {})}
        if transient:
            record["transient"] = dict(transient)
        self._add(record)

    def error(self, name: str, value: str, traceback: str) -> None:
        """Add an exception with its traceback as plain text."""
        self._add({"output_type": "error", "ename": name, "evalue": value, "traceback": traceback.splitlines()})

    def clear(self, *, wait: bool) -> None:
        """Add that earlier outputs are to be taken away, with ``wait`` when the next one comes."""
        self._add({"output_type": "clear_output", "wait": wait})

    def _add(self, record: Record) -> None:
        record = {"_timestamp": _now(), **record}
        if self.tap is not None:
            self.tap(record)
        if self._broken:
            return
        try:
            self._append(self._without_large_data(record))
        except OSError as error:  # outputs are a comfort: the work goes on without them
            self._broken = True
            print(f"trackside: outputs are not kept any more: {error}", file=sys.stderr)  # noqa: T201 (the job's log)

    def _append(self, record: Record) -> None:
        line = mask().bytes(_encode(record)) + b"\n"
        descriptor = os.open(self._folder.outputs, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end and os.pread(descriptor, 1, end - 1) != b"\n":
                line = b"\n" + line  # an earlier writer was killed within its line
            while line:
                line = line[os.write(descriptor, line) :]
        finally:
            os.close(descriptor)

    def _without_large_data(self, record: Record) -> Record:
        data = record.get("data")
        if not isinstance(data, dict):
            return record
        large = {mime: value for mime, value in data.items() if _size(value) > LARGE}
        if not large:
            return record
        files = {mime: self._save(mime, value) for mime, value in large.items()}
        return {**record, "data": {mime: value for mime, value in data.items() if mime not in large}, "files": files}

    def _save(self, mime: str, value: object) -> Record:
        folder = self._folder.artifacts / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = mask().bytes(_bytes_of(mime, value))
        while True:
            self._number += 1
            path = folder / f"{self._number:04}.{_ENDINGS.get(mime, 'json')}"
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:  # of an earlier attempt
                continue
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            return {"path": str(Path(FOLDER) / path.name), "size": len(content)}


def _as_text(value: object) -> object:
    """Images come as bytes or as base64 text; records hold text."""
    return base64.b64encode(value).decode("ascii") if isinstance(value, (bytes, bytearray)) else value


def _size(value: object) -> int:
    return len(value) if isinstance(value, str) else 0 if isinstance(value, (int, float)) else len(_encode(value))


def _bytes_of(mime: str, value: object) -> bytes:
    if not isinstance(value, str):
        return _encode(value)
    if mime.startswith(("image/", "application/pdf", "audio/", "video/")) and mime != "image/svg+xml":
        return base64.b64decode(value)
    return value.encode("utf-8", "backslashreplace")


def _encode(value: object) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(spell_floats(value), ensure_ascii=False, allow_nan=False, default=str)
    return text.encode("utf-8", "backslashreplace")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
