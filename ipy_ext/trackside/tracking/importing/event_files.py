"""Reads the event files of TensorBoard: each folder that holds some is a run, as TensorBoard itself shows it."""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trackside.errors import InvalidInput
from trackside.tracking.importing.draft import Draft
from trackside.tracking.importing.event_values import Values
from trackside.tracking.importing.origin import Origin
from trackside.tracking.importing.points import Point, records_of
from trackside.tracking.importing.tfrecords import Frames
from trackside.tracking.needed import need

__all__ = ["EventRun", "find"]

_MARK = "tfevents"
_HPARAMS_FOLDER = re.compile(r"\d{9,11}(\.\d+)?")
"""What ``SummaryWriter.add_hparams`` calls the folder that it writes below the run's: the time."""


def find(path: Path, options: Mapping[str, str]) -> Iterator[EventRun]:
    """Yield the runs at or below ``path``, a folder or one event file.

    Raises InvalidInput when there is none, or TensorBoard is missing.
    """
    protos = need("tensorboard.compat.proto.event_pb2", "tensorboard", "Reading TensorBoard's event files")
    folders = _folders(path)
    if not folders:
        raise InvalidInput(f"{path} holds no event file of TensorBoard.", hint="They are called events.out.tfevents.*.")
    for folder, files in sorted(folders.items()):
        name = folder.name if folder == path or path.is_file() else str(folder.relative_to(path))
        started, identity = min(_began(file, protos.Event) for file in files)
        yield EventRun(Origin("tensorboard", folder, identity, started), name, files, protos.Event)


def _folders(top: Path) -> dict[Path, list[Path]]:
    """Return the event files by the folder whose run they are; hyperparameters belong to the run that they are below."""
    found: dict[Path, list[Path]] = {}
    if top.is_file() and _MARK in top.name:
        found[top.parent] = [top]
    for folder, _, names in os.walk(top):
        files = [Path(folder) / name for name in sorted(names) if _MARK in name]
        if files:
            below = Path(folder).parent in found and _HPARAMS_FOLDER.fullmatch(Path(folder).name)
            found.setdefault(Path(folder).parent if below else Path(folder), []).extend(files)
    return found


def _began(file: Path, event_type: Any) -> tuple[float, str]:
    """Return when a file was begun, and what tells it from all others: its name and that time to the microsecond."""
    for event in _events(Frames(file), event_type):
        return float(event.wall_time), f"{file.name} {event.wall_time!r}"
    return file.stat().st_mtime, f"{file} is empty"


def _events(frames: Frames, event_type: Any) -> Iterator[Any]:
    """Yield the events of a file up to one that cannot be read."""
    for frame in frames:
        try:
            event = event_type.FromString(frame)
        except Exception:  # noqa: BLE001  the DecodeError of whichever protobuf is installed
            frames.torn = "holds an event that cannot be read"
            return
        yield event


class EventRun:
    """The event files of one run."""

    def __init__(self, origin: Origin, name: str, files: list[Path], event_type: Any) -> None:
        self.origin = origin
        self._name = name
        self._files = [Frames(file) for file in files]
        self._event_type = event_type

    @property
    def modified(self) -> float:
        """When an event was written last."""
        return max(frames.path.stat().st_mtime for frames in self._files)

    def read(self, draft: Draft) -> None:
        """Fill the draft with scalars, images, texts, histograms, sounds and hyperparameters."""
        draft.name, draft.started = self._name, self.origin.started
        values = Values(draft)
        for record in records_of(self._points(values)):
            draft.record(*record)
        for plugin, count in values.unknown.most_common():
            draft.note(f"{count} values of the plugin {plugin!r} were left out.")
        torn = [f"{frames.path.name} {frames.torn}" for frames in self._files if frames.torn]
        if torn:
            more = f" (and {len(torn) - 1} more)" if len(torn) > 1 else ""
            draft.unfinished(f"{torn[0]}{more}: it is still being written, or was cut off. What stands before is here.")

    def _points(self, values: Values) -> Iterator[Point]:
        """Yield the scalars of all files by time; all else goes to the draft meanwhile."""
        files = [_events(file, self._event_type) for file in self._files]
        for event in heapq.merge(*files, key=lambda event: event.wall_time):
            for value in event.summary.value:
                number = (
                    value.simple_value if value.WhichOneof("value") == "simple_value" else values.take(value, event)
                )
                if number is not None:
                    yield Point(event.wall_time, event.step, value.tag, number)
