"""Puts pieces of media where they belong: first the file, whole or not at all, then the record that names it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from trackside.errors import InvalidInput
from trackside.tracking.artifacts import move_new
from trackside.tracking.clock import timestamp
from trackside.tracking.folder import RunFolder
from trackside.tracking.lines import append_record
from trackside.tracking.losses import Losses
from trackside.tracking.media.content import Content
from trackside.tracking.media.naming import file_name

__all__ = ["Shelf"]


class Shelf:
    """The media of one run; it holds nothing, so any thread and any forked child may use it at any time."""

    def __init__(self, folder: RunFolder, losses: Losses) -> None:
        self._folder = folder
        self._losses = losses

    def keep(self, key: str, content: Content, step: float | int | None, caption: str | None = None) -> None:
        """Write the file, then its record; what cannot be written is a loss that is counted.

        A record is ``{"_timestamp", "step", "key", "kind", "path", "format", "size", …facts}``; ``path`` is below
        ``artifacts/``, ``size`` in bytes.
        """
        if content.warning:
            self._losses.say(f"media {content.kind} {key}", content.warning)
        name = file_name(key, step, content.format)
        record = {
            "_timestamp": timestamp(),
            "step": step,
            "key": key,
            "kind": content.kind,
            "path": name,
            "format": content.format,
            "size": len(content.data),
            **({} if caption is None else {"caption": caption}),
            **content.facts,
        }
        path: Path | None = None
        try:
            path = self._place(name, content.data)
            append_record(self._folder.media, record)
        except (OSError, InvalidInput) as error:  # also a folder that became a link to somewhere else
            self._losses.add(error)
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _place(self, name: str, data: bytes) -> Path:
        path = self._folder.resolve(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.tmp")
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            if not move_new(aside, path):
                raise FileExistsError(f"{path} is there already.")
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()
        return path
