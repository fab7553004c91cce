"""What of a job's log is not shown: the values of its secrets, known in memory alone, or by place once it has ended.

While an attempt runs, the server that started it knows the values; any other learns them from the environment of the
job's own process. At its end the runner writes down where in the log they stand (``attempts/N.masked``), and the
values are forgotten. Where nobody can know them any more, the log of this job is not shown at all.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from trackside.tracking.atomic import write_json
from trackside.tracking.folder import RunFolder
from trackside.tracking.masking import Mask, Range, coarse, covered, joined
from trackside_server.domain.attempt import AttemptRecord
from trackside_server.engine.records import read_bytes
from trackside_server.executors.base import AttemptRef
from trackside_server.executors.look import read_record
from trackside_server.runner.hide import MOST

__all__ = ["Cover", "Masks", "ShownLog", "keep_places"]


class Masks:
    """The masks of attempts that this server started or looked into; they are kept nowhere else."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Mask]] = {}

    def know(self, job_id: str, attempt: int, mask: Mask) -> None:
        """Keep the mask of an attempt for as long as it is not over."""
        self._known.setdefault(job_id, {})[attempt] = mask

    def of(self, ref: AttemptRef, names: Sequence[str]) -> Mask | None:
        """Return the mask of an attempt, learnt from its process where that still runs; None when nobody knows."""
        known = self._known.get(ref.job_id, {}).get(ref.attempt)
        if known is None:
            known = _learn(read_record(ref), names)
            if known is not None:
                self.know(ref.job_id, ref.attempt, known)
        return known

    def all_of(self, job_id: str) -> list[Mask]:
        """Return the masks of all attempts of a job that are known."""
        return list(self._known.get(job_id, {}).values())

    def forget(self, ref: AttemptRef) -> None:
        """Forget the values of an attempt and of those before it; the next one may have begun already."""
        known = self._known.get(ref.job_id, {})
        for attempt in [number for number in known if number <= ref.attempt]:
            del known[attempt]
        if not known:
            self._known.pop(ref.job_id, None)


def _learn(record: AttemptRecord | None, names: Sequence[str]) -> Mask | None:
    """The mask of a running attempt, from the environment that its own process was started with."""
    process = record.process if record is not None else None
    if process is None or not process.is_alive():
        return None
    try:
        variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    values = {}
    for variable in variables:
        name, _, value = variable.partition(b"=")
        values[name.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
    if not process.is_alive() or not all(name in values for name in names):
        return None
    return Mask(values[name] for name in names)


def keep_places(masks: Masks, ref: AttemptRef, names: Sequence[str]) -> None:
    """Do at the end of an attempt what its runner could not, because it was killed; then forget the values."""
    target = ref.folder.masked(ref.attempt)
    mask = masks.of(ref, names)
    if mask is not None and not target.exists() and target.parent.is_dir():
        with contextlib.suppress(OSError):  # on a full disk the log is not shown; the job has ended all the same
            write_json(target, coarse(mask.places_in_file(ref.folder.log), MOST), indent=None)
    masks.forget(ref)


class ShownLog:
    """The log of a run as it is shown; of a run without secrets, as it is."""

    def __init__(self, folder: RunFolder) -> None:
        self.path = folder.log

    def read(self, position: int, limit: int, *, final: bool) -> bytes:
        """Return at most ``limit`` bytes from ``position`` on. ``final``: nothing more will be written."""
        return read_bytes(self.path, position, limit)

    def block(self, position: int, limit: int) -> bytes:
        """Return as many bytes from ``position`` on as the file has, ``limit`` at most."""
        return read_bytes(self.path, position, limit)


class Cover(ShownLog):
    """The log of a job with secrets. A value that is written only in part yet is held back until it is whole."""

    def __init__(self, folder: RunFolder, masks: Masks, job_id: str, names: Sequence[str]) -> None:
        super().__init__(folder)
        self._folder, self._masks, self._job_id, self._names = folder, masks, job_id, names
        self._places: dict[int, list[Range]] = {}
        self._seen: list[Mask] = []

    def read(self, position: int, limit: int, *, final: bool) -> bytes:
        """Return bytes with the secrets covered by stars, as many as there were."""
        shown, begun = self._shown(position, limit)
        return shown if final or not begun else shown[:-begun]

    def block(self, position: int, limit: int) -> bytes:
        """Return as many bytes as there are; a value that is written only in part yet is covered too."""
        shown, begun = self._shown(position, limit)
        return covered(shown, 0, [(len(shown) - begun, len(shown))])

    def _shown(self, position: int, limit: int) -> tuple[bytes, int]:
        """Bytes with the secrets covered, and how many at their end may be the beginning of one."""
        while True:
            before = self._look()
            found = self._read(position, limit) if before[0] else (self._stars(position, limit), 0)
            if self._look() == before:  # no attempt began meanwhile whose values were not looked for
                return found

    def _stars(self, position: int, limit: int) -> bytes:
        data = read_bytes(self.path, position, limit)
        return covered(data, 0, [(0, len(data))])

    def _read(self, position: int, limit: int) -> tuple[bytes, int]:
        reach = max((mask.reach for mask in self._seen), default=0)
        back = min(position, reach)
        wanted = back + limit + reach
        data = read_bytes(self.path, position - back, wanted)
        shown = data[back : back + limit]
        begun = max((mask.begun(data) for mask in self._seen), default=0) if len(data) < wanted else 0
        places = [place for ranges in self._places.values() for place in ranges]
        for mask in self._seen:
            places += [(position - back + first, position - back + last) for first, last in mask.places(data)]
        behind = len(data) - back - len(shown)
        return covered(shown, position, joined(places)), min(max(0, begun - behind), len(shown))

    def _look(self) -> tuple[bool, int, int]:
        """Whether of every attempt that may have written the values are known, or their places; how many there are."""
        self._seen = list(dict.fromkeys([*self._seen, *self._masks.all_of(self._job_id)]))
        known = True
        for number in _attempts(self._folder):
            if number not in self._places and not self._look_at(number):
                known = False
        return known, len(self._seen), len(self._places)

    def _look_at(self, number: int) -> bool:
        try:
            self._places[number] = [(start, end) for start, end in json.loads(self._folder.masked(number).read_bytes())]
        except (OSError, ValueError, TypeError):
            pass
        else:
            return True
        ref = AttemptRef(self._job_id, self._folder.path, number)
        record = read_record(ref)
        if record is None or (record.exit is not None and record.process is None):
            return True
        mask = self._masks.of(ref, self._names)
        if mask is not None and mask not in self._seen:
            self._seen.append(mask)
        return mask is not None


def _attempts(folder: RunFolder) -> Iterator[int]:
    try:
        names = [path.stem for path in folder.attempts.glob("*.json")]
    except OSError:
        names = []
    return (int(name) for name in names if name.isdecimal())
