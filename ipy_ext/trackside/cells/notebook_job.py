"""Runs a notebook in a job: its code cells one after another, the executed notebook kept among the artifacts."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from trackside.cells.endings import finish
from trackside.cells.inputs import load_carried
from trackside.cells.outputs import OutputLog, Record
from trackside.cells.params import inject, params_of
from trackside.cells.script_job import frozen_copy, put_folder_first
from trackside.cells.secrecy import mask
from trackside.cells.shell import make_shell
from trackside.errors import InvalidInput
from trackside.tracking.atomic import write_bytes
from trackside.tracking.folder import RunFolder

__all__ = ["Transcript", "run_notebook_job"]

_LONGEST_STREAM = 1024 * 1024
_PERIOD = 2.0
_SELDOM = 20
Cell = dict[str, Any]  # as in the notebook's JSON


def run_notebook_job(folder: RunFolder, spec: dict[str, object], module: ModuleType) -> BaseException | None:
    """Run the frozen copy up to the first error; return what ended it.

    A cell tagged ``raises-exception`` may fail. ``artifacts/<name>.ipynb`` is there from the start, and written anew
    after each cell and every few seconds while one shows something.
    """
    original = Path(str(spec["notebook"]))
    notebook = _read_notebook(frozen_copy(folder, original), original.name)
    inject(notebook["cells"], params_of(spec))
    put_folder_first(str(original.parent))
    outputs = OutputLog(folder)
    shell = make_shell(outputs, module)
    shell.capturing = True
    load_carried(folder.inputs, shell.user_ns)
    transcript = Transcript(notebook)
    outputs.tap, shell.unheard = transcript.add, transcript.unheard
    kept = _Kept(folder.artifacts / original.name, transcript)
    transcript.changed = kept.soon
    kept.now()
    error: BaseException | None = None
    for number, cell in enumerate(transcript.cells, 1):
        print(f"[{number}/{len(transcript.cells)}]", flush=True)  # noqa: T201 (the job's log)
        cell["execution_count"] = shell.execution_count
        with transcript.recording(cell):
            error = shell.run(_text(cell["source"]))
        kept.now()
        if isinstance(error, Exception) and "raises-exception" in cell["metadata"].get("tags", ()):
            error = None
        if error is not None:
            break
    finish(folder, spec, shell.user_ns, error, shell.shown)
    return error


class _Kept:
    """The executed notebook's file, which may be opened while it fills."""

    def __init__(self, path: Path, transcript: Transcript) -> None:
        self._path = path
        self._transcript = transcript
        self._next = 0.0

    def soon(self) -> None:
        """Write it, unless that was just done."""
        if time.monotonic() >= self._next:
            with contextlib.suppress(OSError):  # a full disk is no error of the cell that shows something
                self.now()

    def now(self) -> None:
        """Write it."""
        began = time.monotonic()
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        write_bytes(self._path, self._transcript.encode())
        now = time.monotonic()
        self._next = now + max(_PERIOD, (now - began) * _SELDOM)  # a large one takes its time


def _read_notebook(path: Path, name: str) -> Cell:
    try:
        notebook = json.loads(path.read_bytes())
        version = notebook["nbformat"]
        cells = notebook["cells"] if version == 4 else None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{name} is not a notebook: {error!r}.", code="not_a_notebook") from error
    if cells is None:
        raise InvalidInput(
            f"{name} has notebook format {version}; jobs run format 4.", hint="Open and save it in Jupyter once."
        )
    return dict(notebook)


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _nothing() -> None:
    """Nobody wants to know."""


class Transcript:
    """A notebook that fills with the outputs of its cells as they run."""

    def __init__(self, notebook: Cell) -> None:
        self._notebook = notebook
        every = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
        for cell in every:
            cell.update(outputs=[], execution_count=None, metadata=cell.get("metadata") or {})
        self.cells: list[Cell] = [cell for cell in every if _text(cell["source"]).strip()]
        self._current: Cell = {"outputs": []}
        self._clear_first = False
        self._by_display_id: dict[object, list[Cell]] = {}
        self._deaf = False
        self.changed: Callable[[], None] = _nothing
        """Called when an output was added."""

    def encode(self) -> bytes:
        """Return the notebook as its file holds it."""
        text = json.dumps(self._notebook, indent=1, ensure_ascii=False, default=str)
        return mask().bytes(text.encode("utf-8", "backslashreplace")) + b"\n"

    @contextlib.contextmanager
    def recording(self, cell: Cell) -> Iterator[None]:
        """Let what is printed and shown meanwhile be this cell's outputs."""
        self._current = cell
        self._clear_first = False
        with self._listening("stdout"), self._listening("stderr"):
            yield

    @contextlib.contextmanager
    def unheard(self) -> Iterator[None]:
        """Let what is printed meanwhile go to the log only."""
        self._deaf = True
        try:
            yield
        finally:
            self._deaf = False

    def add(self, record: Record) -> None:
        """Take in one rich output."""
        kind = record["output_type"]
        if kind == "clear_output":
            self._clear(wait=bool(record["wait"]))
        elif kind == "error":
            self._append({key: record[key] for key in ("output_type", "ename", "evalue", "traceback")})
        else:
            self._show(str(kind), record)

    def write(self, stream: str, text: str) -> None:
        """Take in printed text; of a stream that never ends only the beginning is kept, the log has it all."""
        if self._deaf or not text:
            return
        outputs = self._current["outputs"]
        last = outputs[-1] if outputs and not self._clear_first else None
        if last is None or last["output_type"] != "stream" or last["name"] != stream:
            last = {"output_type": "stream", "name": stream, "text": ""}
            self._append(last)
        room = _LONGEST_STREAM - len(last["text"])
        if room > 0:
            last["text"] += text if len(text) <= room else f"{text[:room]}\n[more in the job's log]\n"
            self.changed()

    def _show(self, kind: str, record: Record) -> None:
        shown = {"data": record["data"], "metadata": record["metadata"]}
        transient = record.get("transient")
        display_id = transient.get("display_id") if isinstance(transient, dict) else None
        if kind == "update_display_data":
            for earlier in self._by_display_id.get(display_id, ()):
                earlier.update(shown)
            return
        output: Cell = {"output_type": kind, **shown}
        if kind == "execute_result":
            output["execution_count"] = self._current["execution_count"]
        if display_id is not None:
            self._by_display_id.setdefault(display_id, []).append(output)
        self._append(output)

    def _append(self, output: Cell) -> None:
        if self._clear_first:
            self._clear(wait=False)
        self._current["outputs"].append(output)
        if output["output_type"] != "stream":
            self.changed()

    def _clear(self, *, wait: bool) -> None:
        self._clear_first = wait
        if not wait:
            self._current["outputs"].clear()

    @contextlib.contextmanager
    def _listening(self, name: str) -> Iterator[None]:
        """Hear what is written to a standard stream on its way to the log."""
        stream: Any = getattr(sys, name)
        write: Callable[[str], int] = stream.write

        def heard(text: str) -> int:
            self.write(name, text)
            return write(text)

        stream.write = heard
        try:
            yield
        finally:
            del stream.write
