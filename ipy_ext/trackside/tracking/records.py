"""Reads files of records, ours and those of the package ``whirr``; a torn line costs only itself and is counted."""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trackside.tracking.folder import RunFolder
from trackside.tracking.values import restore_floats

__all__ = [
    "Records",
    "in_order",
    "parse_records",
    "read_meta",
    "read_metrics",
    "read_progress",
    "read_records",
    "read_system",
]

_SPELT = re.compile(rb'"(?:NaN|-?Infinity)"')
_BEGINS = re.compile(rb'\{"_(?:idx|timestamp)"')
_TAIL = 1 << 14


class Records(NamedTuple):
    """What ``read_records`` found: the records, the byte offset to go on from, and the number of torn lines."""

    records: list[dict[str, object]]
    next_offset: int
    torn: int


def read_records(path: str | os.PathLike[str], offset: int = 0, limit: int | None = None) -> Records:
    """Read whole records from a byte offset on, the start of a line; nothing from a file that is missing.

    A last line without its newline is read if it is whole, else left for the next call. At most about ``limit``
    bytes are read. A file that became shorter than ``offset`` is read from its start: then ``next_offset`` is the
    smaller one. Spelt floats (``"NaN"``) are floats again.
    """
    try:
        with Path(path).open("rb") as file:
            if offset > os.fstat(file.fileno()).st_size:
                offset = 0
            file.seek(offset)
            data = file.read() if limit is None else file.read(limit)
            if limit is not None and len(data) == limit and b"\n" not in data:
                data += file.readline()
    except (FileNotFoundError, NotADirectoryError):
        return Records([], offset, 0)
    return parse_records(data, offset)


def parse_records(data: bytes, offset: int = 0) -> Records:
    """Read whole records from the bytes that stand at ``offset`` of a file."""
    whole, newline, rest = data.rpartition(b"\n")
    records, torn = _parse_lines(whole)
    if rest:
        last = _parse(rest)
        if last is not None:
            records.append(last)
            return Records(records, offset + len(data), torn)
    return Records(records, offset + len(whole) + len(newline), torn)


def _parse_lines(data: bytes) -> tuple[list[dict[str, object]], int]:
    records: list[dict[str, object]] = []
    torn = 0
    for line in data.split(b"\n"):
        if not line.strip(b" \t\r"):
            continue
        found = _parse(line)
        if found is not None:
            records.append(found)
            continue
        torn += 1
        records.extend(_salvage(line))
    return records, torn


def _parse(line: bytes) -> dict[str, object] | None:
    try:
        found = _decode(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if _SPELT.search(line):
        return {key: restore_floats(value) for key, value in found.items()}
    return found


def _salvage(line: bytes) -> Iterator[dict[str, object]]:
    """Yield the records that were written behind a torn one, on its line."""
    for begin in _BEGINS.finditer(line):
        found = _parse(line[begin.start() :]) if begin.start() else None
        if found is not None:
            yield found


def _decode(line: bytes) -> object:
    """Decode one line; the fast decoders refuse numbers and half characters that the standard library takes."""
    try:
        return _fast_decode(line)
    except ValueError:
        return json.loads(line)


def _choose_decoder() -> Callable[[bytes], object]:
    """msgspec first: orjson reads an integer of more than 64 bits as a float."""
    for name in ("msgspec.json", "orjson"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        found: Callable[[bytes], object] = module.loads if name == "orjson" else module.Decoder().decode
        return found
    return json.loads


_fast_decode = _choose_decoder()


def read_metrics(path: str | os.PathLike[str]) -> list[dict[str, object]]:
    """Return the records of a ``metrics.jsonl`` as they were written; ``[]`` when it is missing or empty.

    What several hosts wrote beside it (``metrics.<rank>.jsonl``) belongs to it. Torn lines are passed over;
    ``read_records`` counts them.
    """
    file = Path(path)
    if file.name != "metrics.jsonl":
        return read_records(file).records
    return in_order([read_records(each).records for each in RunFolder(file.parent).metrics_files])


def in_order(files: Sequence[list[dict[str, object]]]) -> list[dict[str, object]]:
    """Return the records of several files by their times; those of one file in its own order."""
    records = [record for each in files for record in each]
    if len(files) > 1:
        records.sort(key=_time)
    return records


def _time(record: dict[str, object]) -> str:
    """A text that sorts as the time does: a whole second is written without its fraction."""
    text = str(record.get("_timestamp", ""))
    return text if "." in text else text.replace("Z", ".000000Z")


def read_system(path: str | os.PathLike[str]) -> list[dict[str, object]]:
    """Return the samples of a ``system.jsonl``, with the names of its page also where ``whirr`` wrote its own.

    Percent, °C and watts; GPU memory in MiB, memory of processes in bytes.
    """
    return [_page_names(record) for record in read_records(path).records]


def _page_names(sample: dict[str, object]) -> dict[str, object]:
    """Add ``memory_percent`` and ``gpu_0_*`` to a sample of the package ``whirr``, which has its own names."""
    named = dict(sample)
    used, total = sample.get("memory_used_gb"), sample.get("memory_total_gb")
    if isinstance(used, (int, float)) and isinstance(total, (int, float)) and total:
        named.setdefault("memory_percent", round(100 * used / total, 1))
    if "gpu_util" in sample:
        named.setdefault("gpu_0_utilization", sample["gpu_util"])
    for theirs, ours in (("gpu_mem_used_gb", "gpu_0_memory_used"), ("gpu_mem_total_gb", "gpu_0_memory_total")):
        gigabytes = sample.get(theirs)
        if isinstance(gigabytes, (int, float)):
            named.setdefault(ours, round(gigabytes * 1024))
    return named


def read_progress(run_dir: str | os.PathLike[str]) -> dict[str, object] | None:
    """Return the latest record of progress of a run, None when there is none; only the end of the file is read."""
    path = RunFolder(run_dir).progress
    try:
        start = max(0, path.stat().st_size - _TAIL)
    except OSError:
        return None
    found = read_records(path, start).records
    return found[-1] if found else None


def read_meta(run_dir: str | os.PathLike[str]) -> dict[str, object]:
    """Return ``meta.json`` of a run folder, ``{}`` when there is none.

    The names of the page (``run_id``, ``git_info``, ``duration_seconds``) and of the package (``id``, ``git``) are
    both there, whichever of the two wrote it, and spelt floats of the summary are floats.
    """
    meta = RunFolder(run_dir).read_meta()
    if not meta:
        return {}
    for one, other in (("run_id", "id"), ("git_info", "git")):
        if one not in meta and other in meta:
            meta[one] = meta[other]
        elif other not in meta and one in meta:
            meta[other] = meta[one]
    if meta.get("duration_seconds") is None:
        meta["duration_seconds"] = _duration(meta.get("started_at"), meta.get("finished_at"))
    meta["summary"] = restore_floats(meta.get("summary") or {})
    return meta


def _duration(started: object, finished: object) -> float | None:
    from datetime import datetime

    try:
        return (datetime.fromisoformat(str(finished)) - datetime.fromisoformat(str(started))).total_seconds()
    except (ValueError, TypeError):
        return None
