"""Reads run folders of the package ``whirr``, and of other homes of ours: the files are taken as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from trackside.errors import Conflict, InvalidInput
from trackside.tracking.clock import moment
from trackside.tracking.folder import RunFolder
from trackside.tracking.importing.draft import Draft
from trackside.tracking.importing.origin import Origin
from trackside.tracking.records import read_meta, read_records
from trackside.tracking.values import restore_floats

__all__ = ["FolderRun", "find"]

_FINAL = frozenset({"completed", "failed", "cancelled"})
_DESCRIBED = frozenset({
    "run_id", "id", "uuid", "home_id", "format", "name", "status", "reason", "started_at", "finished_at", "tags",
    "duration_seconds", "summary", "process", "config_file", "metrics_file", "artifacts_dir", "system_file",
})  # fmt: skip
"""Fields of ``meta.json`` that are the copy's own."""
_IMPORTED_ID = re.compile(r"import-\d{8}-\d{6}-[a-z0-9]{6}")
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


def find(path: Path, options: Mapping[str, str]) -> Iterator[FolderRun]:
    """Yield the runs of this folder: itself, or those in it, in its ``runs/`` or in its ``.whirr/runs/``.

    Raises InvalidInput when there is none.
    """
    tops = (path, path / "runs", path / ".whirr" / "runs")
    folders = [path] if _is_run(path) else [folder for top in tops for folder in _below(top)]
    if not folders:
        raise InvalidInput(f"{path} holds no run folder.", hint="Each has a meta.json.")
    for folder in folders:
        yield FolderRun(_origin(folder))


def _origin(folder: Path) -> Origin:
    """Return where this run comes from: of one that was imported itself, what was known as its source there."""
    meta = read_meta(folder)
    started = moment(meta.get("started_at"))
    started = (folder / "meta.json").stat().st_mtime if started is None else started
    origin = Origin("whirr", folder, _identity(meta), started)
    fingerprint, run_id = str(_dict(meta.get("imported_from")).get("fingerprint")), str(meta.get("run_id"))
    if _FINGERPRINT.fullmatch(fingerprint) and _IMPORTED_ID.fullmatch(run_id):  # a copy (--again) is a run of its own
        return origin._replace(known_id=run_id, known_fingerprint=fingerprint)
    return origin


def _identity(meta: Mapping[str, object]) -> str:
    return str(meta.get("uuid") or f"{meta.get('run_id')} {meta.get('started_at')}")


def _below(top: Path) -> list[Path]:
    if not top.is_dir():
        return []
    return sorted(folder for folder in top.iterdir() if not folder.name.startswith(".") and _is_run(folder))


def _is_run(folder: Path) -> bool:
    return bool(RunFolder(folder).read_meta())


class FolderRun:
    """One run folder elsewhere."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    @property
    def modified(self) -> float:
        """When a record was written last, or ``meta.json``."""
        there = RunFolder(self.origin.path)
        return max(path.stat().st_mtime for path in (there.meta, *there.metrics_files))

    def read(self, draft: Draft) -> None:
        """Fill the draft with records, samples, media, log, artifacts and all that ``meta.json`` says.

        Raises Conflict for a run that is in the home of the draft already, or that came from there.
        """
        there = RunFolder(self.origin.path)
        meta = read_meta(there)
        self._need_foreign(draft.runs, meta)
        draft.facts = {key: value for key, value in meta.items() if key not in _DESCRIBED}
        draft.name = str(meta.get("name") or there.path.name)
        draft.tags = [str(tag) for tag in _list(meta.get("tags"))]
        draft.summary = _dict(meta.get("summary"))
        draft.config = _dict(restore_floats(_read(there.config)))
        draft.started, draft.finished = moment(meta.get("started_at")), moment(meta.get("finished_at"))
        seconds = meta.get("duration_seconds")
        draft.seconds = float(seconds) if isinstance(seconds, (int, float)) else None
        self._end(draft, meta)
        _records(draft, there)
        ours = draft.folder
        for source, target in (
            (there.system, ours.system),
            (there.media, ours.media),
            (there.log, ours.log),
            (there.requirements, ours.requirements),
        ):
            if source.is_file():
                draft.copy(source, target)
        for source in sorted(there.artifacts.iterdir()) if there.artifacts.is_dir() else []:
            draft.file(source)

    def _need_foreign(self, runs: Path, meta: Mapping[str, object]) -> None:
        """A run may have been copied with its whole home, or imported from the home that it would go back to."""
        came_from = Path(str(_dict(meta.get("imported_from")).get("path"))).name
        for name in dict.fromkeys([self.origin.path.name, str(meta.get("run_id")), came_from]):
            ours = RunFolder(runs / Path(name).name)
            found = _identity(read_meta(ours)) if ours.meta.is_file() else ""
            same = Origin("whirr", ours.path, found, 0).fingerprint == self.origin.fingerprint
            if found and (same or found == _identity(meta)):
                raise Conflict(
                    f"{ours.path.name} is in this home already: {self.origin.path} is the same run.",
                    hint="Name the folder of another home.",
                    code="exists",
                )

    def _end(self, draft: Draft, meta: Mapping[str, object]) -> None:
        if meta.get("status") not in _FINAL:
            draft.unfinished("It had not finished when it was imported, or its process was lost.")
            return
        draft.status = str(meta["status"])
        reason = _dict(meta.get("reason"))
        draft.reason = {key: str(value) for key, value in reason.items()} or None


def _records(draft: Draft, there: RunFolder) -> None:
    torn = 0
    for file in there.metrics_files:
        found = read_records(file)
        torn += found.torn
        for record in found.records:
            seconds = moment(record.pop("_timestamp", None))
            record.pop("_idx", None)
            draft.record(record, draft.started or draft.origin.started if seconds is None else seconds)
    draft.torn_lines(torn)


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
