"""Reads MLflow's own stores: a folder ``mlruns/``, or the SQLite file of a tracking server."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from trackside.errors import InvalidInput
from trackside.tracking.importing.draft import Draft
from trackside.tracking.importing.origin import Origin
from trackside.tracking.importing.points import Point, records_of
from trackside.tracking.needed import need

__all__ = ["MlflowRun", "find", "parse_parameter"]

_MAGIC = b"SQLite format 3\0"
_PAGE = 1000
_GREATEST = sys.float_info.max
"""What MLflow's SQLite store keeps of an infinity."""
_SYSTEM = "system/"
_SAMPLES = {
    "cpu_utilization_percentage": "cpu_percent",
    "system_memory_usage_percentage": "memory_percent",
}
_ENDS: Mapping[str, tuple[str, dict[str, str] | None]] = {
    "FINISHED": ("completed", None),
    "FAILED": ("failed", {"code": "exception", "message": "MLflow notes that it failed."}),
    "KILLED": ("cancelled", {"code": "cancelled_by_user", "message": "MLflow notes that it was killed."}),
}


def find(path: Path, options: Mapping[str, str]) -> Iterator[MlflowRun]:
    """Yield the runs of a store, oldest first, those in the trash left out.

    A SQLite file is copied first, so that nothing is changed in it and what is being written does not matter. Raises
    InvalidInput when this is no store, or MLflow is missing.
    """
    is_file = path.is_file()
    (_check_database if is_file else _check_folder)(path)
    with tempfile.TemporaryDirectory(prefix="trackside-mlflow-") as aside, _quiet():
        stores = need("mlflow.store.tracking.sqlalchemy_store" if is_file else "mlflow.store.tracking.file_store",
                      "mlflow", "Reading MLflow's store")  # fmt: skip
        try:
            if is_file:
                store = stores.SqlAlchemyStore(f"sqlite:///{_copied(path, Path(aside))}", str(Path(aside, "artifacts")))
            else:
                store = stores.FileStore(str(path), str(path))
            experiments = {each.experiment_id: each.name for each in _pages(store.search_experiments)}
            runs = list(_runs(store, list(experiments)))
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise InvalidInput(
                f"MLflow cannot read {path}: {said}", hint="Is it of another version of MLflow?"
            ) from error
        for run in sorted(runs, key=lambda run: run.info.start_time or 0):
            yield MlflowRun(path, store, run, experiments.get(run.info.experiment_id, ""), finite=is_file)


def _check_folder(path: Path) -> None:
    if not any(path.glob("*/meta.yaml")):
        hint = "It has a folder with a meta.yaml for each experiment."
        inside = [name for name in ("mlruns", "mlflow.db") if (path / name).exists()]
        raise InvalidInput(f"{path} is no store of MLflow.", hint=f"Name {path / inside[0]}." if inside else hint)


def _check_database(path: Path) -> None:
    """A database of others must not reach MLflow, which would make its tables in it."""
    with path.open("rb") as file:
        is_sqlite = file.read(len(_MAGIC)) == _MAGIC
    tables: set[str] = set()
    if is_sqlite:
        with contextlib.closing(_opened(path)) as database, contextlib.suppress(sqlite3.Error):
            tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if not {"experiments", "runs", "metrics"} <= tables:
        raise InvalidInput(f"{path} is no store of MLflow.", hint="Name mlflow.db, or the folder mlruns/.")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def _copied(path: Path, aside: Path) -> Path:
    copy = aside / "mlflow.db"
    with contextlib.closing(_opened(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow from telling of migrations and of itself; nobody asked."""
    before = {name: os.environ.get(name) for name in _SILENCE}
    levels = {name: logging.getLogger(name).level for name in ("mlflow", "alembic")}
    os.environ.update(_SILENCE)
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


_SILENCE = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}


def _runs(store: Any, experiments: list[str]) -> Iterator[Any]:
    entities = need("mlflow.entities", "mlflow", "Reading MLflow's store")

    def page(max_results: int, page_token: str | None) -> Any:
        return store.search_runs(
            experiments, "", entities.ViewType.ACTIVE_ONLY, max_results=max_results, page_token=page_token
        )

    yield from _pages(page)


def _pages(search: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


class MlflowRun:
    """One run in a store; ``finite`` where the store keeps the greatest float for an infinity."""

    def __init__(self, path: Path, store: Any, run: Any, experiment: str, *, finite: bool) -> None:
        self._store, self._run, self._experiment, self._finite = store, run, experiment, finite
        self.origin = Origin("mlflow", path, run.info.run_id, (run.info.start_time or 0) / 1000)

    @property
    def modified(self) -> float:
        """When it ended; MLflow keeps no time of the last change."""
        return (self._run.info.end_time or 0) / 1000

    def read(self, draft: Draft) -> None:
        """Fill the draft with metrics, samples, parameters, tags and artifacts."""
        info, tags = self._run.info, dict(self._run.data.tags)
        draft.name = info.run_name or tags.get("mlflow.runName") or info.run_id
        draft.started = info.start_time / 1000 if info.start_time else None
        draft.finished = info.end_time / 1000 if info.end_time else None
        draft.config = {key: parse_parameter(value) for key, value in self._run.data.params.items()}
        draft.tags = [key if value in ("", "true", "True") else f"{key}={value}" for key, value in _own(tags)]
        draft.facts["mlflow"] = {"run_id": info.run_id, "experiment": self._experiment}
        self._describe(draft, tags)
        keys = sorted(self._run.data.metrics)
        for record in records_of(self._points(key for key in keys if not key.startswith(_SYSTEM))):
            draft.record(*record)
        for record in records_of(self._points(key for key in keys if key.startswith(_SYSTEM))):
            draft.sample({_sampled(key): value for key, value in record.metrics.items()}, record.seconds)
        draft.summary = {
            key: self._float(value) for key, value in self._run.data.metrics.items() if not key.startswith(_SYSTEM)
        }
        self._artifacts(draft, info.artifact_uri)
        self._end(draft, info.status)

    def _points(self, keys: Iterable[str]) -> list[Point]:
        """Return the values of these metrics by time, then by step."""
        points = [
            Point(metric.timestamp / 1000, metric.step, key, self._float(metric.value))
            for key in keys
            for metric in self._store.get_metric_history(self._run.info.run_id, key)
        ]
        return sorted(points, key=lambda point: (point.seconds, point.step))

    def _float(self, value: float) -> float:
        return math.copysign(math.inf, value) if self._finite and abs(value) == _GREATEST else value

    def _describe(self, draft: Draft, tags: Mapping[str, str]) -> None:
        for tag, fact in (("mlflow.note.content", "notes"), ("mlflow.user", "user"), ("mlflow.parentRunId", "parent")):
            if tags.get(tag):
                draft.facts[fact] = tags[tag]
        if tags.get("mlflow.source.name"):
            draft.facts["argv"] = [tags["mlflow.source.name"]]
        if tags.get("mlflow.source.git.commit"):
            remote, branch = tags.get("mlflow.source.git.repoURL"), tags.get("mlflow.source.git.branch")
            draft.git(tags["mlflow.source.git.commit"], remote, branch)

    def _artifacts(self, draft: Draft, uri: str | None) -> None:
        """Copy the artifacts where they are files of this machine; else say where they are."""
        where = urlsplit(uri or "")
        if where.scheme not in ("", "file"):
            draft.note(f"Artifacts were not copied: they are at {uri}.")
            return
        folder = Path(unquote(where.path)) if where.scheme else Path(uri or "")
        if not folder.is_absolute():
            folder = self.origin.path.parent / folder  # as MLflow understands it where it was started
        for source in sorted(folder.iterdir()) if uri and folder.is_dir() else []:
            draft.file(source)

    def _end(self, draft: Draft, status: str) -> None:
        if status in _ENDS:
            draft.status, draft.reason = _ENDS[status]
        else:
            draft.unfinished(f"MLflow has it as {status}: it still goes on, or was killed. What stands there is here.")


def _own(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The tags that people gave; MLflow's own begin with its name."""
    return ((key, value) for key, value in sorted(tags.items()) if not key.startswith("mlflow."))


def _sampled(key: str) -> str:
    name = key.removeprefix(_SYSTEM)
    return _SAMPLES.get(name, name)


def parse_parameter(text: str) -> object:
    """Return the number, bool or None that a parameter spells, all of which MLflow keeps as texts; else the text."""
    words: Mapping[str, object] = {"True": True, "true": True, "False": False, "false": False, "None": None}
    if text in words:
        return words[text]
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        return text
