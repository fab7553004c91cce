"""Reads what wandb wrote offline: the file ``run-*.wandb`` of each run, and the folder ``files/`` beside it."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trackside.errors import InvalidInput
from trackside.tracking.importing.draft import Draft
from trackside.tracking.importing.origin import Origin
from trackside.tracking.importing.wandb_log import WandbLog
from trackside.tracking.importing.wandb_media import WandbMedia
from trackside.tracking.importing.wandb_values import merge, parse, parts, put
from trackside.tracking.needed import need

__all__ = ["OfflineRun", "find", "sample_of"]

_FOLDER = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-.+")
_FOLDERS = ("offline-run-*", "run-*")
_OWN = frozenset({"_timestamp", "_runtime", "_step", "_wandb"})
_OWN_FILES = frozenset(
    {"output.log", "requirements.txt", "media", "config.yaml", "wandb-summary.json", "wandb-metadata.json"}
)
_SAMPLES = {"cpu": "cpu_percent", "memory_percent": "memory_percent", "memory": "memory_percent"}
_GPU = re.compile(r"gpu\.(\d+)\.(gpu|memoryAllocatedBytes|temp|powerWatts)")
_GPU_NAMES = {"gpu": "utilization", "memoryAllocatedBytes": "memory_used", "temp": "temperature", "powerWatts": "power"}


def find(path: Path, options: Mapping[str, str]) -> Iterator[OfflineRun]:
    """Yield the runs of this file, of this run's folder, or of all in this ``wandb/`` folder.

    Raises InvalidInput when there is none, or wandb is missing.
    """
    protos = need("wandb.proto.wandb_internal_pb2", "wandb", "Reading wandb's offline files")
    files = [path] if path.is_file() else _files(path)
    if not files:
        raise InvalidInput(f"{path} holds no run of wandb.", hint="Name wandb/, or wandb/offline-run-*/ in it.")
    for file in files:
        yield OfflineRun(file, protos.Record)


def _files(folder: Path) -> list[Path]:
    """The files of runs right here, else one level down, else in ``wandb/``; links such as ``latest-run`` are passed over."""
    here = sorted(folder.glob("run-*.wandb"))
    if here:
        return here
    below = [each for pattern in _FOLDERS for each in folder.glob(pattern) if each.is_dir() and not each.is_symlink()]
    found = [file for each in sorted(below, key=lambda each: each.name) for file in sorted(each.glob("run-*.wandb"))]
    return found or (_files(folder / "wandb") if (folder / "wandb").is_dir() else [])


class OfflineRun:
    """One ``.wandb`` file."""

    def __init__(self, file: Path, record_type: Any) -> None:
        self._log = WandbLog(file)
        self._record_type = record_type
        self._name = file.stem.removeprefix("run-")
        self.origin = self._origin(file)
        self._media = WandbMedia(file.parent / "files")
        self._summary: dict[str, object] = {}
        self._lines: list[str] = []
        self._ended = False
        self._runtime = 0
        self._readers: dict[str, Callable[[Draft, Any], None]] = {
            "run": self._run,
            "config": self._config,
            "history": self._history,
            "summary": self._take_summary,
            "stats": _stats,
            "environment": _environment,
            "output_raw": lambda _draft, output: self._lines.append(output.line),
            "output": lambda _draft, output: self._lines.append(output.line),
            "exit": self._exit,
        }

    def _origin(self, file: Path) -> Origin:
        """The folder's name has the run's time and id before anything is in the file; elsewhere the file has them."""
        named = _FOLDER.fullmatch(file.parent.name)
        if named is not None:
            started = time.mktime(time.strptime(named[1], "%Y%m%d_%H%M%S"))
            return Origin("wandb-offline", file.parent, f"{self._name} {named[1]}", started)
        run = None
        with contextlib.suppress(InvalidInput):  # it is said when the run is read
            run = next((record.run for kind, record in self._records() if kind == "run"), None)
        started = _seconds(run.start_time) if run is not None else file.stat().st_mtime
        return Origin("wandb-offline", file, f"{self._name} {started!r}", started)

    @property
    def modified(self) -> float:
        """When a record was written last."""
        return self._log.path.stat().st_mtime

    def read(self, draft: Draft) -> None:
        """Fill the draft with history, samples, media, saved files, output and what wandb knows of the run."""
        draft.name = self._name
        for kind, record in self._records():
            reader = self._readers.get(kind)
            if reader is not None:
                reader(draft, getattr(record, kind))
        draft.summary = {key: value for key, value in parts(self._summary) if not isinstance(value, dict)}
        if self._ended and draft.started is not None:
            # The run time is in whole seconds, so the last record may seem to lie behind the end.
            draft.finished = max(draft.started + self._runtime, draft.last or 0.0)
        self._files(draft)
        _metadata(draft, self._log.path.parent / "files" / "wandb-metadata.json")
        if self._log.torn:
            draft.unfinished(f"{self._log.path.name} {self._log.torn}: it is still being written, or was cut off.")
        elif not self._ended:
            draft.unfinished("wandb noted no end: the run still goes on, or was killed. What stands there is here.")

    def _records(self) -> Iterator[tuple[str, Any]]:
        for data in self._log:
            try:
                record = self._record_type.FromString(data)
            except Exception:  # noqa: BLE001  the DecodeError of whichever protobuf is installed
                self._log.torn = "holds a record that cannot be read"
                return
            yield record.WhichOneof("record_type") or "", record

    def _run(self, draft: Draft, run: Any) -> None:
        draft.name, draft.started = run.display_name or draft.name, _seconds(run.start_time)
        draft.tags = list(run.tags)
        self._config(draft, run.config)
        known = {name: getattr(run, name) for name in ("project", "entity", "run_group", "job_type", "sweep_id")}
        draft.facts["wandb"] = {"run_id": run.run_id} | {name: value for name, value in known.items() if value}
        if run.notes:
            draft.facts["notes"] = run.notes
        if run.host:
            draft.facts["host"] = run.host
        if run.git.commit:
            draft.git(run.git.commit, run.git.remote_url)

    def _config(self, draft: Draft, config: Any) -> None:
        merge(draft.config, config)
        draft.config.pop("_wandb", None)

    def _history(self, draft: Draft, history: Any) -> None:
        row: dict[str, object] = {}
        for item in history.item:
            put(row, item)
        moment = row.get("_timestamp")
        seconds = float(moment) if isinstance(moment, (int, float)) else self.origin.started
        step = row.get("_step", history.step.num)
        number = step if isinstance(step, (int, float)) else None
        metrics = {}
        for key, value in parts(row):
            if key in _OWN:
                continue
            if isinstance(value, dict):
                self._media.keep(draft, key, value, seconds, number)
            else:
                metrics[key] = value
        if metrics:
            draft.record(metrics, seconds, number)

    def _take_summary(self, _draft: Draft, summary: Any) -> None:
        merge(self._summary, summary)
        for name in _OWN:
            self._summary.pop(name, None)

    def _exit(self, draft: Draft, end: Any) -> None:
        self._ended = True
        self._runtime = end.runtime
        if end.exit_code:
            draft.status = "failed"
            draft.reason = {"code": "exit_code", "message": f"Exit code {end.exit_code}."}

    def _files(self, draft: Draft) -> None:
        """Take the log, the packages and what was saved; media are there by then."""
        folder = self._log.path.parent / "files"
        output, packages = folder / "output.log", folder / "requirements.txt"
        if output.is_file():
            draft.copy(output, draft.folder.log)
        elif self._lines:
            draft.folder.log.write_bytes("".join(self._lines).encode("utf-8", "replace"))
        if packages.is_file():
            draft.copy(packages, draft.folder.requirements)
        for saved in sorted(folder.iterdir()) if folder.is_dir() else []:
            if saved.name not in _OWN_FILES:
                draft.file(saved)


def _seconds(moment: Any) -> float:
    return float(moment.seconds + moment.nanos / 1e9)


def _stats(draft: Draft, stats: Any) -> None:
    values = {item.key: parse(item.value_json) for item in stats.item}
    draft.sample(sample_of(values), _seconds(stats.timestamp))


def sample_of(values: Mapping[str, object]) -> dict[str, object]:
    """Return a sample of wandb's with the names of ``system.jsonl`` where there are such; memory of GPUs in MiB."""
    fields: dict[str, object] = {}
    for name, value in values.items():
        gpu = _GPU.fullmatch(name)
        if gpu is None:
            fields[_SAMPLES.get(name, name)] = value
        else:
            scale = 1 << 20 if gpu[2] == "memoryAllocatedBytes" else 1
            number = value / scale if isinstance(value, (int, float)) else value
            fields[f"gpu_{gpu[1]}_{_GPU_NAMES[gpu[2]]}"] = number
    return fields


def _environment(draft: Draft, environment: Any) -> None:
    """What newer versions note of the machine, and of the true beginning; it comes in parts."""
    if environment.started_at.seconds:
        began = _seconds(environment.started_at)
        draft.started = began if draft.started is None else min(draft.started, began)
    if environment.host:
        draft.facts["host"] = environment.host
    if environment.python:
        draft.facts["python"] = environment.python.removeprefix("CPython ")
    if environment.program:
        draft.facts["argv"] = [environment.program, *environment.args]
    if environment.git.commit:
        draft.git(environment.git.commit, environment.git.remote_url)


def _metadata(draft: Draft, file: Path) -> None:
    """What older versions note of the machine, in a file of its own."""
    try:
        told = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return
    if not isinstance(told, dict):
        return
    for name in ("host", "python"):
        if isinstance(told.get(name), str):
            draft.facts.setdefault(name, told[name])
    if isinstance(told.get("program"), str) and isinstance(told.get("args"), list):
        draft.facts.setdefault("argv", [told["program"], *map(str, told["args"])])
    git = told.get("git")
    if isinstance(git, dict) and isinstance(git.get("commit"), str) and "git" not in draft.facts:
        draft.git(git["commit"], str(git.get("remote") or "") or None)
